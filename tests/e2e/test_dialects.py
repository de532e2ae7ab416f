"""How a call looks to its carrier, as the settings of the trunk say, at a real Asterisk."""

import pytest
from attrs import evolve

from exoswitch.ami.originate import originate
from exoswitch.config.model import CallsConfig
from exoswitch.trunks.ims import AirtelSettings, TataSettings
from exoswitch.trunks.registry import build
from exoswitch.trunks.sip import SipSettings
from tests.harness.carrier.behaviours import refuses
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.message import user_of
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.asterisk_server import AsteriskServer, lab_config
from tests.harness.e2e.ports import free_port

pytestmark = pytest.mark.e2e

CUSTOMER, EXOPHONE = "+919812345610", "+914024001350"
NAMES = ("airtel", "tata", "sbc", "pilot", "plain")


@pytest.fixture(scope="module")
def carrier():
    with Carrier() as running:
        for number, name in enumerate(NAMES, 2):
            trunk = CarrierTrunk(name, f"127.0.0.{number}", free_port(), running.records)
            trunk.behaviour = refuses(486, "Busy Here")
            running.add(trunk)
        yield running


@pytest.fixture(scope="module")
def trunks(carrier):
    peers = {trunk.name: {"host": trunk.host, "port": trunk.port} for trunk in carrier.trunks.values()}
    proxies = {trunk.name: f"{trunk.host}:{trunk.port}" for trunk in carrier.trunks.values()}
    settings = (
        AirtelSettings(
            name="airtel", provider="airtel", proxy=proxies["airtel"], domain="ka.ims.airtel.in", username=EXOPHONE
        ),
        TataSettings(
            name="tata",
            provider="tata",
            proxy=proxies["tata"],
            register=False,
            identity_host="10.1.1.1",
            headers={"X-Trunk-Group": "a1", "X-Plan": "obd 500"},
            timers=False,
            prack=False,
        ),
        SipSettings(
            name="sbc",
            provider="sip",
            **peers["sbc"],
            number="national",
            prefix="5677777",
            caller_id="national-0",
            identity="rpid",
            domain="acme1m.pstn.exotel.com",
            codecs=("ulaw", "alaw"),
        ),
        SipSettings(
            name="pilot", provider="sip", **peers["pilot"], identity="pai", domain="ims.example", from_user="pilot1"
        ),
        SipSettings(name="plain", provider="sip", **peers["plain"], numbers=("+918047491899",)),
    )
    return tuple(evolve(each, options=None) for each in settings)


@pytest.fixture(scope="module")
def server(asterisk, trunks, tmp_path_factory):
    config = evolve(lab_config(10, CallsConfig()), trunks=trunks)
    with AsteriskServer(asterisk.root, tmp_path_factory.mktemp("dialects"), config) as running:
        yield running


@pytest.fixture(scope="module")
def invites(server, carrier, trunks):
    """Place one call on each trunk; give the INVITE that its carrier gets."""
    with server.login() as ami:
        for trunk in map(build, trunks):
            dialling = trunk.dial(CUSTOMER, EXOPHONE)
            action = originate(
                channel_id=f"call-{trunk.name}",
                channel=dialling.channel,
                caller_id=dialling.caller_id,
                ring_s=5.0,
                dial_string="UnicastRTP/127.0.0.1:20000/c(ulaw)",
                node="gw1",
                variables=dialling.variables,
            )
            headers = {}
            for name, value in action.headers:
                headers.setdefault(name, []).append(value)
            del headers["Action"], headers["ActionID"]
            ami.ask("Originate", **{name: f"\r\n{name}: ".join(values) for name, values in headers.items()})
        carrier.wait_until(lambda: all(trunk.calls for trunk in carrier.trunks.values()), "not every call came")
    return {name: trunk.calls[0].invite for name, trunk in carrier.trunks.items()}


def test_airtel_gets_p_preferred_identity_and_user_phone(invites):
    invite = invites["airtel"]
    assert invite["P-Preferred-Identity"] == f"<sip:{EXOPHONE}@ka.ims.airtel.in;user=phone>"
    assert invite.get("P-Asserted-Identity") is None
    assert invite.uri == f"sip:{CUSTOMER}@ka.ims.airtel.in;user=phone"
    assert invite["From"].startswith(f"<sip:{EXOPHONE}@ka.ims.airtel.in;user=phone>")
    assert user_of(invite["Contact"]) == EXOPHONE


def test_tata_gets_another_host_of_the_identity_and_extra_headers(invites):
    invite = invites["tata"]
    assert invite["P-Preferred-Identity"] == f"<sip:{EXOPHONE}@10.1.1.1>"
    assert (invite["X-Trunk-Group"], invite["X-Plan"]) == ("a1", "obd 500")
    assert invite.get("Session-Expires") is None
    assert "100rel" not in (invite.get("Supported") or "")


def test_sbc_gets_a_prefix_national_numbers_and_its_order_of_codecs(invites):
    invite = invites["sbc"]
    assert user_of(invite.uri) == "56777779812345610"
    assert invite["Remote-Party-ID"].startswith("<sip:04024001350@acme1m.pstn.exotel.com>;party=calling")
    assert invite["From"].startswith("<sip:04024001350@acme1m.pstn.exotel.com>")
    assert b" RTP/AVP 0 8 101\r\n" in invite.body


def test_fixed_user_of_from_leaves_the_number_to_the_identity(invites):
    invite = invites["pilot"]
    assert invite["From"].startswith("<sip:pilot1@ims.example>")
    assert invite["P-Asserted-Identity"] == f"<sip:{EXOPHONE}@ims.example>"
    assert user_of(invite["Contact"]) == "pilot1"


def test_plain_trunk_shows_its_own_number(invites):
    invite = invites["plain"]
    assert user_of(invite["From"]) == user_of(invite["Contact"]) == "+918047491899"
    assert b" RTP/AVP 8 0 101\r\n" in invite.body
    assert b"\r\ns=-\r\n" in invite.body
    assert not [
        name for name in ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID") if invite.get(name)
    ]
