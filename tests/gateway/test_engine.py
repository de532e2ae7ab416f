"""The engine with its calls: what is asked of Asterisk, media and bots, and what the stores say afterwards."""

from itertools import count

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call import effects as fx
from exoswitch.call import events as ev
from exoswitch.call.limits import CallLimits
from exoswitch.call.recording import RecordingWish
from exoswitch.call.session import BotTarget, CallStatus, Direction, DisconnectedBy
from exoswitch.call.status_callback import StatusCallback
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import BackendUnavailable, CallNotFound, InvalidValue, NoCapacity, TrunkError
from exoswitch.fleet.jobs_memory import MemoryJobs
from exoswitch.fleet.memory import MemoryNodes
from exoswitch.fleet.trunks.memory import MemoryTrunks
from exoswitch.fleet.trunks.status import TrunkLimits
from exoswitch.gateway.engine import Engine
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.inbound import TURNED_AWAY_AT_ONCE
from exoswitch.interfaces.calls import CallRequest
from exoswitch.interfaces.routing import InboundRoute, Routing
from exoswitch.sessions.memory import MemorySessions
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.trunks.registry import build
from exoswitch.trunks.sip import SipSettings
from tests.harness.passthrus import Passthrus
from tests.harness.prices import PRICES
from tests.harness.recorders import RecordedBots, RecordedMedia, RecordedRecordings, RecordedSwitch, Unanswered
from tests.harness.rules import in_force

BOT = BotTarget(url="ws://bot.example.org/ws")
PERSON = "+919812345610"
OURS = "+918047491899"
REQUEST = CallRequest(account="acme1", number="09812345610", exophone="08047491899", bot=BOT)
SECOND = BotTarget(url="ws://bot.example.org/second", app="1002")
APPS = (SECOND,)
RECONNECT, DRAIN = StreamOptions(on_stream_loss="reconnect"), StreamOptions(drain_on_close=True)
UP = frozenset[str]()

result = SynchronousTestCase()


@define(eq=False)
class House:
    """An engine with recorders round it, and a clock that stands still."""

    clock: Clock = field(factory=Clock)
    switch: RecordedSwitch = field(factory=RecordedSwitch)
    media: RecordedMedia = field(factory=RecordedMedia)
    bots: RecordedBots = field(factory=RecordedBots)
    passthrus: Passthrus = field(factory=Passthrus)
    sessions: MemorySessions = field(factory=MemorySessions)
    metrics: MemoryMetrics = field(factory=MemoryMetrics)
    nodes: MemoryNodes = field(init=False)
    trunks: MemoryTrunks = field(init=False)
    engine: Engine = field(init=False)

    def __attrs_post_init__(self):
        sids, tokens = count(1), count(1)
        self.nodes = MemoryNodes("gw1", 3, {"pbx1": 2}, lambda: f"token{next(tokens)}")
        self.trunks = MemoryTrunks("gw1", self.clock.seconds)
        self.trunks.set_limits({"lab": TrunkLimits(30, 10.0)})
        ports = Environment(
            node="gw1",
            process="process1",
            clock=self.clock,
            wall_clock=lambda: 1_700_000_000.0 + self.clock.seconds(),
            new_sid=lambda: f"sid{next(sids)}",
            nodes=self.nodes,
            media=self.media,
            bots=self.bots,
            passthru=self.passthrus,
            jobs=MemoryJobs("gw1", clock=self.clock),
            sessions=self.sessions,
            prices=lambda: PRICES,
            metrics=self.metrics,
            switches={"pbx1": self.switch},
            trunks=self.trunks,
            recordings=RecordedRecordings(),
        )
        trunk = build(SipSettings(name="lab", provider="sip", host="127.0.0.1"))
        directory = Routing(
            limits=CallLimits(),
            concurrency={"acme1": 3, "tiny": 1},
            trunks={"lab": trunk},
            routes={OURS: InboundRoute("acme1", BOT), "+918047491800": InboundRoute("tiny", BOT)},
        )
        self.engine = Engine(ports, in_force(directory, APPS))
        self.happens(ev.SwitchReady(UP))

    def happens(self, *events):
        for event in events:
            self.engine.switch_event(self.switch, event)

    def place(self, request=REQUEST):
        placed = self.engine.place(request)
        self.clock.advance(0)
        return placed

    def session(self, call_sid, account="acme1"):
        return result.successResultOf(self.engine.find(account, call_sid))

    def talk(self, options=StreamOptions()):  # noqa: B008 - it is frozen
        """Bring an outbound call to the point where person and bot talk; give its SID."""
        request = evolve(REQUEST, bot=evolve(BOT, options=options))
        sid = result.successResultOf(self.place(request)).call_sid
        self.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
        self.bots.connections[-1].listener.stream_opened()
        return sid

    def assert_nothing_is_left(self):
        assert self.engine.live == 0
        assert result.successResultOf(self.nodes.view()).leases == ()
        assert all(leg.asked[-1] == ("close",) for leg in self.media.legs)
        assert self.clock.getDelayedCalls() == []


@pytest.fixture
def house():
    return House()


def test_placed_call_is_saved_and_dialled_on_the_trunk_with_its_sid_as_channel(house):
    session = result.successResultOf(house.place())
    assert (session.direction, session.status) == (Direction.OUTBOUND, CallStatus.QUEUED)
    assert (session.customer, session.exophone) == (PERSON, "08047491899")
    assert (session.trunk, session.asterisk) == ("lab", "pbx1")
    verb, origination = house.switch.asked[0]
    assert verb == "originate"
    assert origination.channel_id == session.call_sid
    assert origination.channel.endswith("@lab")
    assert (origination.media_host, origination.media_port) == ("10.0.0.5", 20000)
    assert house.session(session.call_sid).call_sid == session.call_sid


def test_fault_of_ours_in_the_choice_of_a_trunk_ends_the_call_and_gives_its_place_back(
    house, monkeypatch, logged_failures
):
    monkeypatch.setattr(MemoryTrunks, "take", lambda *_given, **_named: {}["a bug"])
    refusal = result.failureResultOf(house.place(), TrunkError)
    assert "by a fault of the gateway: see its log" in refusal.getErrorMessage()
    assert [formatEvent(event) for event in logged_failures] == ["call sid1: no trunk could be chosen"]
    logged_failures.clear()
    house.assert_nothing_is_left()


def test_live_call_is_shown_while_the_store_is_away(house):
    sid = house.talk()
    object.__setattr__(house.engine._environment, "sessions", Slow(ready=False))
    assert house.session(sid).status is CallStatus.IN_PROGRESS


def test_call_goes_through_its_statuses(house):
    sid = result.successResultOf(house.place()).call_sid
    house.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid))
    assert house.session(sid).status is CallStatus.RINGING
    house.clock.advance(3)
    house.happens(ev.ChannelAnswered(sid))
    house.clock.advance(1)
    house.bots.connections[0].listener.stream_opened()
    assert house.session(sid).status is CallStatus.IN_PROGRESS
    house.clock.advance(16)
    house.happens(ev.ChannelHungUp(sid, 16, "Normal Clearing"))
    ended = house.session(sid)
    assert (ended.status, ended.duration_s) == (CallStatus.COMPLETED, 17.0)
    assert (ended.charge.billed_s, f"{ended.charge.amount}", f"{ended.charge.baseline}") == (
        60,
        "0.200000",
        "0.500000",
    )
    assert house.metrics.count("calls_total", status="completed") == 1
    house.assert_nothing_is_left()


def test_bot_is_told_of_the_person_and_our_number(house):
    house.talk()
    told = house.bots.connections[0].told
    assert (told.customer, told.exophone, told.account) == ("+919812345610", REQUEST.exophone, "acme1")
    assert told.call_sid != told.stream_sid


def test_resolver_gets_the_direction_and_the_custom_field(house):
    sid = result.successResultOf(house.place(evolve(REQUEST, custom_field="order 7"))).call_sid
    house.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
    told = house.bots.connections[0].told
    assert (told.direction, told.custom_field) == (Direction.OUTBOUND, "order 7")


def test_media_is_directed_attached_and_detached(house):
    sid = house.talk()
    house.happens(ev.MediaAnnounced(sid, "10.0.1.5", 15100), ev.DigitPressed(sid, "7", 90))
    leg, bot = house.media.legs[0], house.bots.connections[0]
    assert leg.stream is bot
    assert leg.asked == [("direct", "10.0.1.5", 15100)]
    assert bot.asked == [("start",), ("digit", "7", 90)]
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert leg.stream is None
    assert bot.asked[-1] == ("close", fx.StopReason.CALL_ENDED)


def test_phone_is_hung_up_when_the_bot_closes(house):
    sid = house.talk()
    house.bots.connections[0].listener.stream_closed(1000, "bye")
    assert house.switch.asked[-1] == ("hang_up", sid, 16)
    assert house.engine.live == 1
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    house.assert_nothing_is_left()


def test_hang_up_that_asterisk_never_confirms_still_frees_everything(house):
    house.talk()
    house.bots.connections[0].listener.stream_closed(1000, "bye")
    house.clock.advance(5)
    house.assert_nothing_is_left()


def test_refused_handshake_is_tried_again_once_and_then_the_call_ends(house):
    sid = result.successResultOf(house.place()).call_sid
    house.happens(ev.ChannelAnswered(sid))
    house.bots.connections[0].listener.stream_failed("3009 refused")
    house.bots.connections[1].listener.stream_failed("3009 refused")
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert "3009" in house.session(sid).ending.stream_error
    house.assert_nothing_is_left()


def test_lost_bot_is_connected_again_as_another_stream_of_the_same_call(house):
    sid = house.talk(RECONNECT)
    first = house.bots.connections[0]
    first.listener.stream_closed(1006, "gone")
    leg = house.media.legs[0]
    assert (leg.asked[-1], leg.stream) == (("hold",), None)
    house.happens(ev.DigitPressed(sid, "7", 90))
    house.clock.advance(0.9)
    assert len(house.bots.connections) == 1
    house.clock.advance(0.1)
    second = house.bots.connections[1]
    assert second.told == evolve(first.told, stream_sid=house.session(sid).stream_sid)
    assert second.told.stream_sid != first.told.stream_sid
    second.listener.stream_opened()
    house.happens(ev.DigitPressed(sid, "8", 90))
    assert leg.stream is second
    assert (first.asked, second.asked) == ([("start",)], [("start",), ("digit", "8", 90)])
    assert house.metrics.counts["stream_losses_total"] == 1
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert second.asked[-1] == ("close", fx.StopReason.CALL_ENDED)
    house.assert_nothing_is_left()


def test_lost_bot_that_stays_away_ends_the_call_after_three_attempts(house):
    sid = house.talk(RECONNECT)
    house.bots.connections[0].listener.stream_closed(None, "")
    for wait_s in (1, 2, 4):
        house.clock.advance(wait_s)
        house.bots.connections[-1].listener.stream_failed("3009 refused")
    assert len(house.bots.connections) == 4
    assert house.switch.asked[-1] == ("hang_up", sid, 16)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert house.session(sid).ending.stream_error == "3009 refused"
    house.assert_nothing_is_left()


@pytest.mark.parametrize("wait_s", [0.5, 1.5], ids=["while it waits", "while it tries"])
def test_call_whose_bot_is_lost_can_be_stopped(house, wait_s):
    sid = house.talk(RECONNECT)
    house.bots.connections[0].listener.stream_closed(1011, "crashed")
    house.clock.advance(wait_s)
    stopped = house.engine.stopService()
    assert [bot.asked[-1:] for bot in house.bots.connections[1:]] in ([], [[("close", fx.StopReason.STOPPED)]])
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(stopped)
    house.assert_nothing_is_left()


def test_audio_of_a_bot_that_closed_is_played_to_its_end_if_configured(house):
    sid = house.talk(DRAIN)
    house.bots.connections[0].listener.stream_closed(1000, "bye")
    assert house.media.legs[0].asked == [("drain",)]
    assert "hang_up" not in house.switch.verbs()
    house.media.listeners[0].playout_finished()
    assert house.switch.asked[-1] == ("hang_up", sid, 16)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert house.session(sid).ending.disconnected_by is DisconnectedBy.BOT
    house.assert_nothing_is_left()


def test_draining_ends_at_the_limit_of_the_call(house):
    sid = house.talk(DRAIN)
    house.bots.connections[0].listener.stream_closed(1000, "bye")
    house.clock.advance(3600)
    assert house.switch.asked[-1] == ("hang_up", sid, 16)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    house.assert_nothing_is_left()


def test_call_without_audio_from_asterisk_ends(house):
    sid = house.talk()
    house.media.listeners[0].media_lost(30.0)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert "no audio" in house.session(sid).ending.reason


def test_events_of_unknown_channels_are_ignored(house):
    house.happens(ev.ChannelHungUp("someone-else", 16, ""), ev.DigitPressed("someone-else", "1", 80))
    assert house.engine.live == 0


def test_event_that_the_state_does_not_allow_is_logged_and_the_call_goes_on(house, logged_failures):
    sid = house.talk()
    house.media.listeners[0].stream_opened()
    assert len(logged_failures) == 1
    logged_failures.clear()
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    house.assert_nothing_is_left()


# --- What is refused --------------------------------------------------------------------------------------------


def test_call_is_refused_while_no_asterisk_is_ready(house):
    house.switch.ready = False
    assert not house.engine.ready
    result.failureResultOf(house.place(), BackendUnavailable)
    house.assert_nothing_is_left()


def test_call_beyond_the_asterisks_capacity_is_refused_and_leaves_no_session(house):
    house.place()
    house.place()
    house.clock.advance(1)
    failure = result.failureResultOf(house.place(), NoCapacity)
    assert "pbx1" in failure.getErrorMessage() or "any reachable Asterisk" in failure.getErrorMessage()
    result.failureResultOf(house.engine.find("acme1", "sid5"), CallNotFound)
    assert house.engine.live == 2


def test_account_gets_no_more_calls_at_once_than_its_concurrency(house):
    tiny = CallRequest(account="tiny", number=PERSON, exophone=OURS, bot=BOT)
    result.successResultOf(house.place(tiny))
    refusal = result.failureResultOf(house.place(tiny), NoCapacity)
    assert refusal.getErrorMessage() == "account tiny has reached its limit of 1 concurrent calls"


def test_call_without_an_rtp_port_is_refused_and_leaves_nothing(house):
    house.media.is_full = True
    result.failureResultOf(house.place(), NoCapacity)
    house.assert_nothing_is_left()


def test_invalid_number_is_refused_before_a_trunk_is_taken(house):
    bad = CallRequest(account="acme1", number="call me", exophone=OURS, bot=BOT)
    result.failureResultOf(house.place(bad), InvalidValue)
    house.assert_nothing_is_left()


def test_asterisk_that_refuses_to_dial_fails_the_call(house):
    house.switch.answer = TrunkError("Extension does not exist")
    sid = result.successResultOf(house.place()).call_sid
    assert "Extension does not exist" in house.session(sid).ending.reason
    house.assert_nothing_is_left()


def test_wishes_of_the_dialer_are_kept_with_the_call(house):
    callback = StatusCallback(url="http://crm.example.org/done", events=("terminal",), content="json")
    wish = RecordingWish(channels="dual")
    sid = result.successResultOf(house.place(evolve(REQUEST, callback=callback, recording=wish))).call_sid
    assert (house.session(sid).callback, house.session(sid).recording) == (callback, wish)


def test_call_whose_session_cannot_be_saved_is_not_placed_and_its_dialer_not_called_back(house):
    object.__setattr__(house.engine._environment, "sessions", store := Slow())
    placed = house.place(evolve(REQUEST, callback=StatusCallback(url="http://crm.example.org/done")))
    house.clock.advance(5)
    result.failureResultOf(placed, BackendUnavailable)
    assert house.switch.asked == []
    assert [(noted.status, noted.ending.reason) for noted in store.noted] == [
        (CallStatus.FAILED, "its session could not be saved, so it was not placed")
    ]
    assert [noted.callback for noted in store.noted] == [None]
    house.assert_nothing_is_left()


def test_call_whose_place_is_found_after_the_stop_began_is_refused(house):
    allocate, found = house.nodes.allocate, Unanswered()
    house.nodes.allocate = found
    placed = house.place()
    house.engine.drain(60)
    allocate("sid1").addCallback(found.waiting[0].callback)
    assert "is stopping" in result.failureResultOf(placed, BackendUnavailable).getErrorMessage()
    house.assert_nothing_is_left()


def test_call_that_is_stopped_while_it_is_saved_is_never_dialled(house):
    object.__setattr__(house.engine._environment, "sessions", store := Slow())
    placed = house.place()
    result.successResultOf(house.engine.stopService())
    store.save.waiting[0].callback(None)
    assert result.successResultOf(placed).ending.reason == "the gateway stopped"
    assert house.switch.asked == []
    house.assert_nothing_is_left()


def test_no_call_is_placed_while_the_session_store_is_away(house):
    object.__setattr__(house.engine._environment, "sessions", store := Slow(ready=False))
    assert not house.engine.ready
    assert (
        "the session store cannot be reached"
        in result.failureResultOf(house.place(), BackendUnavailable).getErrorMessage()
    )
    assert store.noted == []
    house.assert_nothing_is_left()


@define
class Slow:
    """A store that never answers."""

    ready: bool = True
    noted: list = field(factory=list)
    save: Unanswered = field(factory=Unanswered)

    def note(self, session):
        self.noted.append(session)


def test_second_call_waits_for_the_trunks_next_turn(house):
    house.place()
    house.place()
    assert house.switch.verbs() == ["originate"]
    house.clock.advance(0.11)
    assert house.switch.verbs() == ["originate", "originate"]


def test_call_that_ends_while_it_waits_for_its_turn_is_never_dialled(house):
    house.place()
    house.place()
    stopped = house.engine.stopService()
    house.clock.advance(0.11)
    assert house.switch.verbs().count("originate") == 1
    house.clock.advance(5)
    result.successResultOf(stopped)


def test_turn_that_comes_after_the_end_of_a_call_changes_nothing(house, logged_failures):
    house.place()
    sid = result.successResultOf(house.place()).call_sid
    call = house.engine._calls.find(sid)
    call.feed(call.inputs.hang_up, "by request")
    call.feed(call._turn_came)
    assert (house.switch.verbs(), logged_failures) == (["originate"], [])


def test_unknown_call_is_not_found(house):
    result.failureResultOf(house.engine.find("acme1", "nothing"), CallNotFound)
    sid = result.successResultOf(house.place()).call_sid
    result.failureResultOf(house.engine.find("tiny", sid), CallNotFound)


# --- Inbound ----------------------------------------------------------------------------------------------------


def test_inbound_call_is_claimed_bridged_and_connected_to_the_bot_of_its_number(house):
    house.happens(ev.CallArrived("1700.1", "09812345610", "918047491899"))
    assert house.switch.asked[0] == ("bridge", "1700.1", "10.0.0.5", 20000)
    assert house.session("sid1").direction is Direction.INBOUND
    house.bots.connections[0].listener.stream_opened()
    house.happens(ev.ChannelHungUp("1700.1", 16, ""))
    assert house.session("sid1").status is CallStatus.COMPLETED
    house.assert_nothing_is_left()


def test_inbound_call_to_an_unknown_number_is_rejected(house):
    house.happens(ev.CallArrived("1700.1", PERSON, "+911111111111"))
    assert house.switch.asked == [("hang_up", "1700.1", 21)]


def test_inbound_call_beyond_the_accounts_concurrency_hears_busy(house):
    house.happens(ev.CallArrived("1700.1", PERSON, "08047491800"), ev.CallArrived("1700.2", PERSON, "08047491800"))
    assert house.switch.asked[-1] == ("hang_up", "1700.2", 17)


def test_inbound_call_without_capacity_is_turned_away_and_its_session_says_so(house):
    house.media.is_full = True
    house.happens(ev.CallArrived("1700.1", PERSON, OURS))
    assert house.switch.asked == [("turn_away", "1700.1")]
    turned_away = house.session("sid1")
    assert (turned_away.status, turned_away.channel_id) == (CallStatus.FAILED, "1700.1")
    assert turned_away.ending.reason == "every place for a call was taken"
    house.happens(ev.ChannelHungUp("1700.1", 34, ""))
    house.assert_nothing_is_left()


def test_flood_of_calls_without_capacity_is_turned_away_some_at_a_time(house):
    house.media.is_full, house.switch.answer = True, Deferred()
    begun = [f"1700.{number}" for number in range(TURNED_AWAY_AT_ONCE)]
    for channel_id in (*begun, "1701.1", "1701.2", "1701.2"):  # The last one is known.
        house.happens(ev.CallArrived(channel_id, PERSON, OURS))
    assert house.switch.asked == [("turn_away", channel_id) for channel_id in begun]
    other = RecordedSwitch(name="pbx2")
    house.engine.switch_event(other, ev.CallArrived("1702.1", PERSON, OURS))
    assert other.asked == [("turn_away", "1702.1")]
    house.happens(ev.ChannelHungUp("1701.1", 16, ""))  # It waits no more.
    house.switch.answer.callback(None)
    assert house.switch.asked[len(begun) :] == [("turn_away", "1701.2")]


# --- The link to Asterisk, and the end --------------------------------------------------------------------------


def test_calls_that_ended_while_the_link_was_down_end_here_too(house):
    gone, still_there = house.talk(), None
    house.clock.advance(1)
    still_there = house.talk()
    house.happens(ev.SwitchLost("connection lost"))
    assert house.engine.live == 2
    house.happens(ev.SwitchReady(frozenset({still_there})))
    assert house.engine.live == 1
    assert house.session(gone).status is CallStatus.COMPLETED
    assert house.session(still_there).status is CallStatus.IN_PROGRESS


def test_call_that_was_answered_while_the_link_was_down_is_led_here_and_talks_to_its_bot(house):
    sid = result.successResultOf(house.place()).call_sid
    house.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.SwitchLost("connection lost"))
    (leg,) = house.media.legs
    here = leg.host, leg.port
    house.happens(ev.SwitchReady(frozenset({sid}), {sid: here}, frozenset({sid})))
    assert house.switch.asked[-1] == ("take_over", sid, *here, False)
    assert len(house.bots.connections) == 1
    assert house.session(sid).answered_at is not None


def test_no_new_call_goes_to_an_asterisk_whose_link_is_down(house):
    house.happens(ev.SwitchLost("connection lost"))
    result.failureResultOf(house.place(), NoCapacity)


def test_calls_with_the_same_channel_end_one_after_the_other(house):
    first = house.engine._calls.find(house.talk())
    session = evolve(first.session, call_sid="sid9", channel_id=first.call_sid)
    second = house.engine._calls.begin(session, result.successResultOf(house.nodes.allocate("sid9")))
    first.feed(first.inputs.channel_hung_up, 16)
    assert house.engine._calls.of_channel(house.switch, first.call_sid) is second
    second.feed(second.inputs.abandon)
    house.assert_nothing_is_left()


def test_stop_hangs_up_and_waits_until_asterisk_has_confirmed(house):
    sid = house.talk()
    stopped = house.engine.stopService()
    result.assertNoResult(stopped)
    assert house.bots.connections[0].asked[-1] == ("close", fx.StopReason.STOPPED)
    result.failureResultOf(house.place(), BackendUnavailable)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(stopped)
    assert house.session(sid).ending.reason == "the gateway stopped"
    house.assert_nothing_is_left()


def test_a_gateway_that_drains_takes_no_calls_and_waits_for_its_own(house):
    sid = house.talk()
    drained = house.engine.drain(60)
    assert not house.engine.ready
    result.failureResultOf(house.place(), BackendUnavailable)
    house.clock.advance(59)
    result.assertNoResult(drained)
    assert ("close", fx.StopReason.STOPPED) not in house.bots.connections[0].asked
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(drained)
    result.successResultOf(house.engine.stopService())
    house.assert_nothing_is_left()


def test_a_gateway_that_drains_waits_a_limited_time(house):
    sid = house.talk()
    drained = house.engine.drain(60)
    house.clock.advance(60)
    result.successResultOf(drained)
    stopped = house.engine.stopService()
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(stopped)


def test_drain_ends_with_the_last_call_even_if_a_stop_has_begun_meanwhile(house):
    sid = house.talk()
    drained, stopped = house.engine.drain(60), house.engine.stopService()
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(drained)
    result.successResultOf(stopped)
    house.assert_nothing_is_left()


def test_a_gateway_that_is_configured_not_to_wait_does_not_wait(house):
    house.talk()
    result.successResultOf(house.engine.drain(0))


def test_stop_with_no_calls_is_done_at_once(house):
    result.successResultOf(house.engine.stopService())


def test_each_reason_for_which_no_call_can_be_placed_is_named(house):
    assert house.engine.missing == ()
    house.switch.ready = False
    object.__setattr__(house.engine._environment, "sessions", Slow(ready=False))
    house.engine.drain(60)
    stopping, asterisk, store = house.engine.missing
    assert stopping == "this gateway is stopping"
    assert asterisk.startswith("no Asterisk is ready (pbx1): ")
    assert store == "the session store cannot be reached: see the log"


def test_calls_that_wait_are_bounded(house, monkeypatch):
    monkeypatch.setattr("exoswitch.gateway.inbound.MOST_WAITING", 0)
    house.happens(ev.CallArrived("1700.1", PERSON, OURS))
    assert house.engine.live == 0
    house.assert_nothing_is_left()


def test_rejected_calls_are_logged_once_a_second(house):
    with capturedLogs() as logged:
        for number in range(100):
            house.happens(ev.CallArrived(f"1700.{number}", PERSON, "+911111111111"))
        house.clock.advance(1.0)
        house.happens(ev.CallArrived("1700.100", PERSON, "+911111111111"))
    lines = [formatEvent(event) for event in logged if "was rejected" in formatEvent(event)]
    assert len(lines) == 2
    assert lines[1].endswith("(100 such calls since the last line)")


def test_flood_of_calls_to_numbers_of_nobody_is_left_to_asterisk(house, monkeypatch):
    monkeypatch.setattr("exoswitch.gateway.inbound.MOST_REJECTED", 3)
    for number in range(10):
        house.happens(ev.CallArrived(f"1700.{number}", PERSON, "+911111111111"))
    assert [each[:2] for each in house.switch.asked] == [("hang_up", f"1700.{number}") for number in range(3)]
    house.clock.advance(1.0)
    house.happens(ev.CallArrived("1700.10", PERSON, "+911111111111"))
    assert house.switch.asked[-1][:2] == ("hang_up", "1700.10")
