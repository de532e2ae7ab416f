"""Core: the caller of a recorded conversation: it sends the same audio and the same keys at the same times."""

from collections import deque
from collections.abc import Iterable
from random import Random

from attrs import define, field

from exoswitch.audio.frames import FRAME_BYTES, FRAME_S, SAMPLE_RATE_HZ, SILENCE_PCM
from exoswitch.audio.g711 import ULAW
from exoswitch.audio.resample import Resampler
from exoswitch.certify.caller import CallerTick, heard
from exoswitch.certify.tape import Tape
from exoswitch.exotel.trace.replay_caller import CallerStep, HangUp, Press, Speak
from exoswitch.rtp.packet import Packetizer

PATIENCE_S = 10.0  # how long the caller waits where the recorded bot closed the stream itself
_READY_S = 1.5 * FRAME_S  # a recorded frame has the time of its end; the slack absorbs jitter of the recording


@define
class RecordedCaller:
    """One recorded caller, from the answer on."""

    _steps: tuple[CallerStep, ...]
    _sample_rate_hz: int
    _tape: Tape
    _rng: Random
    _ticks: int = field(default=0, init=False)
    _frames: deque[tuple[float, bytes]] = field(init=False)
    _keys: deque[tuple[float, str]] = field(init=False)
    _hangs_up_s: float = field(init=False)
    _packetizer: Packetizer = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._frames = deque(_at_the_phones_rate(self._steps, self._sample_rate_hz))
        self._keys = deque(
            (step.at_ms / 1000, step.does.digit) for step in self._steps if isinstance(step.does, Press)
        )
        self._hangs_up_s = hangs_up_s(self._steps)
        self._packetizer = Packetizer.begin(ULAW.payload_type, self._rng)

    def datagram(self, data: bytes) -> None:
        """Take a packet from the gateway."""
        self._tape.heard_at_phone += heard(data)

    def tick(self, now: float) -> CallerTick | None:
        """Let 20 ms pass. None means that the recording is over and the caller hangs up."""
        if not self._ticks:
            self._tape.stage("recorded", now)
        at_s = self._ticks * FRAME_S
        self._ticks += 1
        if at_s >= self._hangs_up_s:
            return None
        speaks = self._frames and self._frames[0][0] <= at_s + _READY_S
        pcm = self._frames.popleft()[1] if speaks else SILENCE_PCM
        digit = self._keys.popleft()[1] if self._keys and self._keys[0][0] <= at_s else ""
        return CallerTick(self._packetizer.encode(ULAW.encode(pcm), marker=False), digit)


def hangs_up_s(steps: tuple[CallerStep, ...]) -> float:
    """Give the time of the hang-up: as recorded, or `PATIENCE_S` after the last step."""
    ends = [step.at_ms / 1000 for step in steps if isinstance(step.does, HangUp)]
    return ends[0] if ends else max((step.at_ms / 1000 for step in steps), default=0.0) + PATIENCE_S


def _at_the_phones_rate(steps: Iterable[CallerStep], sample_rate_hz: int) -> Iterable[tuple[float, bytes]]:
    """Give the recorded speech in frames of 8,000 Hz, each with its time in seconds."""
    said = [(step.at_ms / 1000, step.does.pcm) for step in steps if isinstance(step.does, Speak)]
    if sample_rate_hz != SAMPLE_RATE_HZ:
        down = Resampler(sample_rate_hz, SAMPLE_RATE_HZ)
        pcm = b"".join(down.feed(pcm) for _, pcm in said) + down.flush()
        said = [(at_s, pcm[number * FRAME_BYTES :][:FRAME_BYTES]) for number, (at_s, _) in enumerate(said)]
    for at_s, frame in said:
        yield at_s, frame.ljust(FRAME_BYTES, b"\0")
