"""A gateway dies, comes back, or stops: its calls go on elsewhere, or there again, each on one gateway at a time."""

from unittest.mock import patch

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, fail

from exoswitch.call import events as ev
from exoswitch.call.session import BotTarget, CallStatus
from exoswitch.call.status_callback import StatusCallback
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import BackendUnavailable, CallTaken, ChannelGone, NoCapacity, TrunkRefused
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.sessions.memory import MemorySessions
from tests.harness.gateways import (
    BOT,
    ELSEWHERE,
    LEG,
    OURS,
    PERSON,
    REQUEST,
    Gateways,
    SharedWorld,
    result,
)
from tests.harness.recorders import RecordedSwitch

LONG_ENOUGH_S = 1.5


@pytest.fixture
def fleet():
    return Gateways()


def two_with_a_call_on_the_first(fleet):
    first = fleet.add("gw1")
    sid = fleet.talk("gw1")
    return first, fleet.add("gw2"), sid


def test_answered_call_of_a_dead_gateway_is_led_to_its_neighbour_and_its_bot_connected_again(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.asked == [("take_over", sid, *LEG, True)]
    (connection,) = second.bots.connections
    assert (connection.told.call_sid, connection.told.is_resumed) == (sid, True)
    connection.listener.stream_opened()
    assert connection.asked == [("start",)]
    assert fleet.leases() == {sid: "gw2"}
    assert (fleet.session(sid).gateway, fleet.session(sid).status) == ("gw2", CallStatus.IN_PROGRESS)


def test_resumed_call_has_the_rest_of_its_time_and_then_ends(fleet):
    first, second, sid = two_with_a_call_on_the_first(fleet)
    del first
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    second.bots.connections[-1].listener.stream_opened()
    fleet.advance(600.0 - LONG_ENOUGH_S)
    assert second.asked("hang_up") == [("hang_up", sid, 16)]
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    ended = fleet.session(sid)
    assert (ended.status, ended.ending.reason) == (CallStatus.COMPLETED, "the call reached its limit of 600 s")
    assert (ended.trunk, ended.charge.billed_s, ended.charge.amount) == ("lab", 600, 2)
    assert fleet.leases() == {}


@pytest.mark.parametrize(("option", "is_new"), [("new", True), ("same", False)])
def test_stream_of_a_resumed_call_has_a_new_sid_or_the_same(fleet, option, is_new):
    fleet.add("gw1")
    bot = BotTarget(url=BOT.url, options=StreamOptions(resumed_sid=option))
    sid = fleet.place("gw1", evolve(REQUEST, bot=bot))
    fleet.happens(ev.ChannelAnswered(sid))
    before = fleet.session(sid).stream_sid
    second = fleet.add("gw2")
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    told = second.bots.connections[-1].told
    assert (told.stream_sid != before) is is_new
    assert told.stream_sid == fleet.session(sid).stream_sid


def test_call_that_is_to_end_with_its_gateway_is_hung_up_and_not_taken_over_first(fleet):
    fleet.add("gw1")
    bot = BotTarget(url=BOT.url, options=StreamOptions(on_gateway_loss="hang-up"))
    sid = fleet.place("gw1", evolve(REQUEST, bot=bot))
    fleet.happens(ev.ChannelAnswered(sid))
    second = fleet.add("gw2")
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.media.legs == second.bots.connections == []
    assert second.switch.asked == [("hang_up_lost", sid, 16)]
    ended = fleet.session(sid)
    assert ended.ending.reason == "its gateway was lost: its bot is configured so that the call ends then"
    assert second.metrics.count("calls_total", status="completed") == 1
    assert fleet.leases() == {}


def test_call_that_rings_at_a_dead_gateway_is_adopted_and_connected_when_it_is_answered(fleet):
    fleet.add("gw1")
    sid = fleet.place("gw1")
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid))
    second = fleet.add("gw2")
    second.switch.is_led = False
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.asked == [("take_over", sid, *LEG, False)]
    assert second.bots.connections == []
    fleet.happens(ev.ChannelAnswered(sid))
    (connection,) = second.bots.connections
    assert not connection.told.is_resumed


def test_call_that_was_answered_while_its_gateway_was_dying_is_connected(fleet):
    fleet.add("gw1")
    sid = fleet.place("gw1")
    fleet.happens(ev.ChannelRinging(sid))
    fleet.kill("gw1")
    second = fleet.add("gw2")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.asked == [("take_over", sid, *LEG, False)]
    assert len(second.bots.connections) == 1


def test_call_whose_caller_hung_up_meanwhile_is_over(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    second.switch.answer = ChannelGone("No such channel")
    fleet.advance(LONG_ENOUGH_S)
    assert fleet.session(sid).status is CallStatus.COMPLETED
    assert fleet.leases() == {}


def test_refused_take_over_is_recorded_as_a_refusal_and_the_caller_is_hung_up(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    second.switch.answer = TrunkRefused("Asterisk pbx1 refused Setvar: Permission denied")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.verbs() == ["take_over", "hang_up_lost"]
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    ended = fleet.session(sid)
    assert ended.status is CallStatus.FAILED
    assert ended.ending.reason == "Asterisk refused the call: Asterisk pbx1 refused Setvar: Permission denied"
    assert fleet.leases() == {}


def test_refused_adoption_of_a_ringing_call_hangs_the_phone_up(fleet):
    fleet.add("gw1")
    sid = fleet.place("gw1")
    fleet.happens(ev.ChannelRinging(sid))
    second = fleet.add("gw2")
    second.switch.answer = TrunkRefused("Asterisk pbx1 refused Setvar: Permission denied")
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.verbs() == ["take_over", "hang_up_lost"]
    assert fleet.session(sid).status is CallStatus.FAILED


def test_call_is_led_here_as_soon_as_its_asterisk_can_be_reached_again(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    second.switch.answer = BackendUnavailable("not ready")
    fleet.advance(LONG_ENOUGH_S)
    second.bots.connections[-1].listener.stream_opened()
    second.switch.answer = None
    fleet.advance(1.0)
    assert second.asked("hang_up") == []
    assert second.switch.asked[-1] == ("take_over", sid, *LEG, True)
    asked = len(second.switch.asked)
    fleet.advance(5.0)
    assert len(second.switch.asked) == asked


def test_paused_gateway_lets_go_of_calls_that_others_have_taken(fleet):
    first, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    second.bots.connections[-1].listener.stream_opened()
    fleet.wake("gw1")
    first.happens(ev.MediaAnnounced(sid, "10.0.1.5", 15002, ELSEWHERE))
    assert first.engine.live == 0
    assert first.asked("hang_up") == []
    assert first.bots.connections[-1].asked[-1] == ("close", None)
    fleet.advance(LONG_ENOUGH_S)
    assert fleet.leases() == {sid: "gw2"}
    assert fleet.session(sid).gateway == "gw2"


def test_paused_gateway_learns_from_the_list_of_channels_too(fleet):
    first, _, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    fleet.wake("gw1")
    first.happens(ev.SwitchLost("it stood still"), ev.SwitchReady(frozenset([sid]), {sid: ELSEWHERE}))
    assert first.engine.live == 0
    assert first.asked("hang_up") == []


def test_paused_gateway_asks_whose_its_calls_are_before_it_acts_on_events(fleet):
    first = fleet.add("gw1")
    sid = fleet.place("gw1")
    fleet.happens(ev.ChannelRinging(sid))
    second = fleet.add("gw2")
    second.switch.is_led = False
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    fleet.happens(ev.ChannelAnswered(sid), ev.ChannelHungUp(sid, 16, ""))
    fleet.wake("gw1", ev.ChannelAnswered(sid), ev.ChannelHungUp(sid, 16, ""))
    assert first.engine.live == 0
    assert first.bots.connections == []
    assert fleet.session(sid).gateway == "gw2"


def test_late_notes_of_a_gateway_that_lost_a_call_are_ignored(fleet):
    first, _, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    first.happens(ev.ChannelHungUp(sid, 16, ""))
    assert (fleet.session(sid).gateway, fleet.session(sid).ending) == ("gw2", None)


def test_channel_of_another_gateway_is_let_go(fleet):
    first, _, sid = two_with_a_call_on_the_first(fleet)
    first.bots.connections[-1].listener.stream_closed(1006, "gone")
    assert first.asked("hang_up") == [("hang_up", sid, 16)]
    first.happens(ev.ChannelTaken(sid))
    assert first.engine.live == 0
    assert fleet.session(sid).ending is None


def test_calls_of_a_dead_gateway_are_spread_over_the_living_gateways(fleet):
    fleet.add("gw1")
    sids = {fleet.talk("gw1") for _ in range(6)}
    others = [fleet.add(name) for name in ("gw2", "gw3")]
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert [other.engine.live for other in others] == [3, 3]
    assert set(fleet.leases()) == sids


def test_gateways_with_separate_stores_do_not_take_over_each_others_calls(fleet):
    first, second = (fleet.add(name, shares_sessions=False) for name in ("gw1", "gw2"))
    sids = [fleet.talk("gw1") for _ in range(2)]
    assert len(first.asked("originate")) == 2
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.asked == []
    fleet.restart("gw1", frozenset(sids), shares_sessions=False)
    fleet.advance(0.5)
    assert fleet.leases() == dict.fromkeys(sids, "gw1")


def test_call_that_no_gateway_had_a_place_for_is_recorded_as_ended(fleet):
    fleet.add("gw1")
    sids = [fleet.talk("gw1") for _ in range(2)]
    second = fleet.add("gw2", capacity=1)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    second.bots.connections[-1].listener.stream_opened()
    fleet.advance(40.0)
    ended = [fleet.session(sid) for sid in sids if fleet.session(sid).ending is not None]
    assert [session.ending.reason for session in ended] == [
        "its gateway was lost: no other gateway had a place for it"
    ]
    assert second.asked("hang_up_lost") == [("hang_up_lost", session.call_sid, 16) for session in ended]
    assert len(fleet.leases()) == 1


# --- Calls that were not dialled yet ------------------------------------------------------------------------------


def test_call_is_dialled_by_the_gateway_that_has_the_place(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    sid = fleet.place("gw1")
    assert [len(gateway.asked("originate")) for gateway in (first, second)] == [1, 1]
    assert fleet.holder(sid) is second
    assert (fleet.session(sid).gateway, fleet.session(sid).trunk) == ("gw2", "lab")
    assert result.successResultOf(first.engine.find("acme1", sid)).call_sid == sid


def test_concurrency_of_an_account_is_counted_over_the_fleet_and_survives_failover(fleet):
    fleet.add("gw1"), fleet.add("gw2")
    tiny = evolve(REQUEST, account="tiny")
    sid = fleet.place("gw1", tiny)
    for name in ("gw1", "gw2"):
        assert "account tiny" in result.failureResultOf(fleet.by_name[name].engine.place(tiny)).getErrorMessage()
    fleet.kill(fleet.holder(sid).name)
    fleet.advance(LONG_ENOUGH_S)
    (survivor,) = fleet.living
    assert "account tiny" in result.failureResultOf(survivor.engine.place(tiny)).getErrorMessage()
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    assert result.successResultOf(survivor.engine.place(tiny)).account == "tiny"


def test_call_that_cannot_be_handed_over_is_dialled_where_it_was_accepted(fleet):
    first, second = fleet.add("gw1", capacity=2, has_post=False), fleet.add("gw2")
    fleet.talk("gw1")
    sid = fleet.place("gw1")
    assert fleet.holder(sid) is first
    assert second.switch.asked == []
    refused = first.engine.place(evolve(REQUEST, callback=StatusCallback(url="http://crm.example.org/done")))
    fleet.advance(0.2)
    result.failureResultOf(refused, NoCapacity)
    failed = [session for session in fleet.world.sessions._sessions.values() if session.status.is_final]
    assert [(session.status, session.callback) for session in failed] == [(CallStatus.FAILED, None)]
    assert len(fleet.leases()) == 2


def test_call_is_refused_if_no_asterisk_of_the_fleet_can_be_reached(fleet):
    for name in ("gw1", "gw2"):
        fleet.add(name).switch.ready = False
    fleet.happens(ev.SwitchLost("gone"))
    refused = fleet.by_name["gw1"].engine.place(REQUEST)
    fleet.advance(0.1)
    assert "no Asterisk" in result.failureResultOf(refused, BackendUnavailable).getErrorMessage()


def test_job_that_comes_twice_is_dialled_once(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    sid = fleet.place("gw1")
    (lease,) = [lease for lease in fleet.world.fleet.view(0).leases if lease.call_sid == sid]
    del first
    for _ in range(2):
        fleet.world.queues.append(lease)
        fleet.advance(0.3)
    assert len(second.asked("originate")) == 1


def test_job_of_a_gateway_that_dies_before_it_dials_is_dialled_once_by_another(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    fleet.kill("gw2")
    sid = fleet.place("gw1")
    assert second.switch.asked == []
    fleet.advance(LONG_ENOUGH_S)
    assert [origination.channel_id for _, origination in first.asked("originate")][1:] == [sid]
    fleet.restart("gw2")
    fleet.advance(LONG_ENOUGH_S)
    assert fleet.by_name["gw2"].asked("originate") == []


def test_call_that_redis_forgot_after_the_hand_over_is_still_dialled(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    second.jobs.stopService()
    sid = fleet.place("gw1")
    (lease,) = [lease for lease in fleet.world.fleet.view(0).leases if lease.call_sid == sid]
    fleet.world.queues.queue("gw2").clear()
    second.nodes.release(lease)
    second.jobs.startService()
    fleet.advance(11.0)
    assert len(first.asked("originate")) + len(second.asked("originate")) == 2
    assert fleet.leases()[sid] == fleet.session(sid).gateway


def test_call_that_redis_forgot_is_placed_again_although_the_fleet_does_not_answer_at_first(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    second.jobs.stopService()
    sid = fleet.place("gw1")
    (lease,) = [lease for lease in fleet.world.fleet.view(0).leases if lease.call_sid == sid]
    fleet.world.queues.queue("gw2").clear()
    second.nodes.release(lease)
    second.jobs.startService()
    with patch.object(first.nodes, "allocate", lambda *_, **__: fail(BackendUnavailable("Redis is away"))):
        fleet.advance(11.0)
        assert sid not in fleet.leases()
    fleet.advance(6.0)
    assert fleet.leases()[sid] == fleet.session(sid).gateway


def test_call_is_accepted_although_its_place_cannot_be_given_away_at_once(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    with patch.object(first.nodes, "transfer", lambda _lease: fail(BackendUnavailable("Redis is away"))):
        sid = fleet.place("gw1")
    fleet.advance(1.0)
    assert fleet.holder(sid) is second
    assert fleet.leases()[sid] == "gw2"


class SlowToSave(MemorySessions):
    """A store that saves the first session when the test says so."""

    saving = None

    def save(self, session):
        self.saving = session, Deferred()
        return self.saving[1]

    def finish(self):
        session, saved = self.saving
        self.note(session)
        saved.callback(None)


def test_call_that_lost_its_place_in_a_pause_while_it_was_saved_is_dialled_once():
    fleet = Gateways(SharedWorld(sessions=SlowToSave()))
    first, second = fleet.add("gw1"), fleet.add("gw2")
    placed = first.engine.place(REQUEST)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    fleet.wake("gw1")
    fleet.world.sessions.finish()
    fleet.advance(1.0)
    sid = result.successResultOf(placed).call_sid
    assert (len(first.asked("originate")), len(second.asked("originate"))) == (1, 0)
    fleet.happens(ev.ChannelHungUp(sid, 17, ""))
    assert fleet.session(sid).ending is not None
    assert fleet.leases() == {}


class SometimesAway(MemorySessions):
    """A store that can be away for a while: it answers neither reads nor claims."""

    is_away = False

    def recall(self, call_sids):
        return fail(BackendUnavailable("away")) if self.is_away else super().recall(call_sids)

    def claim(self, call_sid, token):
        return fail(BackendUnavailable("away")) if self.is_away else super().claim(call_sid, token)


@pytest.fixture
def forgetful():
    """A fleet whose store can be away."""
    return Gateways(SharedWorld(sessions=SometimesAway()))


def test_accepted_call_waits_for_the_store_before_it_is_dialled(forgetful):
    gateway, sessions = forgetful.add("gw1"), forgetful.world.sessions
    sessions.is_away = True
    sid = forgetful.place("gw1")
    forgetful.advance(5.0)
    assert gateway.asked("originate") == []
    sessions.is_away = False
    forgetful.advance(1.0)
    assert len(gateway.asked("originate")) == 1
    sessions.is_away = True
    given_up = forgetful.place("gw1")
    forgetful.advance(25.0)
    sessions.is_away = False
    assert forgetful.session(given_up).status is CallStatus.FAILED
    assert list(forgetful.leases()) == [sid]


def test_job_that_arrives_while_the_store_is_away_is_dialled_once_it_is_back(forgetful):
    forgetful.add("gw1")
    second, sessions = forgetful.add("gw2"), forgetful.world.sessions
    forgetful.talk("gw1")
    sessions.is_away = True
    sid = forgetful.place("gw1")
    forgetful.advance(5.0)
    assert second.asked("originate") == []
    sessions.is_away = False
    forgetful.advance(1.0)
    assert [origination.channel_id for _, origination in second.asked("originate")] == [sid]


def test_calls_taken_over_while_the_store_is_away_are_resumed_when_it_is_back(forgetful):
    _, second, sid = two_with_a_call_on_the_first(forgetful)
    forgetful.kill("gw1")
    forgetful.world.sessions.is_away = True
    forgetful.advance(5.0)
    assert second.switch.asked == []
    forgetful.world.sessions.is_away = False
    forgetful.advance(1.0)
    assert second.switch.asked == [("take_over", sid, *LEG, True)]


def test_call_that_may_have_been_dialled_is_not_dialled_again(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    del first
    fleet.talk("gw1")
    sid = fleet.place("gw1")
    assert fleet.holder(sid) is second
    fleet.kill("gw2")
    fleet.by_name["gw1"].switch.answer = ChannelGone("No such channel")
    fleet.advance(LONG_ENOUGH_S)
    assert len(fleet.by_name["gw1"].asked("originate")) == 1
    assert fleet.session(sid).status is CallStatus.FAILED


# --- Inbound calls ------------------------------------------------------------------------------------------------

ARRIVAL = ev.CallArrived("1700.1", PERSON, OURS)


def test_inbound_call_is_taken_by_one_gateway_and_has_one_session(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.happens(ARRIVAL)
    assert first.switch.asked == [("bridge", "1700.1", *LEG)]
    assert second.switch.asked == []
    fleet.happens(ev.MediaAnnounced("1700.1", "10.0.1.5", 15000, LEG))
    fleet.advance(3.0)
    assert second.switch.asked == []
    assert len(fleet.leases()) == len(fleet.world.sessions._sessions) == 1


def test_inbound_call_whose_chosen_gateway_dies_is_taken_by_another_within_a_second(fleet):
    second, first = fleet.add("gw2"), fleet.add("gw1")
    fleet.kill("gw1")
    second.happens(ARRIVAL)
    fleet.advance(1.0)
    assert second.switch.asked == [("take_over", "1700.1", *LEG, False)]
    assert first.switch.asked == []
    (connection,) = second.bots.connections
    assert not connection.told.is_resumed


def test_inbound_call_that_the_chosen_gateway_does_not_hear_of_is_taken_by_another(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    second.happens(ARRIVAL)
    fleet.advance(2.0)
    assert first.switch.asked == []
    assert second.switch.asked == [("take_over", "1700.1", *LEG, False)]
    assert list(fleet.leases().values()) == ["gw2"]


def test_inbound_call_that_ends_before_a_gateway_took_it_is_forgotten(fleet):
    fleet.add("gw1")
    second = fleet.add("gw2")
    fleet.kill("gw1")
    second.happens(ARRIVAL)
    fleet.happens(ev.ChannelHungUp("1700.1", 16, ""))
    fleet.advance(3.0)
    assert second.switch.asked == []


def test_inbound_call_for_which_no_gateway_has_a_place_is_turned_away(fleet):
    first, second = (fleet.add(name, capacity=1) for name in ("gw1", "gw2"))
    fleet.talk("gw1")
    fleet.talk("gw1")
    second.switch.answer = CallTaken("gateway gw1 has taken this call")
    fleet.happens(ARRIVAL)
    assert first.asked("turn_away") == second.asked("turn_away") == [("turn_away", "1700.1")]
    failed = [session for session in fleet.world.sessions._sessions.values() if session.ending is not None]
    assert [(session.gateway, session.ending.reason) for session in failed] == [
        ("gw1", "every place for a call was taken")
    ]


# --- A gateway that comes back, and one that stops ----------------------------------------------------------------


def test_single_gateway_recovers_its_own_calls(fleet):
    fleet.add("gw1")
    sid = fleet.talk("gw1")
    fleet.kill("gw1")
    fleet.advance(3.0)
    back = fleet.restart("gw1", frozenset([sid]))
    fleet.advance(0.5)
    assert back.switch.asked == [("take_over", sid, *LEG, True)]
    assert back.bots.connections[-1].told.is_resumed
    assert fleet.leases() == {sid: "gw1"}


def test_gateway_whose_name_another_process_took_lets_go_of_the_calls_that_this_one_goes_on_with(fleet):
    first = fleet.add("gw1")
    sid = fleet.talk("gw1")
    fleet.kill("gw1")
    fleet.advance(3.0)
    fleet.restart("gw1", frozenset([sid]))
    fleet.advance(0.5)
    first.engine.name_taken()
    assert first.engine.hang_up_all() == 0
    assert first.asked("hang_up") == []
    assert fleet.leases() == {sid: "gw1"}


def test_session_that_cannot_be_used_does_not_stop_the_others(fleet, logged_failures, monkeypatch):
    fleet.add("gw1")
    sids = [fleet.talk("gw1") for _ in range(3)]
    second = fleet.add("gw2")
    begin = LiveCalls.begin

    def begin_or_fail(calls, session, lease):
        if session.call_sid == sids[1]:
            raise LookupError("a word of a later version")
        return begin(calls, session, lease)

    monkeypatch.setattr(LiveCalls, "begin", begin_or_fail)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert {request[1] for request in second.asked("take_over")} == {sids[0], sids[2]}
    assert fleet.leases() == {sids[0]: "gw2", sids[2]: "gw2"}
    assert fleet.session(sids[1]).ending.reason.endswith("its session cannot be used by this gateway")
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_restarted_gateway_recovers_its_calls_although_its_clock_was_set_back(fleet):
    fleet.add("gw1")
    sid = fleet.talk("gw1")
    session = fleet.session(sid)
    fleet.world.sessions.note(evolve(session, created_at=session.created_at + 3600))
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    again = fleet.restart("gw1", frozenset({sid}))
    fleet.advance(0.1)
    assert again.asked("take_over") == [("take_over", sid, *LEG, True)]


def test_restarted_gateway_records_the_calls_that_ended_without_it(fleet):
    fleet.add("gw1")
    talking, ringing = fleet.talk("gw1"), fleet.place("gw1")
    fleet.kill("gw1")
    fleet.restart("gw1", switch=RecordedSwitch(answer=ChannelGone("No such channel")))
    fleet.advance(0.5)
    assert fleet.session(talking).ending.reason == "its gateway was lost: it ended while no gateway had it"
    assert fleet.session(ringing).status is CallStatus.FAILED
    assert fleet.leases() == {}


def test_restarted_gateway_leaves_calls_to_gateways_that_took_them_over(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    back = fleet.restart("gw1", frozenset([sid]))
    fleet.advance(LONG_ENOUGH_S)
    assert back.switch.asked == []
    assert fleet.holder(sid) is second


class SlowSessions(MemorySessions):
    """A store that takes its time to find what was left."""

    def unfinished(self, gateway):
        self.found, asked = Deferred(), super().unfinished
        return self.found.addCallback(lambda _: asked(gateway))


def test_call_that_began_before_the_store_was_read_is_not_recovered():
    fleet = Gateways(SharedWorld(sessions=SlowSessions()))
    gateway = fleet.add("gw1")
    sid = fleet.talk("gw1")
    fleet.world.sessions.found.callback(None)
    fleet.advance(0.5)
    assert gateway.switch.verbs() == ["originate"]
    assert fleet.session(sid).ending is None


def test_gateway_that_stops_can_hand_its_calls_off(fleet):
    first, second, sid = two_with_a_call_on_the_first(fleet)
    first.nodes.set_draining(None, draining=True)
    over = []
    first.engine.drain(30.0, hand_over=True).addCallback(over.append)
    fleet.advance(0.5)
    assert second.switch.asked == [("take_over", sid, *LEG, True)]
    assert over == []
    first.happens(ev.MediaAnnounced(sid, "10.0.1.5", 15002, ELSEWHERE))
    assert over == [None]
    assert first.asked("hang_up") == []
    assert fleet.leases() == {sid: "gw2"}
