"""Whatever order answers, events and time-outs come in, an engine that has stopped has nothing left of any call."""

from collections import Counter
from itertools import count

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from exoswitch.call import events as ev
from exoswitch.call.limits import CallLimits
from exoswitch.call.passthru import Hop, Passthru
from exoswitch.call.recording import RecordingWish
from exoswitch.call.session import BotTarget
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.memory import MemoryNodes
from exoswitch.fleet.trunks.status import TrunkLimits
from exoswitch.gateway.engine import STOP_WAIT_S, Engine
from exoswitch.interfaces.calls import CallRequest
from exoswitch.interfaces.routing import InboundRoute, Routing
from exoswitch.outbox.callbacks import callbacks_of
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.trunks.registry import build
from exoswitch.trunks.sip import SipSettings
from tests.harness.engine_house import environment_of
from tests.harness.passthrus import Passthrus
from tests.harness.recorders import RecordedBots, RecordedMedia, RecordedRecordings
from tests.harness.rules import in_force
from tests.harness.slow_world import ANSWERS, Dials, Questions, SlowSessions, SlowSwitch, SlowTrunks, call_of

OURS = "+918047491899"
TRUNKS = {"lab": TrunkLimits(4, 1.0), "other": TrunkLimits(4, 100.0), "third": TrunkLimits(4, 100.0)}
HERE, ELSEWHERE = ("10.0.0.5", 20000), ("10.0.0.9", 30000)
OPTIONS = st.builds(
    StreamOptions, on_stream_loss=st.sampled_from(["reconnect", "hang-up"]), drain_on_close=st.booleans()
)
URL = "ws://bot.example.org/ws"
LEADING_ON = {"url": "https://crm.example.org/p", "on_200": Hop(app="1001"), "on_302": Hop(app="1002")}
OTHER = "+919812345611"
WISH = RecordingWish(channels="dual")
TO_A_PHONE = Passthru(url="https://crm.example.org/p", on_200=Hop(app="1001"), on_302=Hop(number=OTHER))
PASSTHRUS = [None, TO_A_PHONE, Passthru(**LEADING_ON), Passthru(**LEADING_ON, is_async=True)]
APPS = (BotTarget(url=URL, app="1001", passthru=TO_A_PHONE), BotTarget(url=URL, app="1002"))
EVENTS = (  # those of a call that is answered come first
    ev.ChannelDialled,
    ev.ChannelRinging,
    ev.ChannelAnswered,
    lambda channel: ev.DialFailed(channel, "BUSY"),
    lambda channel: ev.OriginateFailed(channel, 3),
    lambda channel: ev.MediaAnnounced(channel, "10.0.1.5", 4000, HERE),
    lambda channel: ev.MediaAnnounced(channel, "10.0.1.5", 4000, ELSEWHERE),
    lambda channel: ev.DigitPressed(channel, "1", 80),
    lambda channel: ev.ChannelHungUp(channel, 16, ""),
    lambda channel: ev.ChannelHungUp(channel, 34, "", 503, by_peer=True),
    lambda channel: ev.OriginateFailed(channel, 0),
    ev.ChannelTaken,
)


class Calls(RuleBasedStateMachine):
    """One engine; its store and its Asterisk answer late, in any order, or never."""

    def __init__(self):
        super().__init__()
        self.clock, self.questions, numbers = Clock(), Questions(), count(1)
        self.switch, self.media, self.bots = SlowSwitch(), RecordedMedia(), RecordedBots()
        self.passthrus, self.recordings = Passthrus(), RecordedRecordings()
        self.sessions = SlowSessions()
        self.switch.questions = self.sessions.questions = self.questions
        self.switch.dials = self.dials = Dials()
        self.nodes = MemoryNodes("gw1", 6, {"pbx1": 6}, lambda: f"token{next(numbers)}")
        self.trunks = SlowTrunks("gw1", self.clock.seconds)
        self.trunks.questions = self.questions
        self.trunks.set_limits(TRUNKS)
        environment = environment_of(
            self, new_sid=lambda: f"sid{next(numbers)}", metrics=MemoryMetrics(), recordings=self.recordings
        )
        routing = Routing(
            limits=CallLimits(max_duration_s=60.0),
            concurrency={"acme1": 100},
            trunks={name: build(SipSettings(name=name, provider="sip", host="127.0.0.1")) for name in TRUNKS},
            routes={OURS: InboundRoute("acme1", APPS[0])},
        )
        self.engine = Engine(environment, in_force(routing, APPS))
        self.engine.startService()
        self.engine.switch_event(self.switch, ev.SwitchReady(frozenset()))
        self.channels, self.accepted, self.ended_elsewhere, self.told = [], [], set(), set()
        self.stopped = None
        self.arrivals = count(1)
        self.failures = []
        globalLogPublisher.addObserver(self.failures.append)

    def live(self):
        return list(self.engine._calls)

    def tell(self, event):
        if isinstance(event, ev.ChannelTaken) or getattr(event, "leg", None) == ELSEWHERE:
            self.ended_elsewhere.add(call_of(event.channel_id))
        self.dials.tell(event)
        self.engine.switch_event(self.switch, event)

    # --- Calls begin ------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.channels) < 5)
    @rule(options=OPTIONS, passthru=st.sampled_from(PASSTHRUS), second=st.sampled_from([None, OTHER]))
    def a_call_is_placed(self, options, passthru, second=None):
        bot = BotTarget(url=URL, options=options, passthru=passthru) if second is None else None
        request = CallRequest(
            account="acme1", number="+919812345610", exophone=OURS, bot=bot, second=second, recording=WISH
        )
        before = {call.call_sid for call in self.live()}
        placed = self.engine.place(request)
        self.channels += [call.call_sid for call in self.live() if call.call_sid not in before]
        placed.addCallbacks(lambda session: self.accepted.append(session.call_sid), lambda _: None)

    @rule(answers=st.integers(0, 4), steps=st.integers(0, 3), then=st.sampled_from([None, *EVENTS]))
    def a_first_phone_is_answered_and_the_second_one_is_dialled(self, answers, steps, then):
        known, dialled = set(self.channels), len(self.dials.up)
        self.a_call_is_placed_and_goes_well_at_first(StreamOptions(), None, 7, OTHER)
        asked = len(self.questions.open)
        for sid in [sid for sid in self.channels if sid not in known]:
            for _ in range(answers):  # take, save, claim, originate
                self.answer_next(asked)
            second = self.dials.up[dialled + 1 :]
            for event in EVENTS[:steps] if second else ():
                self.tell(event(second[0]))
            if then is not None:
                self.tell(then(sid))

    @rule(options=OPTIONS, passthru=st.sampled_from(PASSTHRUS), steps=st.integers(1, 8))
    def a_call_is_placed_and_goes_well_at_first(self, options, passthru, steps, second=None):
        known, asked, connections = set(self.channels), len(self.questions.open), len(self.bots.connections)
        self.a_call_is_placed(options, passthru, second)
        new = [sid for sid in self.channels if sid not in known]
        for _ in range(min(steps, 4) if new else 0):  # take, save, claim, originate
            self.answer_next(asked)
        for event in EVENTS[: max(0, steps - 4)][:3] if new else ():
            self.tell(event(new[0]))
        if new and steps > 7 and len(self.bots.connections) > connections:
            self.told.add(id(self.bots.connections[-1]))
            self.bots.connections[-1].listener.stream_opened()

    @rule(options=OPTIONS, has_channel=st.booleans(), rings=st.booleans(), answers=st.integers(0, 2))
    def a_call_is_placed_and_its_first_trunk_fails(self, options, has_channel, rings, answers):
        dialled, asked = len(self.dials.up), len(self.questions.open)
        self.a_call_is_placed_and_goes_well_at_first(options, None, 6 if rings else 4)
        for channel_id in self.dials.up[dialled:]:
            self.refuse(channel_id, has_channel=has_channel)
            for _ in range(answers):  # take, originate
                self.answer_next(asked)

    def answer_next(self, asked):
        """Let time pass until something is asked, with every timer served in time, and answer that."""
        self.wait_for_question(asked)
        for question in self.questions.open[asked : asked + 1]:
            self.questions.open.remove(question)
            self.answer(question, result=True)

    def wait_for_question(self, asked):
        end = self.clock.seconds() + 5.0
        while len(self.questions.open) <= asked:
            due = min((call.getTime() for call in self.clock.getDelayedCalls()), default=end)
            if due >= end:
                return
            self.clock.advance(max(0.0, due - self.clock.seconds()))

    @precondition(lambda self: self.dials.up)
    @rule(data=st.data(), has_channel=st.booleans())
    def a_trunk_refuses_a_call(self, data, has_channel):
        self.refuse(data.draw(st.sampled_from(self.dials.up)), has_channel=has_channel)

    def refuse(self, channel_id, *, has_channel):
        if has_channel:
            self.tell(ev.ChannelDialled(channel_id))
        self.tell(ev.OriginateFailed(channel_id, 0))
        if has_channel:
            self.tell(ev.ChannelHungUp(channel_id, 34, "", 503, by_peer=True))

    @precondition(lambda self: len(self.channels) < 5)
    @rule()
    def a_call_arrives(self):
        channel_id = f"in{next(self.arrivals)}"
        self.channels.append(channel_id)
        self.tell(ev.CallArrived(channel_id, "+919812345610", OURS))

    # --- The world answers and tells --------------------------------------------------------------------------------

    @precondition(lambda self: self.questions.open)
    @rule(data=st.data())
    def a_question_is_answered(self, data):
        question = self.questions.open.pop(data.draw(st.integers(0, len(self.questions.open) - 1)))
        good = [result for result in ANSWERS[question[0]] if not isinstance(result, Exception)]
        self.answer(question, data.draw(st.sampled_from([*good, *ANSWERS[question[0]]])))

    @precondition(lambda self: self.questions.open)
    @rule(most=st.integers(1, 12))
    def the_next_questions_are_answered_well(self, most):
        for _ in range(most):
            self.answer_next(0)

    def answer(self, question, result):
        what, about, answer = question
        if answer.called:
            return  # It has timed out.
        if isinstance(result, Exception):
            answer.errback(result)
            return
        if what == "save":
            self.sessions.note(about)
        elif what == "claim a call" and not result:
            self.ended_elsewhere.add(about)
        answer.callback(result)

    @precondition(lambda self: self.channels)
    @rule(data=st.data(), event=st.sampled_from(EVENTS))
    def something_happens_to_a_channel(self, data, event):
        self.tell(event(data.draw(st.sampled_from([*self.channels, *self.dials.up]))))

    @rule(data=st.data(), down_s=st.sampled_from([0.0, 0.0, 5.0, 30.0]))
    def the_link_is_lost_and_comes_back(self, data, down_s):
        self.engine.switch_event(self.switch, ev.SwitchLost("pulled"))
        self.switch.lose_link()
        self.clock.pump([down_s / 10] * 10)
        known = [*self.channels, *self.dials.up]
        gone = data.draw(st.sets(st.sampled_from(known), max_size=2)) if known else set()
        up = set(known) - gone
        self.dials.end_unseen(gone)
        legs = {channel_id: data.draw(st.sampled_from([HERE, HERE, HERE, ELSEWHERE])) for channel_id in sorted(up)}
        self.ended_elsewhere |= {call_of(channel_id) for channel_id, leg in legs.items() if leg == ELSEWHERE}
        answered = frozenset(each for each in sorted(up) if data.draw(st.booleans()))
        self.dials.ring(answered)
        self.switch.ready = True
        self.engine.switch_event(self.switch, ev.SwitchReady(frozenset(up), legs, answered))

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def another_gateway_has_a_call(self, data):
        call = self.engine._calls.find(data.draw(st.sampled_from([call.call_sid for call in self.live()])))
        self.ended_elsewhere.add(call_of(call.channel.channel_id))
        call.feed(call.inputs.moved)

    @precondition(lambda self: self.bots.connections)
    @rule(data=st.data(), code=st.sampled_from([1000, 1006, None]))
    def a_bot_does_something(self, data, code):
        bot = self.bots.connections[data.draw(st.integers(0, len(self.bots.connections) - 1))]
        if id(bot) in self.told:
            if ("start",) in bot.asked and ("over",) not in bot.asked:
                bot.asked.append(("over",))
                bot.listener.stream_closed(code, "bye")
        elif not any(verb == "close" for verb, *_ in bot.asked):
            self.told.add(id(bot))
            bot.listener.stream_opened() if code == 1000 else bot.listener.stream_failed("refused")

    @precondition(lambda self: self.passthrus.asked)
    @rule(status=st.sampled_from([200, 302, 302, 500, BackendUnavailable("no answer")]), newest=st.booleans())
    def a_passthru_answers(self, status, newest):
        if newest:
            self.passthrus.asked.insert(0, self.passthrus.asked.pop())
        self.passthrus.answer(status)

    @precondition(lambda self: self.media.legs)
    @rule(data=st.data())
    def the_audio_of_a_call_ends(self, data):
        number = data.draw(st.integers(0, len(self.media.legs) - 1))
        leg, listener = self.media.legs[number], self.media.listeners[number]
        if ("drain",) in leg.asked:
            leg.asked.remove(("drain",))
            listener.playout_finished()
        elif leg.stream is not None and ("silent",) not in leg.asked:
            leg.asked.append(("silent",))
            listener.media_lost(30.0)

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 5.0, 30.0, 70.0]))
    def time_passes(self, seconds):
        self.clock.pump([seconds / 5] * 5)

    @precondition(lambda self: self.stopped is None)
    @rule(wait_s=st.sampled_from([None, 0, 60]))
    def the_gateway_stops(self, wait_s):
        if wait_s is None:
            self.stopped = self.engine.stopService()
        else:
            self.engine.drain(wait_s)

    # --- What always holds ------------------------------------------------------------------------------------------

    @invariant()
    def each_channel_of_a_trunk_is_that_of_one_live_call(self):
        attempts = [call._attempts for call in self.live()]
        held = Counter(each.route.trunk.name for each in attempts if each._token)
        assert {name: trunk.busy for name, trunk in self.trunks.statuses().items()} == {
            name: held[name] for name in TRUNKS
        }

    @invariant()
    def each_attempt_is_reported_once_and_its_answer_once(self):
        assert [told for told, times in self.trunks.reports.items() if times > 1] == []

    @invariant()
    def each_stream_is_told_once(self):
        told = Counter((session.call_sid, session.stream_sid) for session in self.passthrus.all)
        assert [stream for stream, times in told.items() if times > 1] == []

    # --- Afterwards -------------------------------------------------------------------------------------------------

    def teardown(self):
        """Let everything end, and see that nothing is left and that each call has at most one end."""
        try:
            self.let_everything_end()
        finally:
            globalLogPublisher.removeObserver(self.failures.append)

    def let_everything_end(self):
        self.stopped = self.stopped or self.engine.stopService()
        self.clock.pump([1.0] * (int(STOP_WAIT_S) + 30))
        assert self.stopped.called
        assert [event["log_failure"] for event in self.failures if "log_failure" in event] == []
        assert [call._core.state for call in self.live()] == []
        assert self.nodes.view().result.leases == ()
        assert {name: trunk.busy for name, trunk in self.trunks.statuses().items()} == dict.fromkeys(TRUNKS, 0)
        assert [leg.asked.count(("close",)) for leg in self.media.legs] == [1] * len(self.media.legs)
        assert [leg.stream for leg in self.media.legs] == [None] * len(self.media.legs)
        assert [recording for recording in self.recordings.begun if not recording.ended] == []
        assert self.clock.getDelayedCalls() == []
        ended_here = [sid for sid in self.accepted if sid not in self.ended_elsewhere]
        assert {sid: self.sessions.finals[sid] for sid in ended_here} == dict.fromkeys(ended_here, 1)
        assert [sid for sid in self.accepted if self.sessions.finals[sid] > 1] == []
        last = [session for session in self.sessions.last.values() if session.status.is_final]
        asked = [session.stream_sid for session in self.passthrus.all]
        told = [session.stream_sid for session in last if callbacks_of(session)]
        self.see_second_phones(last)
        with_stream = {
            each.stream_sid for each in last if each.ending.stream_status and each.bot and each.bot.passthru
        }
        assert with_stream <= {*asked, *told}
        assert not set(asked) & set(told)

    def see_second_phones(self, last):
        """See that each call has at most one second phone, and that both records agree when both ended here."""
        seconds = {each.call_sid: each for each in last if each.parent_call_sid is not None}
        parents = Counter(each.parent_call_sid for each in seconds.values())
        assert [sid for sid, times in parents.items() if times > 1] == []
        assert [sid for sid in seconds if self.sessions.finals[sid] > 1] == []
        for first in last:
            second = None if first.second is None else seconds.get(first.second.call_sid)
            if second is not None and not {first.call_sid, second.call_sid} & self.ended_elsewhere:
                assert first.second == second.as_second()


TestCalls = Calls.TestCase
TestCalls.settings = settings(
    max_examples=50,
    stateful_step_count=30,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),  # with Phase.shrink a failure takes longer than a test may, and is not told
)
