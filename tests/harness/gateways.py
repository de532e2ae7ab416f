"""Several gateways in one process: what they share is in memory, each has a clock of its own, and recorders round it.

A gateway that is dead, or stands still, is one whose clock is not advanced and that is told nothing.
"""

from itertools import count

from attrs import define, field
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call import events as ev
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import BotTarget
from exoswitch.fleet.jobs_memory import JobQueues, MemoryJobs
from exoswitch.fleet.memory import MemoryNodes
from exoswitch.fleet.registry import Registry
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
from tests.harness.recorders import RecordedBots, RecordedMedia, RecordedRecordings, RecordedSwitch
from tests.harness.rules import in_force

BOT = BotTarget(url="ws://bot.example.org/ws")
PERSON, OURS = "+919812345610", "+918047491899"
REQUEST = CallRequest(account="acme1", number=PERSON, exophone=OURS, bot=BOT, max_duration_s=600.0)
SILENT_S, KEEP_S = 0.7, 30.0
STEP_S = 0.1
LEG = ("10.0.0.5", 20000)
ELSEWHERE = ("10.0.0.9", 30000)

result = SynchronousTestCase()


@define(eq=False)
class SharedWorld:
    """What the gateways share: a time, the counts, the jobs, the sessions, and the SIDs that were given."""

    clock: Clock = field(factory=Clock)
    fleet: Registry = field(factory=lambda: Registry(silent_s=SILENT_S, keep_s=KEEP_S))
    queues: JobQueues = field(factory=JobQueues)
    sessions: MemorySessions = field(factory=MemorySessions)
    numbers: count = field(factory=lambda: count(1))

    def next(self, prefix):
        return f"{prefix}{next(self.numbers)}"


@define(eq=False)
class Gateway:
    """One gateway with recorders for an Asterisk, media and bots; its process is a new one each time it is made."""

    name: str
    world: SharedWorld
    capacity: int = 10
    clock: Clock = field(factory=Clock)
    switch: RecordedSwitch = field(factory=RecordedSwitch)
    media: RecordedMedia = field(factory=RecordedMedia)
    bots: RecordedBots = field(factory=RecordedBots)
    passthrus: Passthrus = field(factory=Passthrus)
    recordings: RecordedRecordings = field(factory=RecordedRecordings)
    metrics: MemoryMetrics = field(factory=MemoryMetrics)
    shares_sessions: bool = True
    has_post: bool = True
    is_alive: bool = True
    trunk_names: tuple = ("lab",)
    apps: tuple = ()
    inbound_bot: BotTarget = BOT
    nodes: MemoryNodes = field(init=False)
    jobs: MemoryJobs = field(init=False)
    trunks: MemoryTrunks = field(init=False)
    engine: Engine = field(init=False)

    def __attrs_post_init__(self):
        world = self.world
        self.clock.advance(world.clock.seconds())
        self.nodes = MemoryNodes(
            self.name,
            self.capacity,
            {"pbx1": 50},
            lambda: world.next("token"),
            registry=world.fleet,
            now=world.clock.seconds,
        )
        self.jobs = MemoryJobs(self.name, clock=self.clock, queues=world.queues if self.has_post else None)
        self.trunks = MemoryTrunks(self.name, self.clock.seconds)
        self.trunks.set_limits(dict.fromkeys(self.trunk_names, TrunkLimits(30, 1000.0)))
        self.engine = Engine(self._environment(), in_force(self._routing(), self.apps))
        self.jobs.listener = self.engine

    def _environment(self):
        world = self.world
        return Environment(
            node=self.name,
            process=world.next("process"),
            clock=self.clock,
            wall_clock=lambda: 1_700_000_000.0 + world.clock.seconds(),
            new_sid=lambda: world.next("sid"),
            nodes=self.nodes,
            media=self.media,
            bots=self.bots,
            passthru=self.passthrus,
            jobs=self.jobs,
            sessions=world.sessions,
            prices=lambda: PRICES,
            metrics=self.metrics,
            switches={"pbx1": self.switch},
            trunks=self.trunks,
            recordings=self.recordings,
        )

    def _routing(self):
        return Routing(
            limits=CallLimits(),
            concurrency={"acme1": 100, "tiny": 1},
            trunks={
                name: build(SipSettings(name=name, provider="sip", host="127.0.0.1")) for name in self.trunk_names
            },
            routes={OURS: InboundRoute("acme1", self.inbound_bot)},
            in_fleet=True,
            shares_sessions=self.shares_sessions,
        )

    def start(self, channel_ids=frozenset()):
        self.jobs.startService()
        self.engine.startService()
        self.happens(ev.SwitchReady(channel_ids))
        return self

    def happens(self, *events):
        for event in events:
            self.engine.switch_event(self.switch, event)

    def asked(self, verb):
        return [request for request in self.switch.asked if request[0] == verb]


@define(eq=False)
class Gateways:
    """A fleet whose gateways are all paired with the Asterisk pbx1."""

    world: SharedWorld = field(factory=SharedWorld)
    by_name: dict = field(factory=dict)

    def add(self, name, **details):
        self.by_name[name] = gateway = Gateway(name, self.world, **details)
        return gateway.start()

    def restart(self, name, channel_ids=frozenset(), **details):
        """Let a new process of a gateway that is dead begin, at an Asterisk that has these channels."""
        self.by_name[name] = gateway = Gateway(name, self.world, **details)
        return gateway.start(channel_ids)

    @property
    def living(self):
        return [gateway for gateway in self.by_name.values() if gateway.is_alive]

    def kill(self, name):
        gateway = self.by_name[name]
        gateway.is_alive = False
        return gateway

    def wake(self, name, *events):
        """Let a gateway that stood still go on: it hears what happened meanwhile, and then its timers are served."""
        gateway = self.by_name[name]
        gateway.is_alive = True
        gateway.clock.rightNow = self.world.clock.seconds()
        gateway.happens(*events)
        gateway.clock.advance(0)

    def advance(self, seconds):
        for _ in range(round(seconds / STEP_S)):
            self.world.clock.advance(STEP_S)
            for gateway in self.living:
                gateway.nodes.renew()
                gateway.clock.advance(STEP_S)

    def happens(self, *events):
        """Let all gateways that live hear what happens at their Asterisk."""
        for gateway in self.living:
            gateway.happens(*events)

    def place(self, name, request=REQUEST):
        """Place a call at a gateway; it is dialled by the time that this returns, wherever that is."""
        placed = self.by_name[name].engine.place(request)
        self.advance(0.2)
        return result.successResultOf(placed).call_sid

    def talk(self, name):
        """Let person and bot talk on a gateway that is alone, or the least loaded; give the call's SID."""
        sid = self.place(name)
        self.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
        self.happens(ev.MediaAnnounced(sid, "10.0.1.5", 15000, LEG))
        self.holder(sid).bots.connections[-1].listener.stream_opened()
        return sid

    def holder(self, call_sid):
        """Find the one living gateway that has a call."""
        (gateway,) = [gateway for gateway in self.living if gateway.engine._calls.find(call_sid) is not None]
        return gateway

    def session(self, call_sid):
        ((session,),) = [result.successResultOf(self.world.sessions.recall([call_sid]))]
        return session

    def leases(self):
        return {lease.call_sid: lease.gateway for lease in self.world.fleet.view(self.world.clock.seconds()).leases}


def two_with_a_call_on_the_first(fleet):
    """Give two gateways, the first one with a call, and the SID of the call."""
    first = fleet.add("gw1")
    sid = fleet.talk("gw1")
    return first, fleet.add("gw2"), sid
