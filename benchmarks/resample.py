"""The CPU time of the resampler for 20 ms of one call, compared with other methods.

    pip install numpy soxr        # for the other methods; a missing one is left out
    python benchmarks/resample.py

numpy applies the same filter; its import costs 0.1 s and 14 MB. Plain Python sums products in a loop. soxr is a
library for resampling. The time is the least of many rounds in turns, so other load on the machine counts little.
"Late" is the largest lag of the output behind the input after a chunk, in the first second of a stream.
"""

import platform
import random
import struct
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module, util
from operator import mul

from exoswitch.audio.resample import REACH_SAMPLES, Resampler
from exoswitch.bench.machine import processor

Feed = Callable[[bytes], bytes]

TAPS = 2 * REACH_SAMPLES
UNITY = 1 << 14
DIRECTIONS = [(8000, 16000), (16000, 8000), (8000, 24000), (24000, 8000)]
ROUNDS, CHUNKS = 40, 250


def phases(ratio: int) -> list[list[int]]:
    """Get the resampler's filter from its answer to a click: taps for each point between two samples."""
    click = Resampler(8000, 8000 * ratio).feed(struct.pack(f"<{TAPS}h", UNITY, *[0] * (TAPS - 1)))
    answer = struct.unpack(f"<{TAPS * ratio}h", click)
    return [list(answer[phase::ratio]) for phase in range(1, ratio)]


def in_python(from_hz: int, to_hz: int) -> Feed:
    """Use the resampler of an installation without a compiler."""
    return Resampler(from_hz, to_hz).feed


def compiled(from_hz: int, to_hz: int) -> Feed:
    """Use the compiled resampler."""
    feed: Feed = import_module("exoswitch.audio._native").Resampler(from_hz, to_hz).feed
    return feed


def numpy_upward(from_hz: int, to_hz: int) -> Feed:
    """Convolve each phase with numpy."""
    np = import_module("numpy")
    ratio = to_hz // from_hz
    filters = [np.array(taps[::-1], float) for taps in phases(ratio)]
    past = np.zeros(TAPS - 1)

    def feed(pcm: bytes) -> bytes:
        nonlocal past
        count = len(pcm) // 2
        line = np.concatenate((past, np.frombuffer(pcm, "<i2")))
        past = line[count:]
        turned = np.empty((count, ratio), "<i2")
        turned[:, 0] = line[REACH_SAMPLES - 1 : REACH_SAMPLES - 1 + count]
        for phase, taps in enumerate(filters, 1):
            turned[:, phase] = numpy_samples(np, np.correlate(line, taps))
        return turned.tobytes()

    return feed


def numpy_downward(from_hz: int, to_hz: int) -> Feed:
    """Convolve each place in a row with numpy, for whole rows."""
    np = import_module("numpy")
    ratio = from_hz // to_hz
    filters = [np.array(taps, float) / ratio for taps in phases(ratio)]
    past = np.zeros((TAPS - 1) * ratio)

    def feed(pcm: bytes) -> bytes:
        nonlocal past
        count = len(pcm) // 2
        line = np.concatenate((past, np.frombuffer(pcm, "<i2")))
        past = line[count:]
        sums = line[REACH_SAMPLES * ratio :: ratio][: count // ratio] * (UNITY / ratio)
        for place, taps in enumerate(filters, 1):
            sums += np.correlate(line[place::ratio], taps)
        return numpy_samples(np, sums).astype("<i2").tobytes()

    return feed


def numpy_samples(np, sums):
    """Round and clip."""
    sums *= 1 / UNITY
    np.rint(sums, out=sums)
    np.minimum(sums, 32767, out=sums)
    return np.maximum(sums, -32768, out=sums)


def with_numpy(from_hz: int, to_hz: int) -> Feed:
    """Apply the same filter with numpy."""
    return numpy_upward(from_hz, to_hz) if to_hz > from_hz else numpy_downward(from_hz, to_hz)


def plain_python(from_hz: int, to_hz: int) -> Feed:
    """Sum products in a loop, one phase after the other, without rounding and clipping."""
    ratio = max(from_hz, to_hz) // 8000
    filters = phases(ratio)
    past = [0] * (TAPS - 1)

    def feed(pcm: bytes) -> bytes:
        nonlocal past
        line = [*past, *struct.unpack(f"<{len(pcm) // 2}h", pcm)[:: 1 if to_hz > from_hz else ratio]]
        past = line[1 - TAPS :]
        for taps in filters:
            sums = [sum(map(mul, taps, line[at : at + TAPS])) for at in range(len(line) - TAPS + 1)]
        return bytes(len(pcm) * to_hz // from_hz) if sums else b""

    return feed


def soxr(quality: str) -> Callable[[int, int], Feed]:
    """Use soxr with one of its qualities."""

    def make(from_hz: int, to_hz: int) -> Feed:
        np, library = import_module("numpy"), import_module("soxr")
        stream = library.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality=quality)
        return lambda pcm: stream.resample_chunk(np.frombuffer(pcm, "<i2")).tobytes()

    return make


def ways() -> Iterator[tuple[str, Callable[[int, int], Feed]]]:
    """Give the installed methods."""
    yield "exoswitch", in_python
    if util.find_spec("exoswitch.audio._native"):
        yield "compiled", compiled
    if util.find_spec("numpy"):
        yield "numpy", with_numpy
    yield "plain Python", plain_python
    if util.find_spec("soxr"):
        yield from ((f"soxr {quality}", soxr(quality)) for quality in ("QQ", "LQ", "MQ", "HQ", "VHQ"))


def chunk(rate_hz: int) -> bytes:
    """Make 20 ms of noise with the loudness of speech."""
    noise = random.Random(1)
    return struct.pack(f"<{rate_hz // 50}h", *[noise.randrange(-8000, 8000) for _ in range(rate_hz // 50)])


def late_ms(feed: Feed, from_hz: int, to_hz: int) -> float:
    """Measure the largest lag of the output behind the input."""
    pcm, out_s, worst_s = chunk(from_hz), 0.0, 0.0
    for turn in range(1, 51):
        out_s += len(feed(pcm)) / 2 / to_hz
        worst_s = max(worst_s, turn / 50 - out_s)
    return worst_s * 1000


def cost_us(feed: Feed, pcm: bytes) -> float:
    """Measure the CPU time of one chunk."""
    began_s = time.process_time()
    for _ in range(CHUNKS):
        feed(pcm)
    return (time.process_time() - began_s) / CHUNKS * 1e6


def main() -> None:
    """Measure every method in every direction; print the table."""
    print(f"{processor()}, Python {platform.python_version()}; µs of CPU for 20 ms, and ms late\n")
    print(" " * 14 + "".join(f"{f'{from_hz} to {to_hz}':>20}" for from_hz, to_hz in DIRECTIONS))
    table = {}
    for from_hz, to_hz in DIRECTIONS:
        pcm = chunk(from_hz)
        feeds = {name: make(from_hz, to_hz) for name, make in ways()}
        late = {name: late_ms(feed, from_hz, to_hz) for name, feed in feeds.items()}
        rounds = [{name: cost_us(feed, pcm) for name, feed in feeds.items()} for _ in range(ROUNDS)]
        for name in feeds:
            cost = min(measured[name] for measured in rounds)
            table.setdefault(name, []).append(f"{cost:.1f} µs {late[name]:6.1f} ms")
    for name, cells in table.items():
        print(f"{name:<14}" + "".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
