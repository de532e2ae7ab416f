"""Whatever order answers, events and time-outs come in, an engine that has stopped has nothing left of any call."""

from collections import Counter
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from exoswitch.call import events as ev
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import BotTarget
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import BackendUnavailable, CallTaken, ChannelGone, TrunkRefused
from exoswitch.fleet.jobs_memory import MemoryJobs
from exoswitch.fleet.memory import MemoryNodes
from exoswitch.gateway.engine import STOP_WAIT_S, Engine
from exoswitch.gateway.environment import Environment
from exoswitch.interfaces.calls import CallRequest
from exoswitch.interfaces.routing import InboundRoute, Routing
from exoswitch.sessions.memory import MemorySessions
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.trunks.channels import TrunkChannels
from exoswitch.trunks.registry import build
from exoswitch.trunks.sip import SipSettings
from tests.harness.prices import PRICES
from tests.harness.recorders import RecordedBots, RecordedMedia, RecordedSwitch
from tests.harness.rules import in_force

OURS = "+918047491899"
TRUNK_CHANNELS = 4
HERE, ELSEWHERE = ("10.0.0.5", 20000), ("10.0.0.9", 30000)
OPTIONS = st.builds(
    StreamOptions, on_stream_loss=st.sampled_from(["reconnect", "hang-up"]), drain_on_close=st.booleans()
)
FAILURES = (BackendUnavailable("away"), TrunkRefused("no"), ChannelGone("gone"), CallTaken("gw2 has it"))
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
    ev.ChannelTaken,
)


class Questions:
    """The questions that wait for their answers."""

    def __init__(self):
        self.open = []

    def ask(self, what, about=None):
        answer = Deferred()
        self.open.append((what, about, answer))
        return answer


class SlowSwitch(RecordedSwitch):
    questions = None

    def _reply(self, *request, result=None):
        del result
        self.asked.append(request)
        return self.questions.ask(request[0])


class SlowSessions(MemorySessions):
    questions = None

    def __init__(self):
        super().__init__()
        self.finals = Counter()

    def save(self, session):
        return self.questions.ask("save", session)

    def claim(self, call_sid, token):
        del token
        return self.questions.ask("claim", call_sid)

    def note(self, session):
        self.finals[session.call_sid] += session.status.is_final
        super().note(session)


class Calls(RuleBasedStateMachine):
    """One engine; its store and its Asterisk answer late, in any order, or never."""

    def __init__(self):
        super().__init__()
        self.clock, self.questions, numbers = Clock(), Questions(), count(1)
        self.switch, self.media, self.bots = SlowSwitch(), RecordedMedia(), RecordedBots()
        self.sessions = SlowSessions()
        self.switch.questions = self.sessions.questions = self.questions
        self.nodes = MemoryNodes("gw1", 6, {"pbx1": 6}, lambda: f"token{next(numbers)}")
        environment = Environment(
            node="gw1",
            process="process1",
            clock=self.clock,
            wall_clock=lambda: 1_700_000_000.0 + self.clock.seconds(),
            new_sid=lambda: f"sid{next(numbers)}",
            nodes=self.nodes,
            media=self.media,
            bots=self.bots,
            jobs=MemoryJobs("gw1", clock=self.clock),
            sessions=self.sessions,
            prices=lambda: PRICES,
            metrics=MemoryMetrics(),
            switches={"pbx1": self.switch},
        )
        routing = Routing(
            limits=CallLimits(max_duration_s=60.0),
            concurrency={"acme1": 100},
            trunks={"lab": build(SipSettings(name="lab", provider="sip", host="127.0.0.1"))},
            routes={OURS: InboundRoute("acme1", BotTarget(url="ws://bot.example.org/ws"))},
        )
        self.trunks = TrunkChannels.of([("lab", TRUNK_CHANNELS, 1.0)])
        self.engine = Engine(environment, in_force(routing), self.trunks)
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
            self.ended_elsewhere.add(event.channel_id)
        self.engine.switch_event(self.switch, event)

    # --- Calls begin ------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.channels) < 5)
    @rule(options=OPTIONS)
    def a_call_is_placed(self, options):
        bot = BotTarget(url="ws://bot.example.org/ws", options=options)
        request = CallRequest(account="acme1", number="+919812345610", exophone=OURS, bot=bot)
        before = {call.call_sid for call in self.live()}
        placed = self.engine.place(request)
        self.channels += [call.call_sid for call in self.live() if call.call_sid not in before]
        placed.addCallbacks(lambda session: self.accepted.append(session.call_sid), lambda _: None)

    @rule(options=OPTIONS, steps=st.integers(1, 7))
    def a_call_is_placed_and_goes_well_at_first(self, options, steps):
        known, asked = set(self.channels), len(self.questions.open)
        self.a_call_is_placed(options)
        new = [sid for sid in self.channels if sid not in known]
        for _ in range(min(steps, 3) if new else 0):  # save, claim, originate
            self.clock.pump([1.0] * 4)
            new_questions = self.questions.open[asked:]
            del self.questions.open[asked:]
            for question in new_questions:
                self.answer(question, result=True)
        for event in EVENTS[: max(0, steps - 3)][:3] if new else ():
            self.tell(event(new[0]))
        if new and steps > 6 and self.bots.connections:
            self.told.add(id(self.bots.connections[-1]))
            self.bots.connections[-1].listener.stream_opened()

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
        what = question[0]
        results = [True, False] if what in {"claim", "take_over"} else [None]
        failures = FAILURES[:1] if what in {"save", "claim"} else FAILURES
        self.answer(question, data.draw(st.sampled_from([*results, *results, *failures])))

    def answer(self, question, result):
        what, about, answer = question
        if answer.called:
            return  # It has timed out.
        if isinstance(result, Exception):
            answer.errback(result)
            return
        if what == "save":
            self.sessions.note(about)
        elif what == "claim" and not result:
            self.ended_elsewhere.add(about)
        answer.callback(result)

    @precondition(lambda self: self.channels)
    @rule(data=st.data(), event=st.sampled_from(EVENTS))
    def something_happens_to_a_channel(self, data, event):
        self.tell(event(data.draw(st.sampled_from(self.channels))))

    @rule(data=st.data())
    def the_link_is_lost_and_comes_back(self, data):
        self.engine.switch_event(self.switch, ev.SwitchLost("pulled"))
        gone = data.draw(st.sets(st.sampled_from(self.channels), max_size=2)) if self.channels else set()
        up = set(self.channels) - gone
        legs = {channel_id: data.draw(st.sampled_from([HERE, HERE, HERE, ELSEWHERE])) for channel_id in sorted(up)}
        self.ended_elsewhere |= {channel_id for channel_id, leg in legs.items() if leg == ELSEWHERE}
        self.engine.switch_event(self.switch, ev.SwitchReady(frozenset(up), legs))

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def another_gateway_has_a_call(self, data):
        call = self.engine._calls.find(data.draw(st.sampled_from([call.call_sid for call in self.live()])))
        self.ended_elsewhere.add(call.channel.channel_id)
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
        assert [self.trunks.take(self.clock.seconds())[0] for _ in range(TRUNK_CHANNELS)] == ["lab"] * TRUNK_CHANNELS
        assert [leg.asked.count(("close",)) for leg in self.media.legs] == [1] * len(self.media.legs)
        assert [leg.stream for leg in self.media.legs] == [None] * len(self.media.legs)
        assert self.clock.getDelayedCalls() == []
        ended_here = [sid for sid in self.accepted if sid not in self.ended_elsewhere]
        assert {sid: self.sessions.finals[sid] for sid in ended_here} == dict.fromkeys(ended_here, 1)
        assert [sid for sid in self.accepted if self.sessions.finals[sid] > 1] == []


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
