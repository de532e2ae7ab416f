"""Passwords of trunks reach the carrier as the operator wrote them, whatever pjsip.conf makes of their signs."""

import pytest
from attrs import evolve

from exoswitch.config.model import CallsConfig
from exoswitch.trunks.bsnl import BsnlSettings
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.digest import Digest
from tests.harness.carrier.registrar import Registrar
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.asterisk_server import AsteriskServer, lab_config
from tests.harness.e2e.ports import free_port

pytestmark = pytest.mark.e2e

PASSWORDS = (
    *(
        "plain",
        "a;b",
        "a\\;b",
        ";--x",
        ">x",
        '"x"',
        "'x'",
        "a=b,c",
        "${X}",
        "[x]",
        "#include <x>",
        "a\\",
        "ünï",
        "a  b",
    ),
    *("{SHA}x", "%41&+"),
)
LOGIN, HOST = "private@ims.example", "127.0.0.2"


@pytest.fixture
def carrier():
    with Carrier() as running:
        for number, password in enumerate(PASSWORDS):
            registrar = Registrar(digest=Digest(user=LOGIN, password=password, realm="another realm"))
            running.add(CarrierTrunk(f"bsnl{number}", HOST, free_port(), running.records, registrar=registrar))
        yield running


def test_every_password_is_the_one_that_was_written(asterisk, carrier, tmp_path):
    trunks = tuple(
        BsnlSettings(
            name=trunk.name,
            provider="bsnl",
            proxy=f"{HOST}:{trunk.port}",
            domain="ap.siptrunk.ims.bsnl.in",
            username="+914024001355",
            auth_username=LOGIN,
            password=password,
        )
        for trunk, password in zip(carrier.trunks.values(), PASSWORDS, strict=True)
    )
    with AsteriskServer(asterisk.root, tmp_path, evolve(lab_config(10, CallsConfig()), trunks=trunks)):
        for trunk, password in zip(carrier.trunks.values(), PASSWORDS, strict=True):
            carrier.wait_until(lambda trunk=trunk: trunk.registrar.is_registered, f"not registered: {password!r}")
