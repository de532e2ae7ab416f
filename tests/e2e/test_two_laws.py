"""A caller whose codec Asterisk translates: he hears who comes next, a second phone or another gateway.

The RTP of who comes next begins at a random sequence number, so there are several calls.
"""

import json
import os
import signal
import time
from array import array

import pytest
from attrs import evolve

from tests.e2e.calls.conftest import gateway_config
from tests.e2e.test_two_phones import EXOPHONE, FIRST
from tests.harness.e2e.asterisk_server import OPERATOR, AsteriskServer
from tests.harness.e2e.audio import tone, ulaw_decoded
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.gateway import ACCOUNT, GatewayProcess
from tests.harness.e2e.network import Network
from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.fleet.fleet import eventually
from tests.harness.recordings import power

pytestmark = pytest.mark.e2e

SECOND = "09812345610"
CALLS = 5
HZ, DBM0, LOUD = 1300, -10.0, 1000.0
# The last digit of a number is the payload type of its phone: FIRST has 8, A-law; SECOND has 0, mu-law.
IN_ITS_LAW = (
    (
        '<log message="INVITED',
        '<ereg regexp="sip:[^@]*([08])@" search_in="hdr" header="To:" assign_to="whole,law"/><log message="INVITED',
    ),
    ("RTP/AVP 0 101", "RTP/AVP [$law] 101"),
    ("      a=rtpmap:0 PCMU/8000\n", ""),
)


@pytest.fixture(scope="module")
def asterisk_of_both(asterisk, tmp_path_factory):
    """An Asterisk of its own, whose trunks have both laws."""
    pbx = evolve(
        asterisk.pbx,
        ami=f"tcp:127.0.0.1:{free_port()}",
        sip=f"127.0.0.1:{free_port()}",
        rtp_ports=free_ports(4 * asterisk.pbx.capacity),
    )
    trunks = [evolve(trunk, codecs=("alaw", "ulaw"), port=free_port()) for trunk in asterisk.config.trunks]
    config = evolve(asterisk.config, asterisks=(pbx,), trunks=tuple(trunks))
    with AsteriskServer(asterisk.root, tmp_path_factory.mktemp("both-laws"), config) as server:
        yield server


@pytest.fixture
def sipp(sipp, asterisk_of_both):
    """The network behind that Asterisk."""
    with asterisk_of_both.login() as ami:
        yield Network(asterisk_of_both, ami, sipp.folder, sipp.stack)


@pytest.fixture
def files(asterisk_of_both, tmp_path):
    http_port = free_port()
    config = json.loads(gateway_config(asterisk_of_both, http_port=http_port, bot_port=free_port(), trunk="lab"))
    config["sessions"] = "sqlite:///calls.db"
    return tmp_path / "gateway", json.dumps(config), http_port


def connect(gateway, **more):
    form = {"From": FIRST, "CallerId": EXOPHONE, **more}
    status, body = gateway.request(f"/v1/Accounts/{ACCOUNT}/Calls/connect.json", form)
    assert status == 200, body
    return body["Call"]["Sid"]


def deaf(phone, lines):
    """Listen for half a second; give the lines without the tone. A-law that is read as mu-law has it, too."""
    began = time.monotonic()
    time.sleep(0.5)
    return [line for line in lines if not has_tone(phone.came_on(line, since=began))]


def has_tone(packets):
    samples = array("h", ulaw_decoded(b"".join(packet.payload for packet in packets)))
    return len(samples) > 1600 and power(samples, HZ, 0.0, 0.2) > LOUD


def test_first_phone_hears_the_second_one_that_speaks_another_codec(asterisk_of_both, sipp, phone, files):
    network = sipp.answer(phone, ring_s=0.3, in_place_of=IN_ITS_LAW)
    phone.play_tone(HZ, DBM0)
    with GatewayProcess(*files) as gateway, asterisk_of_both.login(OPERATOR) as operator:
        calls = [connect(gateway, To=SECOND) for _ in range(CALLS)]
        network.wait_for("ANSWERED", count=2 * CALLS)
        invited = [each.details for each in network.happenings if each.name == "INVITED"]
        firsts = [(each["host"], int(each["port"])) for each in invited if each["number"].endswith("8")]
        eventually(lambda: deaf(phone, firsts) == [])
        for call in calls:
            operator.ask("Hangup", Channel=call, Cause=16)
        assert {gateway.wait_for_end(call)["Status"] for call in calls} == {"completed"}


def test_caller_hears_the_gateway_that_takes_his_call_over(asterisk_of_both, sipp, phone, files):
    network = sipp.answer(phone, in_place_of=IN_ITS_LAW)
    with Bot(says=tone(HZ, DBM0, 1.0)) as bot:
        killed = GatewayProcess(*files)
        killed.__enter__()
        for _ in range(CALLS):
            connect(killed, StreamUrl=bot.url, StreamType="bidirectional")
        network.wait_for("ANSWERED", count=CALLS)
        eventually(lambda: deaf(phone, phone.lines) == [])
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        with GatewayProcess(*files):
            bot.wait_for_stream(count=2 * CALLS)
            eventually(lambda: deaf(phone, phone.lines) == [])
            for stream in bot.streams[CALLS:]:
                stream.close()
            network.wait_for("ENDED", count=CALLS)
    with asterisk_of_both.login() as ami:
        ami.wait_until_idle()
