"""Adapter: a simulated Asterisk: AMI over TCP, a UDP port for each bridged call, and phones that follow scripts.

The program under test connects to it as to a real one. Tests have verbs: wait for a connection or a call, answer,
press, hang up, call in, drop the connections, freeze.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.ami.message import encode
from exoswitch.audio.frames import FRAME_S
from exoswitch.audio.g711 import LAWS_BY_NAME
from exoswitch.errors import InvalidValue
from exoswitch.sim.ami_factory import AmiFactory
from exoswitch.sim.ami_server import AmiServer
from exoswitch.sim.caller import Caller
from exoswitch.sim.exchange import CloseMedia, Disconnect, Effect, JoinMedia, OpenMedia, Send
from exoswitch.sim.latency import Meters
from exoswitch.sim.network import Conditions, Network
from exoswitch.sim.occasions import Occasions
from exoswitch.sim.pbx import SimulatedPbx
from exoswitch.sim.phone import Phone
from exoswitch.sim.phone_call import CallBegan, PhoneCall
from exoswitch.sim.script import Script, parse_script
from exoswitch.sim.trunks import Trunk
from exoswitch.tasks.spawn import spawn

_log = Logger()
_MOST_TICKS_AT_ONCE = 50
_NOWHERE = ("127.0.0.1", 9)
_LARGEST_FILE = 10_000_000  # ten minutes of sound


def read_script(text: str) -> Script:
    """Read a script and its WAV files.

    Raises:
        InvalidValue: a word is unknown, or its value is wrong.
    """
    return parse_script(text, _read_file)


def _read_file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise InvalidValue(f"it cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST_FILE:
        raise InvalidValue(f"it is larger than {_LARGEST_FILE:,} bytes")
    return data


@define(eq=False)
class SimulatedCall:
    """A call of a simulated Asterisk, with verbs for tests. `phone` exists after a gateway bridged the call."""

    _asterisk: "SimulatedAsterisk" = field(repr=False)
    _call: PhoneCall = field(repr=False)
    phone: Phone | None = field(init=False, default=None)
    bridged: Occasions[Phone] = field(init=False, factory=Occasions)
    ended: Occasions["SimulatedCall"] = field(init=False, factory=Occasions)

    @property
    def channel_id(self) -> str:
        """Give the Uniqueid of the channel towards the phone."""
        return self._call.channel.unique_id

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self._call.is_over

    def answer(self) -> None:
        """Pick up the phone before the script does."""
        self._call.answer()
        self._asterisk.carry_out()

    def press(self, digits: str) -> None:
        """Press keys, all at the same time."""
        for digit in digits:
            self._call.press(digit, 100)
        self._asterisk.carry_out()

    def hang_up(self, cause: int = 16) -> None:
        """Hang up the phone."""
        self._call.hang_up(cause, by_phone=True)
        self._asterisk.carry_out()


@define(eq=False, kw_only=True, slots=False)
class SimulatedAsterisk(Service):
    """An Asterisk that listens for AMI on `interface` and `ami_port` (0: any free one).

    `scripts` has scripts by dialled number on a trunk (``0981…@lab``), by number, or by trunk (``@lab``); `script` is
    for all other phones. `network` is between the phones and the gateway, each way. All random numbers come from
    `seed`. A caller without a gateway hears the congestion tone for `full_tone_s`. `trunks` are there from the
    beginning; a trunk that a call names is there from then on.
    """

    reactor: Any
    username: str = "exoswitch"
    secret: str = field(default="secret", repr=False)
    interface: str = "127.0.0.1"
    ami_port: int = 0
    script: Script = field(factory=lambda: read_script("answer-after=0.3"))
    scripts: Mapping[str, Script] = field(factory=dict)
    network: Conditions = field(factory=Conditions)
    seed: int = 0
    meters: Meters | None = None
    full_tone_s: float = 4.0
    trunks: Iterable[Trunk] = ()
    pbx: SimulatedPbx = field(init=False)
    new_calls: Occasions[SimulatedCall] = field(init=False, factory=Occasions)
    calls: dict[str, SimulatedCall] = field(init=False, factory=dict)
    is_frozen: bool = field(init=False, default=False)
    _factory: AmiFactory = field(init=False, repr=False)
    _listening: Any = field(init=False, default=None)
    _ticker: LoopingCall = field(init=False, repr=False)
    _wake_up: IDelayedCall | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.pbx = SimulatedPbx(choose_script=self._choose_script, full_tone_s=self.full_tone_s)
        self.pbx.trunks.add(self.trunks)
        server = AmiServer(pbx=self.pbx, username=self.username, secret=self.secret, rng=Random(self.seed))
        self._factory = AmiFactory(server, self.reactor, self.carry_out)
        self._ticker = LoopingCall.withCount(self._tick)
        self._ticker.clock = self.reactor

    # --- verbs

    @property
    def endpoint(self) -> str:
        """Give the Twisted endpoint string of the AMI. The service must be running."""
        return f"tcp:{self.interface}:{self.ami_port}"

    def call_in(self, caller: str, callee: str, script: Script | None = None, *, trunk: str = "lab") -> SimulatedCall:
        """Make a call from a trunk. Its script begins when a gateway bridges the call."""
        call = self.pbx.arrive(caller, callee, script or self.script, trunk)
        self.carry_out()
        return self.calls[call.channel.unique_id]

    def set_reachable(self, trunk: str, *, is_reachable: bool) -> None:
        """Let a trunk answer OPTIONS, or stop to; without an answer it cannot be dialled."""
        self.pbx.trunks.set_reachable(trunk, is_reachable=is_reachable)
        self.carry_out()

    def refuse_registration(self, trunk: str, *, for_good: bool = False) -> None:
        """Let a carrier reject the registration of a trunk; if it is `for_good`, Asterisk does not try again."""
        self.pbx.trunks.refuse_registration(trunk, self.reactor.seconds(), for_good=for_good)
        self.carry_out()

    def accept_registration(self, trunk: str) -> None:
        """Let a carrier accept the next attempt to register."""
        self.pbx.trunks.accept_registration(trunk)

    def register(self, trunk: str) -> None:
        """Let Asterisk try to register now."""
        self.pbx.trunks.register(trunk, self.reactor.seconds())
        self.carry_out()

    def unregister(self, trunk: str) -> None:
        """End a registration, as an operator can; Asterisk does not begin it again by itself."""
        self.pbx.trunks.unregister(trunk)
        self.carry_out()

    def drop_connections(self) -> None:
        """Drop every AMI connection. Calls continue."""
        for transport in tuple(self._factory.transports.values()):
            transport.abortConnection()

    def freeze(self) -> None:
        """Stop reading and answering AMI, as an Asterisk in a deadlock does. Media continues."""
        self.is_frozen = True
        for transport in self._factory.transports.values():
            transport.pauseProducing()

    def thaw(self) -> None:
        """Continue after a freeze."""
        self.is_frozen = False
        for transport in self._factory.transports.values():
            transport.resumeProducing()
        self.carry_out()

    # --- a service

    def open_ami(self) -> None:
        """Listen for AMI; later on the same port as at first."""
        self._listening = self.reactor.listenTCP(self.ami_port, self._factory, interface=self.interface)
        self.ami_port = self._listening.getHost().port

    def startService(self) -> None:
        """Listen, and start the ticks."""
        super().startService()
        self.open_ami()
        spawn(self._ticker.start(FRAME_S, now=False), _log, "the tick of the simulated phones")

    def stopService(self) -> Deferred[None]:
        """Close everything."""
        super().stopService()
        self._ticker.stop()
        if self._wake_up is not None and self._wake_up.active():
            self._wake_up.cancel()
        for call in tuple(self.calls.values()):
            self._close_media(call.channel_id)
        self.drop_connections()
        return maybeDeferred(self._listening.stopListening)

    # --- effects of the core

    def carry_out(self) -> None:
        """Carry out the effects of the core, and set its next wake-up."""
        if self.is_frozen:
            return
        self.pbx.exchange.wake(self.reactor.seconds())
        effects = self.pbx.exchange.effects
        while effects:
            batch = tuple(effects)
            effects.clear()
            for effect in batch:
                self._do(effect)
        self._set_wake_up()

    def _set_wake_up(self) -> None:
        if self._wake_up is not None and self._wake_up.active():
            self._wake_up.cancel()
        deadline = self.pbx.exchange.next_deadline()
        if deadline is not None:
            self._wake_up = self.reactor.callLater(max(0.0, deadline - self.reactor.seconds()), self.carry_out)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Send(connection, message):
                if transport := self._factory.transports.get(connection):
                    transport.write(encode(message))
            case Disconnect(connection):
                if transport := self._factory.transports.get(connection):
                    transport.loseConnection()
            case CallBegan(call):
                begun = self.calls[call.channel.unique_id] = SimulatedCall(self, call)
                self.new_calls.happened(begun)
            case OpenMedia():
                self._open_media(effect)
            case JoinMedia(first, second):
                self._join_media(first, second)
            case CloseMedia(channel_id):
                self._close_media(channel_id)

    def _open_media(self, wanted: OpenMedia) -> None:
        call = self.calls[wanted.channel_id]
        if call.phone is None:
            call.phone = self._new_phone(wanted)
        host, port = call.phone.open((wanted.host, wanted.port))
        self.pbx.media_opened(wanted.channel_id, host, port)
        call.bridged.happened(call.phone)

    def _join_media(self, *wanted: OpenMedia) -> None:
        phones = []
        for each in wanted:
            call = self.calls[each.channel_id]
            call.phone = call.phone or self._new_phone(each)
            phones.append(call.phone)
        first, second = phones
        first.remote = second.open(first.open(_NOWHERE))

    def _new_phone(self, wanted: OpenMedia) -> Phone:
        rng = Random(f"{self.seed} {wanted.channel_id}")
        law = LAWS_BY_NAME[wanted.codec]
        caller = Caller(wanted.script, rng, self.reactor.seconds(), law=law, meters=self.meters, also=wanted.also)
        networks = Network(self.network, rng.getrandbits(32)), Network(self.network, rng.getrandbits(32))
        return Phone(self.reactor, self.interface, caller, *networks)

    def _close_media(self, channel_id: str) -> None:
        call = self.calls.pop(channel_id)
        if call.phone is not None:
            call.phone.close()
        call.ended.happened(call)

    def _choose_script(self, number: str, trunk: str) -> Script:
        found = (self.scripts.get(key) for key in (f"{number}@{trunk}", number, f"@{trunk}"))
        return next(filter(None, found), self.script)

    # --- time

    def _tick(self, count: int) -> None:
        """Run the ticks of all phones since the last call, but not all after a long pause of the machine."""
        for _ in range(min(count, _MOST_TICKS_AT_ONCE)):
            for call in tuple(self.calls.values()):
                if call.phone is None or call.is_over:
                    continue
                moment = call.phone.tick()
                if moment.digit:
                    call.press(moment.digit)
                if moment.hangs_up:
                    call.hang_up()
