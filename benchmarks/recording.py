"""What a recording costs: CPU of the reactor's thread and of the writer's, for a second of a call.

    python benchmarks/recording.py [--calls 50] [--seconds 20] [--day 100000]

The media plane carries calls that all talk, without sockets and without bots, first unrecorded and then recorded, so
both figures are of one run. The writer then encodes and writes what the plane has given.

Calls then end in a day without recordings, and in a day of many, which is counted at last.
"""

import argparse
import platform
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from exoswitch.audio.frames import FRAME_S, FRAME_SAMPLES
from exoswitch.bench.machine import processor
from exoswitch.call.media import MediaEncoding
from exoswitch.call.recording import RecordingWish
from exoswitch.recordings.files import PartWriter, Place, finish
from exoswitch.recordings.upkeep import Upkeep
from exoswitch.rtp.packet import Packetizer
from exoswitch.rtp.plane import Plane
from exoswitch.rtp.session import Address, LegSettings, Session

ASTERISK = ("10.0.1.5", 10_000)
ENCODING = MediaEncoding(template=b"%d %d %d %b", sample_rate_hz=8000)
WISHES = [
    RecordingWish(channels=channels, format=form)
    for form in ("mp3", "mp3-hq", "wav")
    for channels in ("single", "dual")
]


class Quiet:
    """The wire, the stream and the listener of a call; nothing happens."""

    send_errors = 0

    def connect(self, address: Address) -> None:
        """Do nothing."""

    def send(self, packet: bytes, address: Address) -> None:
        """Do nothing."""

    def send_media(self, message: bytes) -> None:
        """Do nothing."""

    def send_mark(self, name: str) -> None:
        """Do nothing."""

    def media_lost(self, silent_s: float) -> None:
        """Do nothing."""


class Sink:
    """Keeps a recording in memory."""

    def __init__(self) -> None:
        self.parts: list[tuple[bytes, bytes]] = []

    def take(self, said: bytes, played: bytes) -> None:
        """Keep a part."""
        self.parts.append((said, played))


class Talkers:
    """All callers: each sends a packet in each tick."""

    def __init__(self) -> None:
        self.voices: list[tuple[Session, Packetizer, bytes]] = []

    def add(self, session: Session, rng: random.Random) -> None:
        """Let the caller of this session talk."""
        self.voices.append((session, Packetizer.begin(0, rng), rng.randbytes(FRAME_SAMPLES)))

    def receive(self) -> Iterator[tuple[Session, bytes, Address]]:
        """Give a packet of each."""
        for session, packets, sound in self.voices:
            yield session, packets.encode(sound, marker=False), ASTERISK


def carry(calls: int, seconds: float, *, recorded: bool) -> tuple[float, list[Sink]]:
    """Carry calls; give the CPU seconds of a call-second, and the recordings."""
    rng, quiet, talkers = random.Random(1), Quiet(), Talkers()
    plane = Plane(talkers, lambda _session: None)
    settings = LegSettings(source_host=ASTERISK[0])
    sessions = [plane.open(settings, rng, quiet, quiet, None) for _ in range(calls)]
    sinks = [Sink() for _ in sessions]
    sound = rng.randbytes(2 * FRAME_SAMPLES * 50)
    for session, sink in zip(sessions, sinks, strict=True):
        talkers.add(session, rng)
        session.direct(*ASTERISK)
        session.attach(quiet, ENCODING)
        if recorded:
            session.record(sink)
    began = time.thread_time()
    for tick in range(round(seconds / FRAME_S)):
        if tick % 50 == 0:
            for session in sessions:
                session.play(sound)
        plane.tick(tick * FRAME_S)
    spent = time.thread_time() - began
    return spent / (calls * seconds), sinks


def write(sinks: list[Sink], wish: RecordingWish, folder: Path) -> float:
    """Write recordings; give the CPU seconds of a call-second."""
    seconds, began = 0.0, time.thread_time()
    for number, sink in enumerate(sinks):
        place = Place.of(folder, "acme1", f"{number:028x}19bl", wish.suffix)
        writer = PartWriter(place, wish, 0)
        for said, played in sink.parts:
            writer.write(said, played)
            seconds += len(said) / 16_000
        writer.close()
    return (time.thread_time() - began) / seconds


def end_calls(calls: int, folder: Path) -> float:
    """Record short calls to their end; give the CPU seconds of one."""
    began = time.thread_time()
    for number in range(calls):
        place = Place.of(folder, "acme1", f"{number:028x}19bl", "wav")
        writer = PartWriter(place, RecordingWish(format="wav"), 0)
        writer.write(bytes(2 * FRAME_SAMPLES), bytes(2 * FRAME_SAMPLES))
        writer.close()
        finish(place)
    return (time.thread_time() - began) / calls


def measure_day(calls: int, recordings: int) -> None:
    """Measure the ends of calls, and a run of the upkeep."""
    with tempfile.TemporaryDirectory() as folder:
        day = Path(folder) / "acme1" / "19bl"
        print(f"end of a call        {1000 * end_calls(calls, Path(folder)):6.2f} ms, the day has no recordings")
        for number in range(recordings):
            (day / f"f{number:027x}19bl.wav").touch()
        print(f"end of a call        {1000 * end_calls(calls, Path(folder)):6.2f} ms, the day has {recordings:,}")
        upkeep, began = Upkeep(Path(folder), 1e9, 10**15), time.thread_time()
        upkeep.run(time.time())
        print(f"count of this day    {1000 * (time.thread_time() - began):6.0f} ms")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=50)
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--day", type=int, default=100_000, help="recordings of a day (100000)")
    chosen = options.parse_args()
    print(f"{processor()}, Python {platform.python_version()}, {chosen.calls} calls, {chosen.seconds:g} s")
    off, _ = carry(chosen.calls, chosen.seconds, recorded=False)
    on, sinks = carry(chosen.calls, chosen.seconds, recorded=True)
    print(f"reactor, unrecorded  {1000 * off:6.2f} ms of CPU for a call-second, without sockets and streams")
    print(f"reactor, recorded    {1000 * on:6.2f} ms: {on / off:.2f} times, {1000 * (on - off):.2f} ms more")
    for wish in WISHES:
        with tempfile.TemporaryDirectory() as folder:
            spent = write(sinks, wish, Path(folder))
        print(
            f"writer, {wish.format:<6} {wish.channels:<6} {1000 * spent:6.2f} ms: {1 / spent:5.0f} calls on one core"
        )
    measure_day(chosen.calls, chosen.day)


if __name__ == "__main__":
    main()
