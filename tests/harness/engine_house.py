"""An engine with recorders around it, for tests that tell it events one by one."""

from itertools import count

from attrs import define, evolve, field
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call import events as ev
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import BotTarget
from exoswitch.call.stream_options import StreamOptions
from exoswitch.fleet.jobs_memory import MemoryJobs
from exoswitch.fleet.memory import MemoryNodes
from exoswitch.fleet.trunks.memory import MemoryTrunks
from exoswitch.fleet.trunks.status import TrunkLimits
from exoswitch.gateway.engine import Engine
from exoswitch.gateway.environment import Environment
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


def environment_of(house, **parts):
    """Give the environment of gateway gw1, from the attributes of a house; `parts` are the others."""
    return Environment(
        node="gw1",
        process="process1",
        clock=house.clock,
        wall_clock=lambda: 1_700_000_000.0 + house.clock.seconds(),
        nodes=house.nodes,
        media=house.media,
        bots=house.bots,
        passthru=house.passthrus,
        jobs=MemoryJobs("gw1", clock=house.clock),
        sessions=house.sessions,
        prices=lambda: PRICES,
        switches={"pbx1": house.switch},
        trunks=house.trunks,
        **parts,
    )


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
        environment = environment_of(
            self, new_sid=lambda: f"sid{next(sids)}", metrics=self.metrics, recordings=RecordedRecordings()
        )
        trunk = build(SipSettings(name="lab", provider="sip", host="127.0.0.1"))
        routing = Routing(
            limits=CallLimits(),
            concurrency={"acme1": 3, "tiny": 1},
            trunks={"lab": trunk},
            routes={OURS: InboundRoute("acme1", BOT), "+918047491800": InboundRoute("tiny", BOT)},
        )
        self.engine = Engine(environment, in_force(routing, APPS))
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


@define
class Slow:
    """A store that never answers."""

    ready: bool = True
    noted: list = field(factory=list)
    save: Unanswered = field(factory=Unanswered)

    def note(self, session):
        self.noted.append(session)
