"""Asterisk and the gateway on two servers, with nothing but the rendered firewall, routes and link between them.

The servers are network namespaces: the one of Asterisk reaches the carrier and not the internet, the other one the
internet and not the carrier. The link is WireGuard; its cable is pulled for 5 s during a call.
"""

import json
import time

import pytest

from exoswitch.cli import main
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.rig import loaded
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.asterisk_root import asterisk_root
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.audio import assert_hears_tone, level_dbm0
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.gateway import ACCOUNT, API_KEY, API_TOKEN, GatewayProcess
from tests.harness.e2e.phone import Phone
from tests.harness.e2e.two_servers import BOTS, GATEWAY, MEDIA, PBX, PBX_IN_VPN, SBC, STRANGER, TwoServers
from tests.harness.fleet.fleet import eventually
from tests.harness.fleet.town import CannotBuild
from tests.harness.unlimited import UNLIMITED

pytestmark = pytest.mark.e2e

NUMBER = "+919810000001"
TONE_HZ = 700
CUT_S = 5.0
SILENCE_DBM0 = -45.0
BACK_WITHIN_S = 15.0
PASSES_WITHIN_S = 5.0
AMI, SIP, HTTP = 5038, 5060, 8080
OTHER = 9100  # any port with a listener that the rules do not name

CONFIG = {
    "node": "gw1",
    "gateway": {"capacity": 20, "stop_wait_s": 1},
    "rtp": {"bind": GATEWAY, "advertise": GATEWAY, "ports": "20000-20099", "quarantine_s": 1},
    "http": f"tcp:{HTTP}:interface=127.0.0.1",
    "sessions": "memory",
    "asterisks": [
        {
            "name": "pbx1",
            "ami": f"tcp:{PBX}:{AMI}",
            "username": "exoswitch",
            "secret": "a-secret-of-two-servers",
            "host": PBX,
            "capacity": 20,
            "sip": f"0.0.0.0:{SIP}",
            "rtp_ports": "10000-10099",
        }
    ],
    "trunks": [
        {"name": "bsnl1", "provider": "sip", "host": SBC, "port": SIP, "codecs": ["ulaw"], "media": ["10.60.2.0/24"]}
    ],
    "private_networks": [f"{BOTS}/32"],
    "accounts": {ACCOUNT: {"api_key": API_KEY, "api_token": API_TOKEN, **UNLIMITED}},
    "apps": {"1001": {"account": ACCOUNT, "url": f"ws://{BOTS}:9000/ws"}},
    "numbers": {"+918047491899": {"account": ACCOUNT, "app": "1001"}},
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("two-servers") / "gateway.yaml"
    path.write_text(json.dumps(CONFIG))
    return path


@pytest.fixture(scope="module")
def servers(file):
    """The networks, with the rendered firewall, routes and link."""
    rendered = file.parent / "pbx1"
    assert main(["render-asterisk", str(file), "--out", str(rendered)]) == 0
    system = rendered / "system"
    try:
        with TwoServers(file.parent) as built:
            built.link(system)
            built.load("asterisk", system / "asterisk" / "exoswitch-asterisk.nft")
            built.load("gateway", system / "gateway" / "exoswitch-gateway.nft")
            routed = built.run("asterisk", "sh", str(system / "asterisk" / "carrier-routes"))
            assert (routed.returncode, routed.stderr) == (0, "")
            yield built
    except CannotBuild as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="module")
def phone(servers):
    with servers.started("carrier", lambda: Phone(host=MEDIA)) as the_phone:
        yield the_phone


@pytest.fixture(scope="module")
def carrier(servers, phone):
    with servers.started("carrier", Carrier) as started:
        trunk = started.add(CarrierTrunk("bsnl1", SBC, SIP, started.records))
        trunk.media_host, trunk.phone = MEDIA, phone
        yield started
        assert started.errors == []


@pytest.fixture(scope="module")
def asterisk(servers, carrier, file):
    server = AsteriskServer(asterisk_root(), file.parent / "asterisk", loaded(file))
    with servers.started("asterisk", lambda: server) as running:
        yield running


@pytest.fixture(scope="module")
def bot(servers):
    with servers.started("internet", lambda: Bot(host=BOTS, port=9000, echoes=True)) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(servers, asterisk, bot, file):
    process = GatewayProcess(file.parent / "gateway", file.read_text(), HTTP)
    with servers.started("gateway", lambda: process) as running:
        yield running


@pytest.fixture
def call(servers, gateway, bot, phone):
    """A call from the bot's dialer to a phone of the carrier, which is up."""
    phone.disconnect()
    phone.play_tone(TONE_HZ)
    streams = len(bot.streams)
    with servers.inside("gateway"):
        sid = gateway.place(NUMBER, bot.url)
    return sid, bot.wait_for_stream(count=streams + 1)


def assert_audio_goes_both_ways(phone, stream):
    """The bot hears the phone's tone and sends it back; the phone hears it."""
    assert_hears_tone(stream.listen, TONE_HZ, -10.0, tolerance_db=1.0)
    assert_hears_tone(phone.listen, TONE_HZ, -10.0, tolerance_db=1.0)


def voices_since(phone, moment):
    return [packet for packet in phone.came_on(None, since=moment) if packet.is_voice]


def test_each_server_has_a_route_to_its_own_side_only(servers):
    assert servers.run("asterisk", "ip", "route", "get", BOTS).returncode != 0
    assert servers.run("asterisk", "ip", "route", "show", "default").stdout == ""
    assert " dev net " in servers.run("gateway", "ip", "route", "get", SBC).stdout
    assert "via 10.60.0.1 dev vpn" in servers.run("asterisk", "ip", "route", "get", MEDIA).stdout


def test_call_with_audio_both_ways_survives_five_seconds_without_the_link(servers, gateway, phone, call):
    sid, stream = call
    assert all(servers.handshakes)
    assert_audio_goes_both_ways(phone, stream)
    with servers.cut():
        time.sleep(CUT_S)
        heard = stream.heard(since=time.monotonic() - CUT_S / 2)
        assert not heard or level_dbm0(heard) < SILENCE_DBM0
    back_at = time.monotonic()
    eventually(lambda: voices_since(phone, back_at), lambda: "no audio since the link is back", BACK_WITHIN_S)
    assert_audio_goes_both_ways(phone, stream)
    with servers.inside("gateway"):
        assert gateway.call(sid)["Status"] == "in-progress"
        stream.close()
        assert gateway.wait_for_end(sid)["Status"] == "completed"


def test_what_the_rules_do_not_name_is_refused(servers, gateway, asterisk):
    assert servers.connects("gateway", (PBX, AMI), wait_s=PASSES_WITHIN_S)
    assert not servers.connects("carrier", (PBX_IN_VPN, AMI), source=SBC)
    assert not servers.connects("carrier", (PBX_IN_VPN, SIP), source=SBC)  # its trunk is UDP
    refused = [
        (("gateway", GATEWAY), "asterisk", (PBX, OTHER)),
        (("asterisk", PBX), "gateway", (GATEWAY, OTHER)),
        (("carrier", SBC), "asterisk", (PBX_IN_VPN, OTHER)),
        (("carrier", SBC), "asterisk", (PBX_IN_VPN, 10098)),
        (("carrier", STRANGER), "asterisk", (PBX_IN_VPN, 10098)),
        (("internet", BOTS), "gateway", ("203.0.113.1", 20098)),
    ]
    assert [probe for probe in refused if servers.passes(*probe)] == []
    with servers.without_rules():
        assert [probe for probe in refused if not servers.passes(*probe, wait_s=PASSES_WITHIN_S)] == []
    allowed = [
        (("carrier", MEDIA), "asterisk", (PBX_IN_VPN, 10098)),
        (("gateway", GATEWAY), "asterisk", (PBX, 10098)),
        (("asterisk", PBX), "gateway", (GATEWAY, 20098)),
    ]
    assert [probe for probe in allowed if not servers.passes(*probe, wait_s=PASSES_WITHIN_S)] == []


def test_default_route_into_the_vpn_of_a_carrier_is_a_problem(servers, file):
    script = str(file.parent / "pbx1" / "system" / "asterisk" / "carrier-routes")
    servers.ip("asterisk", "route", "add", "default", "via", "10.60.0.1")
    try:
        told = servers.run("asterisk", "sh", script)
    finally:
        servers.ip("asterisk", "route", "delete", "default")
    assert told.returncode == 1
    assert "bsnl1: the default route leads to the carrier: run ip route del default dev vpn" in told.stderr
