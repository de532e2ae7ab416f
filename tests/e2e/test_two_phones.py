"""A call between two phones over a real Asterisk: they hear each other, with a gateway and without.

Their call is recorded, and a bot listens to it: the first phone has a low tone then, and the second one a high tone.
"""

import json
import os
import signal
import time
from array import array
from itertools import pairwise

import pytest

from tests.e2e.calls.conftest import gateway_config
from tests.harness.e2e.audio import assert_hears_tone, silence, sounding_s, tone
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.gateway import ACCOUNT, GatewayProcess, stored_statuses
from tests.harness.e2e.network import WHEN_TOLD
from tests.harness.e2e.ports import free_port
from tests.harness.fleet.fleet import eventually
from tests.harness.recordings import decoded, power

pytestmark = pytest.mark.e2e

FIRST, SECOND, EXOPHONE = "09812345678", "09812345611", "08047491899"
HZ, DBM0 = 700, -10.0
LOW_HZ, HIGH_HZ, BOT_HZ = 500, 1300, 1900
LOUD, QUIET = 1000.0, 100.0  # of a sample; a tone of -10 dBm0 has 7,200
BEFORE_BEEP_S, BEEP_S = 0.5, 0.5
IN_TIME_S, ON_A_BUSY_MACHINE_S = 0.1, 0.4
CONNECTED_WITHIN_S = 0.2
BOTH = {"StreamBegin": "at Leg1Connect", "Record": "true", "RecordingChannels": "dual", "RecordingFormat": "wav"}


@pytest.fixture(autouse=True)
def no_call_left(ami):
    """Fail a test that leaves a call at Asterisk, and hang it up."""
    yield
    ami.wait_until_idle()


@pytest.fixture
def files(asterisk, tmp_path):
    """Give a folder and the configuration of a gateway that keeps its sessions."""
    http_port = free_port()
    config = json.loads(gateway_config(asterisk, http_port=http_port, bot_port=free_port(), trunk="lab"))
    config["sessions"] = "sqlite:///calls.db"
    return tmp_path / "gateway", json.dumps(config), http_port


def connect(gateway, **more):
    """Ask for a call between the two phones."""
    form = {"From": FIRST, "To": SECOND, "CallerId": EXOPHONE, **more}
    status, body = gateway.request(f"/v1/Accounts/{ACCOUNT}/Calls/connect.json", form)
    assert status == 200, body
    return body["Call"]["Sid"]


def both_hear_each_other(phone):
    eventually(lambda: len(phone.lines) == 2)
    for line in phone.lines:
        assert_hears_tone(lambda seconds, line=line: phone.listen(seconds, line=line), HZ, DBM0)


def details(gateway, call_sid):
    _, body = gateway.request(f"/v1/Accounts/{ACCOUNT}/Calls/{call_sid}.json?details=true")
    return body["Call"]


def test_two_phones_hear_each_other_and_end_together(sipp, phone, files):
    phone.play_tone(HZ, DBM0)
    network = sipp.answer(phone, hang_up_after_s=WHEN_TOLD)
    with GatewayProcess(*files) as gateway:
        call_sid = connect(gateway)
        both_hear_each_other(phone)
        assert gateway.call(call_sid)["Status"] == "in-progress"
        network.hang_up()
        ended = gateway.wait_for_end(call_sid)
        assert ended["Status"] == "completed"
        assert details(gateway, call_sid)["Details"]["Leg2Status"] == "completed"


def test_phones_talk_on_while_their_gateway_is_killed_and_the_next_one_accounts_for_them(
    asterisk, sipp, phone, ami, files
):
    phone.play_tone(HZ, DBM0)
    sipp.answer(phone)
    killed = GatewayProcess(*files)
    killed.__enter__()
    call_sid = connect(killed)
    both_hear_each_other(phone)
    eventually(lambda: stored_statuses(killed.folder) == ["in-progress"] * 2)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed_at = time.monotonic()
    with GatewayProcess(*files) as gateway:
        eventually(lambda: gateway.call(call_sid)["Status"] == "in-progress")
        without_gateway_s = time.monotonic() - killed_at
        both_hear_each_other(phone)
        assert all(phone.longest_silence_s(line, killed_at) < without_gateway_s / 2 for line in phone.lines)
        operator = asterisk.login("operator")
        with operator:
            channel = next(each for each in ami.channels() if each["Uniqueid"] == call_sid)
            operator.ask("Hangup", Channel=channel["Channel"], Cause=16)
        ended = gateway.wait_for_end(call_sid)
        assert ended["Status"] == "completed"
        assert details(gateway, call_sid)["Details"]["Leg2Status"] == "completed"


# --- Others who hear the phones: a recording, and a bot -----------------------------------------------------------


def beep_together(phone, first, second):
    """Let both phones of a call beep at the same moments, with a tone each."""
    for line, hz in ((first, LOW_HZ), (second, HIGH_HZ)):
        phone.play_on(line, silence(BEFORE_BEEP_S) + tone(hz, DBM0, BEEP_S))


def beeps(samples):
    """Give the seconds at which sound begins in a channel, after silence."""
    spans = [(-1.0, -1.0), *sounding_s(samples.tobytes())]
    return [begin for (_, before), (begin, _) in pairwise(spans) if begin - before > BEFORE_BEEP_S / 2]


def recording_of(gateway, call_sid):
    """Wait for the recording of a call that is over; give its channels as the account downloads them."""
    url = gateway.wait_for_end(call_sid)["RecordingUrl"]
    eventually(lambda: gateway.download(url)[0] == 200)
    data = gateway.download(url)[1]
    (file,) = gateway.folder.rglob(f"{call_sid}.*")
    assert file.read_bytes() == data
    assert gateway.download(url, credentials="")[0] == 401
    return decoded(data)


def test_recording_has_both_phones_in_time_each_on_a_channel_of_its_own_or_both_on_one(sipp, phone, files):
    network = sipp.answer(phone, hang_up_after_s=4.0)
    with GatewayProcess(*files) as gateway:
        dual = connect(gateway, Record="true", RecordingChannels="dual", RecordingFormat="wav")
        answered_at = network.wait_for("ANSWERED").at
        network.wait_for("ANSWERED", count=2)
        first, second = phone.lines
        beeping_at = time.monotonic()
        beep_together(phone, first, second)
        single = connect(gateway, Record="true")
        network.wait_for("ANSWERED", count=4)
        beep_together(phone, *phone.lines[2:])

        left, right = recording_of(gateway, dual)
        begins = list(zip(beeps(left), beeps(right), strict=False))  # a last beep may be cut off
        assert len(begins) >= 2
        assert begins[0][0] == pytest.approx(beeping_at + BEFORE_BEEP_S - answered_at, abs=ON_A_BUSY_MACHINE_S)
        assert max(abs(on_left - on_right) for on_left, on_right in begins) < IN_TIME_S
        for begin, _ in begins[:-1]:
            heard = [power(side, hz, begin, begin + BEEP_S) for side in (left, right) for hz in (LOW_HZ, HIGH_HZ)]
            assert min(heard[0], heard[3]) > LOUD
            assert max(heard[1], heard[2]) < QUIET

        (both,) = recording_of(gateway, single)
        begin = beeps(both)[0] + IN_TIME_S
        assert min(power(both, hz, begin, begin + BEEP_S / 2) for hz in (LOW_HZ, HIGH_HZ)) > LOUD


@pytest.mark.parametrize(
    ("ring_s", "asked"),
    [(0.0, {"StreamBegin": "at Leg1Connect"}), (0.0, {"StreamBegin": "at Leg2Connect"}), (1.0, BOTH)],
    ids=["leg1", "leg2", "leg1-recorded"],
)
def test_bot_listens_to_both_phones_which_hear_only_each_other(sipp, phone, files, ring_s, asked):
    network = sipp.answer(phone, ring_s=ring_s, hang_up_after_s=3.0 + ring_s)
    with Bot(says=tone(BOT_HZ, DBM0, 1.0)) as bot, GatewayProcess(*files) as gateway:
        call_sid = connect(gateway, StreamUrl=bot.url, StreamType="unidirectional", **asked)
        for count, hz in ((1, LOW_HZ), (2, HIGH_HZ)):
            network.wait_for("INVITED", count=count)
            phone.play_on(phone.lines[count - 1], tone(hz, DBM0, 1.0))
        connected_at = network.wait_for("ANSWERED", count=2).at
        stream = bot.stream_of(call_sid)
        ended = gateway.wait_for_end(call_sid)
        assert ended["Status"] == "completed"
        assert stream.wait_for("stop").body["stop"]["reason"] == "callended"

        for line, hz in zip(phone.lines, (HIGH_HZ, LOW_HZ), strict=True):
            voices = [packet.at for packet in phone.came_on(line) if packet.is_voice]
            assert voices[0] - connected_at < CONNECTED_WITHIN_S + phone.stalled_s(connected_at - 1.0)
            came = array("h", phone.heard(line=line, since=connected_at + ON_A_BUSY_MACHINE_S))
            assert power(came, hz, 0.0, 1.0) > LOUD
            assert power(came, BOT_HZ, 0.0, len(came) / 8000) < QUIET
        heard_by_bot = array("h", stream.heard(since=connected_at + ON_A_BUSY_MACHINE_S))
        assert_has_both(heard_by_bot)
        if ring_s:
            alone = array("h", stream.heard())
            assert power(alone, LOW_HZ, ON_A_BUSY_MACHINE_S, ring_s) > LOUD
            assert power(alone, HIGH_HZ, 0.0, ring_s - IN_TIME_S) < QUIET
            left, right = recording_of(gateway, call_sid)
            assert power(left, LOW_HZ, ring_s, ring_s + 2.0) > LOUD
            assert power(right, HIGH_HZ, ring_s + ON_A_BUSY_MACHINE_S, ring_s + 2.0) > LOUD


def assert_has_both(samples):
    """Check that both phones are heard in each half second, but for the last one."""
    halves = len(samples) // 4000 - 1
    assert halves >= 2
    for half in range(halves):
        assert min(power(samples, hz, half / 2, half / 2 + 0.5) for hz in (LOW_HZ, HIGH_HZ)) > LOUD
