"""A gateway whose reactor is blocked: what is lost of its calls' audio, for each way to run the media tick.

    python benchmarks/blocked_reactor.py [CALLS [MILLISECONDS]]

The phones are in a process of their own. Each sends RTP all the time, counts what comes, and notes the longest gap.
"""

import argparse
import multiprocessing
import random
import select
import socket
import time
from multiprocessing.connection import Connection

from attrs import define
from twisted.internet import reactor

from exoswitch.audio.frames import FRAME_BYTES, FRAME_S
from exoswitch.call.media import MediaEncoding
from exoswitch.config.model import RtpConfig
from exoswitch.rtp.packet import Packetizer
from exoswitch.rtp.service import RtpService
from exoswitch.telemetry.memory import MemoryMetrics

HOST = "127.0.0.1"
SECONDS = 8.0
BLOCKED_AT_S = 3.0
SETTLED_S = 1.0  # gaps are noted from then on
SPARE_PORTS = 50  # some may belong to other programs
SPEECH = bytes(range(160))
VOICE = bytes(FRAME_BYTES * 50)
ENCODING = MediaEncoding(template=b'{"n":"%d","chunk":"%d","at":"%d","payload":"%b"}', sample_rate_hz=8000)


def phones(count: int, gateway: Connection) -> None:
    """Be all phones; tell the gateway their ports, and at the end what was sent and heard."""
    ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    poll, heard_at = select.epoll(), dict[int, float]()
    for end in ends:
        end.bind((HOST, 0))
        end.setblocking(False)
        poll.register(end.fileno(), select.EPOLLIN)
    by_handle = {end.fileno(): end for end in ends}
    gateway.send([end.getsockname()[1] for end in ends])
    ports: list[int] = gateway.recv()
    streams = [Packetizer(0, n, n, n) for n in range(count)]
    heard, longest_s, began = 0, 0.0, time.monotonic()
    for frame in range(int(SECONDS / FRAME_S)):
        for end, port, stream in zip(ends, ports, streams, strict=True):
            end.sendto(stream.encode(SPEECH, marker=False), (HOST, port))
        while (left_s := began + (frame + 1) * FRAME_S - time.monotonic()) > 0:
            for handle, _ in poll.poll(left_s, count):
                by_handle[handle].recv(2048)
                now = time.monotonic()
                if now - began > SETTLED_S:
                    longest_s = max(longest_s, now - heard_at.get(handle, now))
                heard_at[handle] = now
                heard += 1
    gateway.send((int(SECONDS / FRAME_S) * count, heard, longest_s))


@define(eq=False)
class Call:
    """The bot and the listener of a call."""

    messages: int = 0

    def send_media(self, _message: bytes) -> None:
        self.messages += 1

    def send_mark(self, _name: str) -> None: ...

    def media_lost(self, _silent_s: float) -> None: ...

    def playout_began(self) -> None: ...

    def playout_overflowed(self, _dropped_ms: int) -> None: ...

    def playout_finished(self) -> None: ...


def gateway(ways: dict[str, str], count: int, blocked_s: float) -> None:
    """Carry the calls, block the reactor once, and print one line."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=phones, args=(count, there))
    child.start()
    config = RtpConfig(bind=HOST, advertise=HOST, ports=range(42_000, 42_000 + count + SPARE_PORTS), **ways)
    plane = RtpService(reactor, config, random.Random(1), MemoryMetrics())
    plane.startService()
    calls = [Call() for _ in range(count)]
    legs = [plane.open(HOST, call) for call in calls]
    for leg, call, port in zip(legs, calls, here.recv(), strict=True):
        leg.direct(HOST, port)
        leg.attach(call, ENCODING)
        for _ in range(int(SECONDS) + 1):
            leg.play(VOICE)
    here.send([leg.port for leg in legs])

    def report() -> None:
        sent, heard, longest_s = here.recv()
        skipped = sum(leg._session.counts().skipped for leg in legs)  # noqa: SLF001 - a call does not report it
        name = ", ".join(f"{key}: {value}" for key, value in ways.items())
        print(
            f"{name}: {count} calls, reactor blocked for {1000 * blocked_s:.0f} ms; packets to a phone that lack: "
            f"{(sent - heard) / count:.1f}, longest gap {1000 * longest_s:.0f} ms; frames from a phone that lack: "
            f"{skipped / count:.1f}"
        )
        plane.stopService()
        reactor.stop()

    reactor.callLater(BLOCKED_AT_S, time.sleep, blocked_s)
    reactor.callLater(SECONDS + 1, report)
    reactor.run()
    child.join()


def main() -> None:
    """Measure each way in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", type=int, nargs="?", default=200, help="how many calls (200)")
    parser.add_argument("milliseconds", type=int, nargs="?", default=500, help="how long it is blocked (500)")
    options = parser.parse_args()
    ticks = ({"plane": "compiled", "tick": tick} for tick in ("reactor", "thread"))
    for ways in ({"plane": "python"}, *ticks):
        process = multiprocessing.Process(target=gateway, args=(ways, options.calls, options.milliseconds / 1000))
        process.start()
        process.join()


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
