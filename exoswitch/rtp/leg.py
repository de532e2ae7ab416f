"""Core: one call's media: RTP from and to Asterisk, the caller's audio to the bot, the bot's audio to the caller.

The driver gives it each datagram, and calls `tick` every 20 ms; it has no clock of its own.
"""

import random
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from attrs import define, field

from exoswitch.audio.concealment import Concealer
from exoswitch.audio.frames import FRAME_SAMPLES, Loop, ms_to_samples
from exoswitch.audio.g711 import LAWS_BY_PAYLOAD_TYPE
from exoswitch.call.media import RecordingSink
from exoswitch.errors import RemoteProtocolError
from exoswitch.rtp.jitter import JitterBuffer
from exoswitch.rtp.packet import Packetizer, RtpPacket, parse
from exoswitch.rtp.playout import Playout
from exoswitch.rtp.reception import Arrival, Reception
from exoswitch.rtp.session import Address, LegCounts, LegSettings
from exoswitch.rtp.tape import Tape
from exoswitch.rtp.timeline import Timeline

_NEXT, _AHEAD, _REORDERED, _RESTARTED = Arrival.NEXT, Arrival.AHEAD, Arrival.REORDERED, Arrival.RESTARTED


class LegState(Enum):
    """What a leg does with the audio of both sides.

    All states play the queued audio of the bot. `ATTACHED` also gives the caller's audio. `HOLDING` plays the
    waiting sound in every gap. `DRAINING` becomes `DRAINED` in the first tick with nothing to play.
    """

    IDLE = "idle"
    ATTACHED = "attached"
    HOLDING = "holding"
    DRAINING = "draining"
    DRAINED = "drained"


_IDLE, _ATTACHED, _HOLDING = LegState.IDLE, LegState.ATTACHED, LegState.HOLDING
_DRAINING, _DRAINED = LegState.DRAINING, LegState.DRAINED


class LegTick(NamedTuple):
    """The result of one tick of a call.

    `packet` goes to the leg's `remote`, `pcm` (320 bytes) and then `marks` to the bot; `silent_s` is set in the
    one tick that finds the caller's media missing for too long.
    """

    pcm: bytes | None
    packet: bytes | None
    marks: Sequence[str]
    silent_s: float | None


@define
class MediaLeg:
    """One call's media; `playout` takes the bot's audio, its marks and clears.

    The parts `reception`, `jitter` and `playout` count, and so do these fields.

    `foreign` datagrams came from another address than this call's, `malformed` ones are no RTP, `unsupported` ones
    are RTP of another codec than G.711.
    """

    settings: LegSettings
    _rng: random.Random
    remote: Address | None = field(default=None, init=False)
    state: LegState = field(default=_IDLE, init=False)
    reception: Reception = field(factory=Reception, init=False)
    timeline: Timeline = field(factory=Timeline, init=False)
    jitter: JitterBuffer = field(init=False)
    playout: Playout = field(init=False)
    foreign: int = field(default=0, init=False)
    malformed: int = field(default=0, init=False)
    unsupported: int = field(default=0, init=False)
    sent: int = field(default=0, init=False)
    _tape: Tape | None = field(default=None, init=False)
    _waiting: Loop | None = field(default=None, init=False)
    _concealer: Concealer = field(factory=Concealer, init=False)
    _packetizer: Packetizer = field(init=False)
    _silence: bytes = field(init=False)
    _talking: bool = field(default=False, init=False)
    _directed: bool = field(default=False, init=False)
    _received_before: int = field(default=0, init=False)  # packets before the last change of the address
    _awaiting: bool = field(default=False, init=False)  # whether missing media is to be reported
    _heard_at: float | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        law = self.settings.law
        self.jitter = JitterBuffer(ms_to_samples(self.settings.jitter_max_ms))
        self.playout = Playout(law, self.settings.playout_max_s)
        self._packetizer = Packetizer.begin(law.payload_type, self._rng)
        self._silence = law.silence * FRAME_SAMPLES

    # --- decisions of the call

    def direct(self, host: str, port: int) -> None:
        """Send RTP to this address from now on, and accept it from nowhere else."""
        if (host, port) != self.remote:
            self.remote = (host, port)
            self._received_before = self.reception.received
            self.reception.await_source()
            self._forget_source()
        self._directed = True
        self._await_media()

    @property
    def is_heard(self) -> bool:
        """Whether RTP has come from the address to which this leg was directed."""
        return self._directed and self.reception.received > self._received_before

    def attach(self) -> None:
        """Let the caller's audio come out of the ticks from now on; audio that came before is dropped.

        While the call is recorded, the audio in the jitter buffer is not: it is due in the next ticks.
        """
        self.state = _ATTACHED
        if self._tape is None:
            self._forget_source()
        self._await_media()

    def detach(self) -> None:
        """Stop the caller's audio, and drop the bot's audio with its marks."""
        self.state = _IDLE
        self.playout.drop()

    def hold(self) -> None:
        """Detach, and play the waiting sound until a stream is attached."""
        self.detach()
        self.state = _HOLDING
        sound = self.settings.waiting_sound
        self._waiting = Loop(sound) if sound else None

    def drain(self) -> None:
        """Stop the caller's audio, and play the bot's audio to its end; then the state is `DRAINED`."""
        self.state = _DRAINING

    def record(self, sink: RecordingSink | None) -> None:
        """Give both sides to this sink from the next tick on; None ends it, and gives the rest."""
        if self._tape is not None:
            self._tape.give()
        elif self.state is not _ATTACHED:
            self._forget_source()
        self._tape = None if sink is None else Tape(sink, self.settings.law)

    def _forget_source(self) -> None:
        self.jitter.restart()
        self._concealer = Concealer()

    def _await_media(self) -> None:
        self._awaiting, self._heard_at = True, None

    # --- network and clock

    def accepts(self, address: Address) -> bool:
        """Tell whether a datagram from this address belongs to this call; if not, count it."""
        if address == self.remote or (self.remote is None and address[0] == self.settings.source_host):
            return True
        self.foreign += 1
        return False

    def datagram(self, data: bytes, address: Address, now: float) -> None:
        """Take a datagram from the call's port."""
        remote = self.remote
        if address != remote and not self.accepts(address):
            return
        try:
            packet = parse(data)
        except RemoteProtocolError:
            self.malformed += 1
            return
        law = LAWS_BY_PAYLOAD_TYPE.get(packet.payload_type)
        if law is None:
            self._take_without_audio(packet, now)
            return
        if remote is None:
            self.remote = address
        self._awaiting, self._heard_at = True, now
        arrival = self.reception.arrived(packet, now)
        if self.state is not _ATTACHED and self._tape is None:
            return
        newest = True
        if arrival is _NEXT:
            position = self.timeline.following(packet)
        elif arrival is _AHEAD:
            position = self.timeline.following(packet, self.reception.apart)
        elif arrival is _REORDERED:
            position, newest = self.timeline.earlier(packet, self.reception.apart), False
        elif arrival is _RESTARTED:
            self._begin_source(packet)
            position = self.timeline.following(packet)
        else:
            return
        self.jitter.push(position, law.decode(packet.payload), newest)

    def _begin_source(self, packet: RtpPacket) -> None:
        """Forget the old source; the new one is played from its first packet on, which this one has confirmed."""
        self.jitter.restart()
        first = self.reception.first_of_source
        law = None if first is None else LAWS_BY_PAYLOAD_TYPE.get(first.payload_type)
        if first is None or law is None:
            self.timeline.restart(packet)
        else:
            self.timeline.restart(first)
            self.jitter.push(self.timeline.following(first), law.decode(first.payload), newest=True)

    def _take_without_audio(self, packet: RtpPacket, now: float) -> None:
        """Take comfort noise and key events as a sign of life and as a pause of the audio; count all else."""
        if not packet.is_comfort_noise and not packet.is_key_event:
            self.unsupported += 1
            return
        self._awaiting, self._heard_at = True, now
        arrival = self.reception.numbered(packet)
        if arrival is _RESTARTED:
            self._begin_source(packet)
        elif arrival is _NEXT or arrival is _AHEAD:
            self.jitter.pause()

    def tick(self, now: float) -> LegTick:
        """Let 20 ms pass; audio that came before `now` is due."""
        packet: bytes | None = None
        played = self._silence
        marks: Sequence[str] = ()
        if self.remote is not None:
            frame = self.playout.pop()
            if frame is None:
                frame = self._frame_of_none()
            marks = self.playout.due_marks()
            played = frame or self._silence
            packet = self._packetizer.encode(played, frame is not None and not self._talking)
            self._talking = frame is not None
            self.sent += 1
        tape = self._tape
        pcm = self._caller_frame() if self.state is _ATTACHED or tape is not None else None
        if tape is not None and pcm is not None:
            tape.add(pcm, played, now)
            pcm = pcm if self.state is _ATTACHED else None
        return LegTick(pcm, packet, marks, self._found_silent(now) if self._awaiting else None)

    def counts(self) -> LegCounts:
        """Gather the counts of all parts; this leg does not know what its plane counts."""
        reception, jitter, playout = self.reception, self.jitter, self.playout
        return LegCounts(
            received=reception.received,
            lost=reception.lost,
            duplicate=reception.duplicate,
            reordered=reception.reordered,
            stray=reception.stray,
            late=jitter.late,
            concealed=jitter.concealed,
            skipped=jitter.skipped,
            foreign=self.foreign,
            malformed=self.malformed,
            unsupported=self.unsupported,
            sent=self.sent,
            unsent=0,
            underruns=playout.underruns,
            overflowed_samples=playout.overflowed_samples,
            longest_samples=playout.longest_samples,
            marks_played=playout.marks_played,
            marks_cleared=playout.marks_cleared,
            marks_lost=playout.marks_lost,
            clears=playout.clears,
            flooded=0,
            unrecorded=0,
            untold=0,
            jitter_ms=reception.jitter_ms,
        )

    def forgive(self, gap_s: float) -> None:
        """Do not count this time as silence of the caller: the process was paused."""
        if self._heard_at is not None:
            self._heard_at += gap_s

    def _frame_of_none(self) -> bytes | None:
        """Give the sound that replaces missing audio of the bot, or None for silence."""
        if self.state is _DRAINING:
            self.state = _DRAINED
        return self._waiting.pop() if self.state is _HOLDING and self._waiting is not None else None

    def _caller_frame(self) -> bytes:
        pcm = self.jitter.pop()
        if pcm is None:
            return self._concealer.conceal()
        self._concealer.last = pcm
        self._concealer.repeated = 0
        return pcm

    def _found_silent(self, now: float) -> float | None:
        """Give the time without media, once it is too long; then not again before media has returned."""
        if self._heard_at is None:
            self._heard_at = now
        silent_s = now - self._heard_at
        if silent_s < self.settings.silence_timeout_s:
            return None
        self._awaiting = False
        return silent_s
