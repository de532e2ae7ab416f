"""Core: simulated phones on the gateway's own media plane, without sockets, tick by tick.

caller ──► network ──► media leg ──► stream to the bot, and back
"""

from collections.abc import Iterator
from random import Random
from typing import Protocol

from attrs import define, field

from exoswitch.audio.g711 import ULAW
from exoswitch.certify.caller import recorded, scripted
from exoswitch.certify.hearing import is_audible
from exoswitch.certify.scenario import Plan
from exoswitch.certify.tape import Tape
from exoswitch.rtp.packet import Packetizer, parse
from exoswitch.rtp.session import Address, AnyPlane, LegSettings, Listener, Session
from exoswitch.sim.network import Network
from exoswitch.sim.script import Moment

PHONE: Address = ("127.0.0.1", 4000)
"""The address of every simulated phone. No packet is sent there."""


class Control(Protocol):
    """Receives the caller's actions other than speech."""

    def pressed(self, digit: str) -> None:
        """The caller pressed a key."""

    def hung_up(self) -> None:
        """The caller hangs up."""


@define(eq=False)
class SimulatedPhone:
    """A caller and the network between it and the gateway: the wire of a media session."""

    tape: Tape
    _plan: Plan
    _control: Control
    _packetizer: Packetizer
    _out: Network
    _back: Network
    _moments: Iterator[Moment] = field(init=False)
    _now: float = field(default=0.0, init=False)
    _hung_up: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        plan, begin = self._plan, (self.tape, lambda: self._now)
        self._moments = (
            recorded(plan.recorded, plan.recorded_hz, *begin) if plan.recorded else scripted(plan.stages, *begin)
        )

    def tick(self, now: float) -> None:
        """Let 20 ms pass. The caller begins when the bot has accepted the call."""
        self._now = now
        if self.tape.opened_at is None:
            return
        for data in self._back.due(now):
            self.tape.heard_at_phone += is_audible(_pcm_of(data))
        if self._hung_up:
            return
        moment = next(self._moments, None)
        if moment is None:
            self._hung_up = True
            self._control.hung_up()
            return
        self._out.send(self._packetizer.encode(ULAW.encode(moment.pcm), marker=False), now)
        if moment.digit:
            self._control.pressed(moment.digit)

    def arrived(self) -> list[bytes]:
        """Take the packets that have reached the gateway."""
        return self._out.due(self._now)

    @property
    def send_errors(self) -> int:
        """Give none."""
        return 0

    def connect(self, address: Address) -> None:
        """Do nothing: no stranger reaches a simulated network."""

    def send(self, packet: bytes, _address: Address) -> None:
        """Send the gateway's packet through the network to the caller."""
        self.tape.line_tick(_pcm_of(packet), self._now)
        self._back.send(packet, self._now)


def _pcm_of(packet: bytes) -> bytes:
    return ULAW.decode(parse(packet).payload)


@define(eq=False)
class SimulatedPhones:
    """All phones in use: the plane's source of datagrams."""

    _phones: dict[Session, SimulatedPhone] = field(factory=dict, init=False)

    def open(
        self, plan: Plan, tape: Tape, control: Control, listener: Listener, *, seed: int, plane: AnyPlane
    ) -> Session:
        """Add a call to the plane. The same seed gives the same network."""
        rng = Random(seed)
        packetizer = Packetizer.begin(ULAW.payload_type, rng)
        networks = Network(plan.network, seed), Network(plan.network, seed + 1)
        phone = SimulatedPhone(tape, plan, control, packetizer, *networks)
        media = plane.open(LegSettings(source_host=PHONE[0]), rng, phone, listener, None)
        media.direct(*PHONE)
        self._phones[media] = phone
        return media

    def close(self, media: Session) -> None:
        """Remove a phone. A second call does nothing."""
        self._phones.pop(media, None)

    def tick(self, now: float) -> None:
        """Let 20 ms pass for all phones. The plane's tick comes after this."""
        for media, phone in tuple(self._phones.items()):
            phone.tick(now)
            phone.tape.waiting(media.queued_ms)

    def receive(self) -> Iterator[tuple[Session, bytes, Address]]:
        """Take the packets that have reached the gateway since the last tick."""
        for media, phone in tuple(self._phones.items()):
            for data in phone.arrived():
                yield media, data, PHONE
