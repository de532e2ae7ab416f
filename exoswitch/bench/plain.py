"""Root: a plain design as the subject of a benchmark: `python -m exoswitch.bench.plain`.

Each call has a DatagramProtocol and a LoopingCall of its own; messages go through `sendMessage`, `json.dumps` and
`json.loads`. Many gateways in Python are written so.
"""

import base64
import json
import struct
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.internet.task import LoopingCall

from exoswitch.audio.frames import FRAME_BYTES, FRAME_MS, FRAME_S, FRAME_SAMPLES
from exoswitch.audio.g711 import ULAW
from exoswitch.bench.job import STEADY, Ends, Job
from exoswitch.bench.subject import HOST, serve


class PlainRtp(DatagramProtocol):
    """Decodes packets in the order of their arrival."""

    noisy = False

    def __init__(self) -> None:
        self.heard = bytearray()

    def datagramReceived(self, datagram: bytes, _addr: tuple[str, int]) -> None:
        """Decode a packet."""
        struct.unpack_from("!BBHII", datagram)
        self.heard += ULAW.decode(datagram[12:])


class PlainCall(WebSocketClientProtocol):
    """One call of a plain gateway."""

    def __init__(self, reactor: Any, phone_port: int, chunk_ms: int) -> None:
        super().__init__()
        self.opened: Deferred[None] = Deferred()
        self._rtp, self._to_play, self._chunks = PlainRtp(), bytearray(), count(1)
        self._chunk_ms, self._chunk_bytes = chunk_ms, FRAME_BYTES * chunk_ms // FRAME_MS
        self._port = reactor.listenUDP(0, self._rtp, interface=HOST)
        self._phone, self._sequence = (HOST, phone_port), 0

    def onOpen(self) -> None:
        """Begin to talk."""
        ITCPTransport(self.transport).setTcpNoDelay(True)
        self.sendMessage(json.dumps({"event": "connected"}).encode())
        LoopingCall(self._tick).start(FRAME_S)
        self.opened.callback(None)

    def onMessage(self, payload: bytes, _is_binary: bool) -> None:
        """Queue the bot's audio."""
        message = json.loads(payload)
        if message["event"] == "media":
            self._to_play += ULAW.encode(base64.b64decode(message["media"]["payload"]))

    def _tick(self) -> None:
        heard = self._rtp.heard
        if len(heard) >= self._chunk_bytes:
            chunk = bytes(heard[: self._chunk_bytes])
            del heard[: self._chunk_bytes]
            number = next(self._chunks)
            media = {
                "chunk": str(number),
                "timestamp": str(number * self._chunk_ms),
                "payload": base64.b64encode(chunk).decode(),
            }
            message = {"event": "media", "stream_sid": "5" * 32, "sequence_number": str(number + 1), "media": media}
            self.sendMessage(json.dumps(message).encode())
        frame = bytes(self._to_play[:FRAME_SAMPLES]).ljust(FRAME_SAMPLES, b"\xff")
        del self._to_play[:FRAME_SAMPLES]
        header = struct.pack("!BBHII", 0x80, 0, self._sequence & 0xFFFF, self._sequence * FRAME_SAMPLES, 7)
        self._port.write(header + frame, self._phone)
        self._sequence += 1


class Plain:
    """A gateway of the plain design."""

    def __init__(self, reactor: Any, job: Job, _short: Sequence[Ends]) -> None:
        self._reactor, self._job = reactor, job

    def open(self, ends: Ends) -> Deferred[None]:
        """Open a call."""
        scheme = "wss" if self._job.certificate else "ws"
        url = f"{scheme}://{HOST}:{ends.bot}{STEADY}"
        factory = WebSocketClientFactory(url, reactor=self._reactor)
        call = PlainCall(self._reactor, ends.phone, self._job.chunk_ms)
        call.factory = factory
        factory.buildProtocol = lambda _: call  # type: ignore[assignment, method-assign] # of one call
        if self._job.certificate:
            trusted = Certificate.loadPEM(Path(self._job.certificate).read_bytes())
            self._reactor.connectSSL(HOST, ends.bot, factory, optionsForClientTLS(HOST, trustRoot=trusted))
        else:
            self._reactor.connectTCP(HOST, ends.bot, factory)
        return call.opened

    def begin(self) -> None:
        """Do nothing: it counts nothing of its own."""

    def figures(self) -> dict[str, Any]:
        """Give nothing."""
        return {}


def main() -> None:
    """Serve one benchmark."""
    from twisted.internet import reactor  # noqa: PLC0415 - a root's

    serve(reactor, Plain)


if __name__ == "__main__":
    main()
