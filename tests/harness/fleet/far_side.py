"""The far side of a fleet: its Asterisks with their phones, and the bot, on a reactor in its own thread.

So a test is a plain program that waits and looks, and no phone falls silent meanwhile.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import define, field, frozen
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.task import LoopingCall
from twisted.internet.threads import blockingCallFromThread
from twisted.protocols.portforward import ProxyFactory, ProxyServer

from exoswitch.audio.frames import FRAME_S
from exoswitch.sim.asterisk import SimulatedAsterisk, SimulatedCall, read_script
from exoswitch.sim.behaviour import parse_behaviour
from exoswitch.sim.bot import BotStream, SimulatedBot
from exoswitch.sim.network import Conditions
from tests.harness.e2e.ports import free_port
from tests.harness.fleet.hearing import Hearing

T = TypeVar("T")

EXOPHONE = "08047491899"
LONG, SHORT = "09812345678", "09812345600"  # the numbers of a phone that never hangs up, and of one that soon does
PACED = "09712345600"  # the same on the trunk with few calls a second
SAYS_MUCH = "answer babble"
TONE_S = 0.5
SAYS_LITTLE = "answer-after=0.1 babble hangup-after=0.8"
SCRIPTS = {LONG: SAYS_MUCH, SHORT: SAYS_LITTLE, PACED: SAYS_LITTLE}


class OverheardAsterisk(SimulatedAsterisk):
    """A simulated Asterisk with a Hearing for each phone; its AMI port can be shut."""

    def __init__(self, reactor: Any, **settings: Any) -> None:
        super().__init__(reactor=reactor, script=read_script(SAYS_MUCH), full_tone_s=TONE_S, **settings)
        self.scripts = {f"+91{number[1:]}": read_script(script) for number, script in SCRIPTS.items()}
        self.scripts |= {number: read_script(script) for number, script in SCRIPTS.items()}
        self.hearings: dict[str, Hearing] = {}

    def shut_ami(self) -> None:
        """Refuse new connections, and cut the present ones; calls continue.

        The kernel gives its port to nobody meanwhile.
        """
        self._listening.stopListening()
        self.drop_connections()

    def _new_phone(self, wanted: Any) -> Any:
        phone = super()._new_phone(wanted)
        phone.caller.ear._meter = self.hearings[wanted.channel_id] = Hearing()
        return phone


@frozen
class PhoneInUse:
    """A call from the view of its phone; `id` is the channel's: the call SID, if a gateway placed the call."""

    id: str
    asterisk: str
    call: SimulatedCall = field(repr=False, eq=False)
    hearing: Hearing | None = field(repr=False, eq=False)

    @property
    def application(self) -> str:
        """The dialplan application that runs on the call."""
        return self.call._call.application


class _Relayed(ProxyServer):
    """A forwarded connection, on a reactor that is not the global one."""


@define(eq=False)
class FarSide:
    """Asterisks of these names, and a bot that answers all audio with a tone of the same length."""

    asterisk_names: tuple[str, ...] = ("pbx1", "pbx2")
    interface: str = "127.0.0.1"
    conditions: Conditions = field(factory=Conditions)
    asterisks: dict[str, OverheardAsterisk] = field(init=False)
    bot: SimulatedBot = field(init=False)
    own: Hearing = field(init=False, factory=Hearing)
    _reactor: Any = field(init=False)
    _thread: threading.Thread = field(init=False)
    _pulse: LoopingCall = field(init=False)

    # --- start and stop

    def start(self) -> None:
        """Start the reactor's thread."""
        self._reactor = reactor = EPollReactor()
        reactor.seconds = time.monotonic
        settings = {"interface": self.interface, "network": self.conditions}
        self.asterisks = {
            name: OverheardAsterisk(reactor, seed=seed, ami_port=free_port(), **settings)
            for seed, name in enumerate(self.asterisk_names)
        }
        self.bot = SimulatedBot(reactor=reactor, behaviour=parse_behaviour("tone"), interface=self.interface)
        self._thread = threading.Thread(
            target=reactor.run, kwargs={"installSignalHandlers": False}, name="far side", daemon=True
        )
        self._thread.start()
        self.do(self._begin)

    def stop(self) -> None:
        """Stop everything."""
        self.do(self._end)
        self._reactor.callFromThread(self._reactor.stop)
        self._thread.join()

    def _begin(self) -> None:
        for service in (*self.asterisks.values(), self.bot):
            service.startService()
        self._pulse = LoopingCall(lambda: self.own.happened(self._reactor.seconds()))
        self._pulse.clock = self._reactor
        self._pulse.start(FRAME_S)

    def _end(self) -> Deferred[Any]:
        self._pulse.stop()
        return gatherResults([maybeDeferred(service.stopService) for service in (self.bot, *self.asterisks.values())])

    def do(self, work: Callable[..., T], *arguments: Any) -> T:
        """Call a function in the thread of the far side, and wait for it."""
        return blockingCallFromThread(self._reactor, work, *arguments)

    @property
    def now(self) -> float:
        """The present time on the far side's clock."""
        return time.monotonic()

    # --- state

    def phones(self) -> tuple[PhoneInUse, ...]:
        """List the calls that are not over, by the Asterisks."""

        def look() -> tuple[PhoneInUse, ...]:
            return tuple(
                PhoneInUse(channel, name, call, asterisk.hearings.get(channel))
                for name, asterisk in self.asterisks.items()
                for channel, call in asterisk.calls.items()
                if not call.is_over
            )

        return self.do(look)

    def streams(self) -> tuple[BotStream, ...]:
        """List the streams that are open at the bot and have started."""
        return self.do(lambda: tuple(one for one in self.bot.open_streams if one.conversation.started is not None))

    def stalled_s(self, since: float) -> float:
        """Give the longest time for which the far side itself stood still."""
        return self.do(lambda: self.own.longest_silence_s(since, self._reactor.seconds()))

    def dialled(self) -> Counter[str]:
        """Count the dials of each channel, among the newest thousand of each Asterisk."""
        return self.do(lambda: Counter(call.channel_id for one in self.asterisks.values() for call in one.new_calls))

    # --- actions

    def relay(self, host: str, port: int) -> None:
        """Forward connections to this address to the same port of 127.0.0.1."""

        def listen() -> None:
            factory = ProxyFactory("127.0.0.1", port)
            factory.protocol = _Relayed
            factory.noisy = False
            _Relayed.reactor = self._reactor
            self._reactor.listenTCP(port, factory, interface=host)

        self.do(listen)

    def call_in(self, asterisk: str) -> PhoneInUse:
        """Let a caller call the ExoPhone through this Asterisk."""

        def ring() -> PhoneInUse:
            call = self.asterisks[asterisk].call_in(LONG, EXOPHONE)
            return PhoneInUse(call.channel_id, asterisk, call, None)

        return self.do(ring)

    def hang_up(self, phones: tuple[PhoneInUse, ...]) -> None:
        """Let these callers hang up."""
        for phone in phones:
            self.do(phone.call.hang_up)
