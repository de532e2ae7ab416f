"""A call between two phones over a real Asterisk: they hear each other, with a gateway and without."""

import json
import os
import signal
import time

import pytest

from tests.e2e.calls.conftest import gateway_config
from tests.harness.e2e.audio import assert_hears_tone
from tests.harness.e2e.gateway import ACCOUNT, GatewayProcess
from tests.harness.e2e.ports import free_port
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

FIRST, SECOND, EXOPHONE = "09812345678", "09812345611", "08047491899"
HZ, DBM0 = 700, -10.0


@pytest.fixture
def files(asterisk, tmp_path):
    """Give a folder and the configuration of a gateway that keeps its sessions."""
    http_port = free_port()
    config = json.loads(gateway_config(asterisk, http_port=http_port, bot_port=free_port(), trunk="lab"))
    config["sessions"] = "sqlite:///calls.db"
    return tmp_path / "gateway", json.dumps(config), http_port


def connect(gateway):
    """Ask for a call between the two phones."""
    form = {"From": FIRST, "To": SECOND, "CallerId": EXOPHONE}
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


def test_two_phones_hear_each_other_and_end_together(asterisk, sipp, phone, ami, files):
    phone.play_tone(HZ, DBM0)
    sipp.answer(phone, hang_up_after_s=4.0)
    with GatewayProcess(*files) as gateway:
        call_sid = connect(gateway)
        both_hear_each_other(phone)
        assert gateway.call(call_sid)["Status"] == "in-progress"
        ended = gateway.wait_for_end(call_sid)
        assert ended["Status"] == "completed"
        assert details(gateway, call_sid)["Details"]["Leg2Status"] == "completed"
    ami.wait_until_idle()


def test_phones_talk_on_while_their_gateway_is_killed_and_the_next_one_accounts_for_them(
    asterisk, sipp, phone, ami, files
):
    phone.play_tone(HZ, DBM0)
    sipp.answer(phone)
    killed = GatewayProcess(*files)
    killed.__enter__()
    call_sid = connect(killed)
    both_hear_each_other(phone)
    time.sleep(0.3)  # the notes of the answers reach the disk
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed_at = time.monotonic()
    with GatewayProcess(*files) as gateway:
        eventually(lambda: gateway.call(call_sid)["Status"] == "in-progress")
        both_hear_each_other(phone)
        assert all(phone.longest_silence_s(line, killed_at) < 0.2 for line in phone.lines)
        operator = asterisk.login("operator")
        with operator:
            channel = next(each for each in ami.channels() if each["Uniqueid"] == call_sid)
            operator.ask("Hangup", Channel=channel["Channel"], Cause=16)
        ended = gateway.wait_for_end(call_sid)
        assert ended["Status"] == "completed"
        assert details(gateway, call_sid)["Details"]["Leg2Status"] == "completed"
    ami.wait_until_idle()
