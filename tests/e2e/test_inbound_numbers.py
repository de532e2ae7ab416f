"""Calls from a carrier to a trunk that registers, at a real Asterisk: who may call, and which number was dialled."""

import random
import re
import socket

import pytest
from attrs import evolve

from exoswitch.config.model import CallsConfig
from exoswitch.telephony.numbers import normalise
from exoswitch.trunks.bsnl import BsnlSettings
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.asterisk_server import AsteriskServer, lab_config
from tests.harness.e2e.ports import free_port
from tests.harness.e2e.raw_invite import SDP

pytestmark = pytest.mark.e2e

PILOT = "+914024001355"
DIALLED = "+914024001350"
ELSEWHERE = "127.0.0.9"  # is a source of no trunk
ANSWER_S = 5.0


@pytest.fixture(scope="module")
def carrier():
    with Carrier() as running:
        for name, host in (("bsnl1", "127.0.0.2"), ("bsnl2", "127.0.0.3")):
            running.add(CarrierTrunk(name, host, free_port(), running.records))
        yield running


@pytest.fixture(scope="module")
def server(asterisk, carrier, tmp_path_factory):
    trunks = [
        BsnlSettings(
            name=trunk.name,
            provider="bsnl",
            proxy=f"{trunk.host}:{trunk.port}",
            domain="ap.siptrunk.ims.bsnl.in",
            username=PILOT,
            numbers=(DIALLED, PILOT),
            inbound_number="to" if trunk.name == "bsnl2" else "p-called-party-id",
        )
        for trunk in carrier.trunks.values()
    ]
    config = evolve(lab_config(30, CallsConfig()), trunks=tuple(trunks))
    with AsteriskServer(asterisk.root, tmp_path_factory.mktemp("inbound"), config) as running:
        for trunk in carrier.trunks.values():
            carrier.wait_until(lambda trunk=trunk: trunk.registrar.is_registered, "it does not register")
        yield running


@pytest.fixture
def ami(server):
    with server.login() as session:
        yield session


def invite(server, host, uri, *headers, to=PILOT):
    """Send an INVITE from an address; give the first final answer, or 100."""
    call_id = f"{random.getrandbits(64):x}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((host, 0))
        udp.settimeout(ANSWER_S)
        contact = "{}:{}".format(*udp.getsockname())
        lines = [
            f"INVITE {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {contact};branch=z9hG4bK{call_id};rport",
            f"From: <sip:+919812345610@ims.example>;tag={call_id}",
            f"To: <sip:{to}@ap.siptrunk.ims.bsnl.in>",
            f"Call-ID: {call_id}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:x@{contact}>",
            "Content-Type: application/sdp",
            *headers,
            f"Content-Length: {len(SDP)}",
        ]
        udp.sendto("\r\n".join([*lines, "", ""]).encode() + SDP, ("127.0.0.1", server.sip_port))
        return int(udp.recv(65535).split()[1])


def number_of(ami, server, host, user, *headers, **more):
    """Call a user of this Asterisk; give the number that gateways hear of."""
    assert invite(server, host, f"sip:{user}@127.0.0.1:{server.sip_port}", *headers, **more) == 100
    event = ami.wait_for("AsyncAGIStart")
    ami.ask("Hangup", Channel=event["Channel"])
    ami.events.clear()
    return event["Exten"]


@pytest.mark.parametrize(
    "user",
    [
        DIALLED,
        DIALLED.removeprefix("+"),
        "04024001350",
        "4024001350",
        f"{DIALLED};npdi=yes",
        "04024001350;phone-context=+91",
        f"{DIALLED};npdi;rn=+919999900000",
    ],
)
def test_number_is_understood_as_every_carrier_writes_it(ami, server, user):
    assert normalise(number_of(ami, server, "127.0.0.2", user)) == DIALLED


@pytest.mark.parametrize(
    "header",
    [
        f"P-Called-Party-ID: <sip:{DIALLED}@ims.bsnl.in;user=phone>",
        f'P-Called-Party-ID: "0123" <sip:{DIALLED};npdi=yes@ims.bsnl.in>',
        f"P-Called-Party-ID: <tel:{DIALLED};phone-context=+91>",
        f"P-Called-Party-ID: <sip:{DIALLED}@[2001:db8::1]:5060>",
    ],
)
def test_call_to_the_registered_number_is_for_the_number_in_its_header(ami, server, header):
    assert number_of(ami, server, "127.0.0.2", PILOT, header) == DIALLED


@pytest.mark.parametrize(
    "header", ["X-Other: 1", "P-Called-Party-ID: <sip:nobody@ims.bsnl.in>", "P-Called-Party-ID: )(,"]
)
def test_call_to_the_registered_number_without_another_number_is_for_itself(ami, server, header):
    assert number_of(ami, server, "127.0.0.2", PILOT, header, to=DIALLED) == PILOT


def test_trunk_may_have_the_number_in_to(ami, server):
    assert number_of(ami, server, "127.0.0.3", PILOT, to=DIALLED) == DIALLED


def test_header_does_not_replace_another_number_of_the_request(ami, server):
    header = "P-Called-Party-ID: <sip:+914024001399@ims.bsnl.in>"
    assert number_of(ami, server, "127.0.0.2", DIALLED, header) == DIALLED


def test_call_by_the_line_of_the_registration_is_the_trunks_wherever_it_comes_from(ami, server, carrier):
    (contact,) = carrier.trunks["bsnl1"].registrar.bindings
    line = re.search(r";line=[^;>]+", contact)[0]
    assert invite(server, ELSEWHERE, f"sip:{DIALLED}@127.0.0.1:{server.sip_port}{line}") == 100
    event = ami.wait_for("AsyncAGIStart")
    assert (event["Exten"], event["Channel"].rpartition("-")[0]) == (DIALLED, "PJSIP/bsnl1")
    ami.ask("Hangup", Channel=event["Channel"])


@pytest.mark.parametrize("end", ["", ";line=abcdefg"])
def test_call_from_elsewhere_is_refused(ami, server, end):
    ami.wait_until_idle()
    assert invite(server, ELSEWHERE, f"sip:{DIALLED}@127.0.0.1:{server.sip_port}{end}") == 401
    assert not ami.channels()
    assert ami.wait_for("InvalidAccountID")["RemoteAddress"].startswith(f"IPV4/UDP/{ELSEWHERE}/")
