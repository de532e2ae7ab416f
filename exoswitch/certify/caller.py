"""Core: the callers of scenarios, in moments of 20 ms: scripted in stages, or recorded. They end with the hang-up."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from exoswitch.audio.frames import FRAME_BYTES, FRAME_S, SAMPLE_RATE_HZ, SILENCE_PCM
from exoswitch.audio.resampler import Resampler
from exoswitch.certify.scenario import Stage
from exoswitch.certify.tape import Tape
from exoswitch.exotel.trace.replay_caller import CallerStep, HangUp, Press, Speak
from exoswitch.sim.script import Moment, play

PATIENCE_S = 10.0  # how long the caller waits where the recorded bot closed the stream itself
_READY_S = 1.5 * FRAME_S  # a recorded frame has the time of its end; the slack absorbs jitter of the recording


def scripted(stages: Iterable[Stage], tape: Tape, seconds: Callable[[], float]) -> Iterator[Moment]:
    """Play stages in order. A stage can end early when the tape shows that the bot has done its part."""
    for stage in stages:
        tape.stages.append((stage.name, seconds()))
        moments = play(stage.script)
        for _ in range(round(stage.at_most_s / FRAME_S)):
            if stage.until(tape, seconds()):
                break
            yield next(moments)


def recorded(
    steps: Iterable[CallerStep], sample_rate_hz: int, tape: Tape, seconds: Callable[[], float]
) -> Iterator[Moment]:
    """Send the same audio and the same keys at the same times as in a recording of this sample rate."""
    tape.stages.append(("recorded", seconds()))
    frames = deque(_at_the_phones_rate(steps, sample_rate_hz))
    keys = deque((step.at_ms / 1000, step.does.digit) for step in steps if isinstance(step.does, Press))
    end_s = hangs_up_s(steps)
    for tick in count():
        at_s = tick * FRAME_S
        if at_s >= end_s:
            return
        pcm = frames.popleft()[1] if frames and frames[0][0] <= at_s + _READY_S else SILENCE_PCM
        yield Moment(pcm, keys.popleft()[1] if keys and keys[0][0] <= at_s else "")


def hangs_up_s(steps: Iterable[CallerStep]) -> float:
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
