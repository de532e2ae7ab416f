"""Calls on a real Asterisk whose gateway is killed, paused or stopped: another gateway continues them."""

import time
from collections import Counter

import pytest

from tests.harness.e2e.network import WHEN_TOLD
from tests.harness.e2e.talks import assert_undisturbed, silences_s, wait_until_heard_again
from tests.harness.fleet.fleet import eventually
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.e2e, needs_redis(), pytest.mark.usefixtures("nothing_left")]

KILLED_SILENCE_S = 2.5
HANDED_OVER_SILENCE_S = 1.0
PAUSE_S = 4.0
GRACE_S = 60


def make_six(pair, talks, **wishes):
    """Make three calls each way, of which each gateway gets some of both; give the calls of each.

    All are stored: of a gateway that is killed, its neighbour knows only the stored calls.
    """
    pair.wait_until_settled()
    for is_outbound in (True, False, False, True, True, False):
        talks.dial(pair.first, **wishes) if is_outbound else talks.ring(**wishes)
    holder_of = {place.call_sid: place.holder for place in pair.counts.places()}
    theirs = [[talk for talk in talks.calls if holder_of[talk.call_sid] == name] for name in ("gw1", "gw2")]
    assert [[talk.is_outbound for talk in calls] for calls in theirs] == [[True, False, True], [False, True, False]]
    call_sids = {talk.call_sid for talk in talks.calls}
    eventually(lambda: pair.records.of_status("in-progress") >= call_sids, pair.records.by_status)
    return theirs


def close_all(talks):
    for talk in talks.calls:
        talk.streams()[-1].close()


def assert_all_completed(pair, talks):
    eventually(lambda: not pair.records.live(), pair.records.live)
    assert Counter(pair.records.status(talk.call_sid) for talk in talks.calls) == {"completed": len(talks.calls)}


def test_arriving_call_is_taken_once(pair, talks, bot):
    talks.ring()
    talks.ring().assert_is_clean()
    assert pair.holders() == {"gw1": 1, "gw2": 1}
    assert len(bot.streams) == 2
    close_all(talks)
    assert_all_completed(pair, talks)


def test_calls_of_a_killed_gateway_go_on_at_its_neighbour(pair, talks):
    moving, staying = make_six(pair, talks, hang_up_after_s=WHEN_TOLD)
    killed_at = time.monotonic()
    pair.first.kill()
    wait_until_heard_again(moving, killed_at)
    moving[0].assert_is_clean()
    moving[1].assert_bot_hears_phone()
    assert silences_s(moving, killed_at)[-1] < max(KILLED_SILENCE_S, 2 * talks.slowest_s)
    assert_undisturbed(staying, killed_at)
    assert pair.holders() == {"gw2": 6}
    talks.hang_up()
    assert_all_completed(pair, talks)
    assert [len(talk.streams()) for talk in (*moving, *staying)] == [2] * 3 + [1] * 3
    pair.start(pair.first)


def test_gateway_that_was_only_paused_disturbs_nobody_when_it_wakes(pair, talks):
    moving, staying = make_six(pair, talks)
    paused_at = time.monotonic()
    pair.first.pause()
    wait_until_heard_again(moving, paused_at)
    time.sleep(max(0.0, paused_at + PAUSE_S - time.monotonic()))
    woken_at = time.monotonic()
    pair.first.resume()
    for talk in moving:
        assert talk.streams()[0].wait_until_closed() >= woken_at
        assert all(message.event != "stop" for message in talk.streams()[0].messages)
    moving[0].assert_is_clean()
    assert_undisturbed(moving + staying, woken_at)
    assert pair.holders() == {"gw2": 6}
    close_all(talks)
    assert_all_completed(pair, talks)


def test_gateway_that_stops_hands_its_calls_over(pair, talks):
    moving, staying = make_six(pair, talks)
    asked_at = time.monotonic()
    pair.first.ask_to_stop()
    wait_until_heard_again(moving, asked_at)
    assert pair.first.wait_for_end() == 0
    moving[0].assert_is_clean()
    assert silences_s(moving, asked_at)[-1] < max(HANDED_OVER_SILENCE_S, 2 * talks.slowest_s)
    assert_undisturbed(staying, asked_at)
    close_all(talks)
    assert_all_completed(pair, talks)
    pair.start(pair.first)


def test_arriving_call_whose_gateway_does_nothing_is_taken_by_the_other_one(pair, talks):
    pair.first.pause()
    talk = talks.ring()  # Asterisk would have ended it soon.
    assert pair.holders() == {"gw2": 1}
    woken_at = time.monotonic()
    pair.first.resume()
    time.sleep(1.0)
    talk.assert_is_clean()
    assert_undisturbed([talk], woken_at)
    assert len(talk.streams()) == 1
    close_all(talks)
    assert_all_completed(pair, talks)


def test_calls_that_nobody_takes_have_a_limit_at_asterisk_until_their_gateways_come_back(pair, talks, ami, asterisk):
    longest_s = asterisk.config.calls.max_duration_s
    talks.dial(pair.first)
    talks.ring()
    pair.first.kill()
    pair.second.kill()
    phones = [channel["Channel"] for channel in ami.channels() if channel["Channel"].startswith("PJSIP/")]
    limits_s = [float(ami.ask("Getvar", Channel=each, Variable="TIMEOUT(absolute)")["Value"]) for each in phones]
    assert len(limits_s) == 2
    assert all(longest_s < limit_s <= longest_s + GRACE_S for limit_s in limits_s)
    started_at = time.monotonic()
    pair.start(pair.first, pair.second)
    wait_until_heard_again(talks.calls, started_at)
    close_all(talks)
    assert_all_completed(pair, talks)
