"""The two gateways that calls_per_core.py compares: exoswitch's media plane, and a plain design.

Each runs in its own process. It reads the ports of bots and phones from standard input, prints its RTP ports, carries
the calls, and prints its CPU seconds in the middle of the run.
"""

import base64
import json
import os
import random
import resource
import struct
import sys
import time
from itertools import count

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet import reactor, task
from twisted.internet.protocol import DatagramProtocol

from exoswitch.audio.g711 import ULAW
from exoswitch.call.session import BotTarget, Direction
from exoswitch.call.stream_options import StreamOptions
from exoswitch.call.stream_start import StreamStart
from exoswitch.config.model import RtpConfig
from exoswitch.exotel.stream.connection import ExotelBots
from exoswitch.rtp.service import RtpService
from exoswitch.telemetry.memory import MemoryMetrics

SETTLE_S = 3.0
LINGER_S = 10.0  # the load runs a little longer, and needs its peer


class Listener:
    """One call of this gateway: starts the stream when the bot has accepted."""

    leg = connection = None

    def stream_opened(self) -> None:
        self.connection.start()

    def stream_failed(self, error: str) -> None:
        sys.exit(f"a bot could not be reached: {error}")

    def stream_closed(self, code: int | None, reason: str) -> None:
        pass

    def media_lost(self, silent_s: float) -> None:
        pass

    def playout_began(self) -> None:
        """Do nothing."""

    def playout_overflowed(self, dropped_ms: int) -> None:
        pass


def plane(bot_port: int, phone_ports: list[int], chunk_ms: int) -> list[int]:
    """Carry the calls on exoswitch's own media plane and stream; give the RTP ports."""
    metrics = MemoryMetrics()
    service = RtpService(reactor, RtpConfig(bind="127.0.0.1", ports=range(21000, 29000)), random.Random(1), metrics)
    service.startService()
    bots = ExotelBots(reactor, metrics=metrics)
    target = BotTarget(url=f"ws://127.0.0.1:{bot_port}/", options=StreamOptions(chunk_ms=chunk_ms))
    ports = []
    for port in phone_ports:
        listener = Listener()
        listener.leg = service.open("127.0.0.1", listener)
        listener.leg.direct("127.0.0.1", port)
        start = StreamStart(
            call_sid="c" * 32,
            stream_sid="s" * 32,
            account="bench",
            customer="0980",
            exophone="0804",
            bot=target,
            direction=Direction.INBOUND,
        )
        listener.connection = bots.connect(start, listener.leg, listener)
        ports.append(listener.leg.port)
    return ports


class PlainCall(WebSocketClientProtocol):
    """A plain gateway's call: a LoopingCall and a DatagramProtocol of its own, `sendMessage`, `json.loads`."""

    def __init__(self, phone_port: int, chunk_ms: int) -> None:
        super().__init__()
        self.heard, self.to_play, self.numbers = bytearray(), bytearray(), count(1)
        self.chunk_bytes = 320 * chunk_ms // 20
        self.rtp = PlainRtp(self.heard)
        self.port = reactor.listenUDP(0, self.rtp, interface="127.0.0.1")
        self.phone, self.sequence, self.chunks = ("127.0.0.1", phone_port), 0, count(1)

    def onOpen(self) -> None:  # noqa: N802
        self.sendMessage(json.dumps({"event": "connected"}).encode())
        task.LoopingCall(self.tick).start(0.02)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        message = json.loads(payload)
        if message["event"] == "media":
            self.to_play += ULAW.encode(base64.b64decode(message["media"]["payload"]))

    def tick(self) -> None:
        if len(self.heard) >= self.chunk_bytes:
            chunk = bytes(self.heard[: self.chunk_bytes])
            del self.heard[: self.chunk_bytes]
            number = next(self.chunks)
            media = {"chunk": str(number), "timestamp": str(number * 20), "payload": base64.b64encode(chunk).decode()}
            message = {"event": "media", "stream_sid": "s" * 32, "sequence_number": str(number + 1), "media": media}
            self.sendMessage(json.dumps(message).encode())
        frame = bytes(self.to_play[:160]).ljust(160, b"\xff")
        del self.to_play[:160]
        header = struct.pack("!BBHII", 0x80, 0, self.sequence & 0xFFFF, self.sequence * 160, 7)
        self.port.write(header + frame, self.phone)
        self.sequence += 1


class PlainRtp(DatagramProtocol):
    """Decodes packets in the order of their arrival."""

    noisy = False

    def __init__(self, heard: bytearray) -> None:
        self.heard = heard

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:  # noqa: N802
        struct.unpack_from("!BBHII", datagram)
        self.heard += ULAW.decode(datagram[12:])


def plain(bot_port: int, phone_ports: list[int], chunk_ms: int) -> list[int]:
    """Carry the calls with the plain design; give the RTP ports."""
    ports = []
    for port in phone_ports:
        call = PlainCall(port, chunk_ms)
        factory = WebSocketClientFactory(f"ws://127.0.0.1:{bot_port}/", reactor=reactor)
        factory.buildProtocol = lambda _, call=call, factory=factory: _join(call, factory)
        reactor.connectTCP("127.0.0.1", bot_port, factory)
        ports.append(call.port.getHost().port)
    return ports


def _join(call: PlainCall, factory: WebSocketClientFactory) -> PlainCall:
    call.factory = factory
    return call


def cpu_s() -> float:
    """Give this process's CPU seconds so far, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run one of the two for SETTLE_S and then the given seconds; print the CPU seconds of the second part."""
    kind, chunk_ms, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    reactor.seconds = time.monotonic
    told = json.loads(sys.stdin.readline())
    ports = {"plane": plane, "plain": plain}[kind](told["bot"], told["phones"], chunk_ms)
    print(json.dumps({"ports": ports}), flush=True)
    began: list[float] = []

    def begin() -> None:
        began.extend((cpu_s(), time.monotonic()))
        reactor.callLater(seconds, end)

    def end() -> None:
        print(json.dumps({"cpu_s": cpu_s() - began[0], "wall_s": time.monotonic() - began[1]}), flush=True)
        reactor.callLater(LINGER_S, os._exit, 0)

    reactor.callLater(SETTLE_S, begin)
    reactor.run(installSignalHandlers=False)


if __name__ == "__main__":
    main()
