"""Core: calls' media without sockets: phones and their networks on the gateway's own plane, tick by tick.

phone ──► network ──► media leg ──► stream to the bot, and back
"""

from collections.abc import Iterator
from random import Random
from typing import Protocol

from attrs import define, field

from exoswitch.audio.g711 import ULAW
from exoswitch.certify.phone import Phone
from exoswitch.certify.recorded_phone import RecordedPhone
from exoswitch.certify.scenario import Plan
from exoswitch.certify.tape import Tape
from exoswitch.rtp.leg import Address, LegSettings, MediaLeg
from exoswitch.rtp.packet import parse
from exoswitch.rtp.plane import Listener, MediaSession
from exoswitch.sim.network import Network

PHONE: Address = ("127.0.0.1", 4000)
"""Where a phone is said to be; nothing is sent there."""


class Control(Protocol):
    """Whoever sees to what a phone does besides speaking."""

    def pressed(self, digit: str) -> None:
        """A key was pressed."""

    def hung_up(self) -> None:
        """The caller has done everything, and hangs up."""


def _phone(plan: Plan, tape: Tape, rng: Random) -> Phone | RecordedPhone:
    if plan.recorded:
        return RecordedPhone(plan.recorded, plan.recorded_hz, tape, rng)
    return Phone(plan.stages, tape, rng)


@define(eq=False)
class PhoneLine:
    """One phone, what lies between, and its line in the plane, whose wire this is."""

    tape: Tape
    _phone: Phone | RecordedPhone
    _control: Control
    _out: Network
    _back: Network
    _now: float = field(default=0.0, init=False)
    _hung_up: bool = field(default=False, init=False)

    def tick(self, now: float) -> None:
        """Let the phone hear and speak for 20 ms; it begins when the bot has accepted the call."""
        self._now = now
        if self.tape.opened_at is None:
            return
        for data in self._back.due(now):
            self._phone.datagram(data)
        if self._hung_up:
            return
        moment = self._phone.tick(now)
        if moment is None:
            self._hung_up = True
            self._control.hung_up()
            return
        self._out.send(moment.packet, now)
        if moment.digit:
            self._control.pressed(moment.digit)

    def arrived(self) -> list[bytes]:
        """Give the packets that have reached the gateway."""
        return self._out.due(self._now)

    def send(self, packet: bytes, _address: Address) -> None:
        """Put what the gateway says on its way to the phone."""
        self.tape.line_tick(ULAW.decode(parse(packet).payload), self._now)
        self._back.send(packet, self._now)


@define(eq=False)
class Lines:
    """All lines that are open, as the plane's source of datagrams."""

    _phones: dict[MediaSession, PhoneLine] = field(factory=dict, init=False)

    def open(self, plan: Plan, tape: Tape, control: Control, listener: Listener, seed: int) -> MediaSession:
        """Make the line of a call, ready for the plane; the same seed makes the same network again."""
        rng = Random(seed)
        networks = Network(plan.network, seed), Network(plan.network, seed + 1)
        line_end = PhoneLine(tape, _phone(plan, tape, rng), control, *networks)
        leg = MediaLeg(LegSettings(source_host=PHONE[0]), rng)
        leg.direct(*PHONE)
        line = MediaSession(leg, line_end, listener)
        self._phones[line] = line_end
        return line

    def close(self, line: MediaSession) -> None:
        """Take a line out; harmless the second time."""
        self._phones.pop(line, None)

    def tick(self, now: float) -> None:
        """Let all phones do their part of 20 ms, before the plane does its own."""
        for line, phone in tuple(self._phones.items()):
            phone.tick(now)
            phone.tape.waiting(line.leg.playout.queued_ms)

    def receive(self) -> Iterator[tuple[MediaSession, bytes, Address]]:
        """Give what has reached the gateway since the last tick."""
        for line, phone in tuple(self._phones.items()):
            for data in phone.arrived():
                yield line, data, PHONE
