"""Trunks of every provider in one folder, at a real Asterisk: it takes every option, and says nothing about it."""

import pytest
from attrs import evolve

from exoswitch.config.model import CallsConfig
from exoswitch.trunks.registry import build
from tests.harness.e2e.asterisk_server import AsteriskServer, complaints, lab_config
from tests.harness.providers import YAML, settings_of

pytestmark = pytest.mark.e2e

# At start Asterisk looks up the names that calls come from.
NAMES = ("pstn.in4.exotel.com",)


@pytest.fixture(scope="module")
def trunks(tmp_path_factory):
    return settings_of(tmp_path_factory.mktemp("trunks"), *YAML.values())


@pytest.fixture(scope="module")
def server(asterisk, trunks, tmp_path_factory):
    config = evolve(lab_config(10, CallsConfig()), trunks=trunks)
    config = evolve(config, asterisks=(evolve(config.asterisks[0], public_address="198.51.100.7"),))
    with AsteriskServer(asterisk.root, tmp_path_factory.mktemp("providers"), config, NAMES) as running:
        yield running


def test_asterisk_takes_every_option_of_every_provider(server):
    assert complaints(server.start_log) == []


def test_asterisk_has_every_trunk_as_it_is_written(server, trunks):
    with server.login() as ami:
        endpoints = {event["ObjectName"] for event in ami.ask_list("PJSIPShowEndpoints", "EndpointListComplete")}
        registrations = {
            event["ObjectName"]
            for event in ami.ask_list("PJSIPShowRegistrationsOutbound", "OutboundRegistrationDetailComplete")
        }
    assert endpoints == {trunk.name for trunk in trunks}
    assert registrations == {trunk.name for trunk in trunks if build(trunk).registers}
