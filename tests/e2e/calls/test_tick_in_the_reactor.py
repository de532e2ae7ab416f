"""A call through a gateway whose media plane works in the reactor, where the compiled one has a thread by default."""

import pytest

from tests.e2e.calls.conftest import gateway_config
from tests.harness.e2e.audio import frequency_hz, level_dbm0, tone
from tests.harness.e2e.gateway import GatewayProcess
from tests.harness.e2e.ports import free_port
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

BOT_HZ, PHONE_HZ, DBM0 = 1100, 700, -10.0


@pytest.fixture(scope="module")
def gateway(asterisk, inbound_bot_port, tmp_path_factory):
    http_port = free_port()
    config = gateway_config(asterisk, http_port=http_port, bot_port=inbound_bot_port, trunk="lab", tick="reactor")
    with GatewayProcess(tmp_path_factory.mktemp("gateway"), config, http_port) as process:
        yield process


def test_audio_flows_both_ways_and_marks_and_clears_are_answered(talking, gateway, phone):
    assert "in a thread of its own" not in gateway.log()
    call_sid, call, stream = talking
    phone.play_tone(PHONE_HZ, DBM0)
    stream.say(tone(BOT_HZ, DBM0, 1.0))
    stream.mark("said")
    assert stream.wait_for("mark").body["mark"]["name"] == "said"
    assert frequency_hz(phone.heard()[-8000:]) == pytest.approx(BOT_HZ, rel=0.02)
    assert frequency_hz(stream.listen(0.5)) == pytest.approx(PHONE_HZ, rel=0.02)
    stream.say(tone(BOT_HZ, DBM0, 20.0))
    stream.mark("never reached")
    eventually(lambda: level_dbm0(phone.heard()[-3200:]) > -20, lambda: "the phone hears nothing")
    stream.clear()
    assert stream.wait_for("mark", count=2).body["mark"]["name"] == "never reached"
    eventually(lambda: level_dbm0(phone.heard()[-3200:]) < -40, lambda: "the phone still hears the bot")
    stream.close()
    assert call.wait_for("ENDED").details["by"] == "them"
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"
