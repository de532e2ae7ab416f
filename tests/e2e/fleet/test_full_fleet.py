"""Every gateway is full: the caller hears it from Asterisk, and the call costs nothing."""

import pytest

from tests.e2e.conftest import FULL_TONE_S
from tests.harness.e2e.audio import assert_is_congestion_tone
from tests.harness.e2e.pair import EXOPHONE
from tests.harness.e2e.phone import Phone
from tests.harness.e2e.talks import GLITCH_S
from tests.harness.fleet.fleet import eventually
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.e2e, needs_redis(), pytest.mark.usefixtures("nothing_left")]


@pytest.fixture(scope="module")
def settings():
    return {"gateway": {"capacity": 1}}


def test_caller_for_whom_there_is_no_place_hears_a_tone_and_is_refused(pair, talks, sipp, bot):
    theirs = [talks.ring(), talks.dial(pair.first)]
    assert pair.holders() == {"gw1": 1, "gw2": 1}
    with Phone() as phone:
        refused = sipp.call(EXOPHONE, phone, caller="+919812349999").wait_for("REFUSED")
        heard = phone.heard()
        rang_s = refused.at - phone.packets[0].at
        stalled_s = phone.stalled_s(0.0)
    assert refused.details == {"status": "503"}
    assert_is_congestion_tone(heard, FULL_TONE_S)
    assert rang_s > FULL_TONE_S - GLITCH_S - stalled_s
    assert len(bot.streams) == 2
    eventually(lambda: pair.records.by_status() == {"in-progress": 2, "failed": 1}, pair.records.by_status)
    for talk in theirs:
        talk.streams()[-1].close()
