"""The delay that a gateway adds to a call's audio, measured on the loopback interface.

Each 20 ms of a caller's noise is like no other, so the same samples that enter the gateway as RTP and leave it in a
WebSocket message, or the other way round, give one measurement. The kernel's own time stamps are used.
"""

import base64
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Self

from attrs import Factory, define, field, frozen

from tests.harness.e2e.audio import ulaw_decoded

SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35  # asm-generic/socket.h; not named by Python's socket module
ETH_P_IP = 0x0800
UDP, TCP = 17, 6
RTP_HEADER_BYTES = 12
FRAME_BYTES = 320
_PAYLOAD = re.compile(rb'"payload":\s*"([^"]+)"')


@frozen
class Delays:
    """Delays of one direction, in milliseconds, sorted."""

    ms: list[float]

    def quantile(self, share: float) -> float:
        """Give the delay at this quantile."""
        return self.ms[min(len(self.ms) - 1, int(share * len(self.ms)))]

    def __str__(self) -> str:
        p50, p99 = self.quantile(0.5), self.quantile(0.99)
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {self.ms[-1]:.1f} ms ({len(self.ms)} frames)"


@define(eq=False)
class Wiretap:
    """A context manager that records the packets of the loopback interface (needs root)."""

    packets: list[tuple[float, bytes]] = field(factory=list)
    _socket: socket.socket = field(init=False)
    _thread: threading.Thread = field(init=False)
    _over: bool = field(default=False, init=False)

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self._socket.bind(("lo", ETH_P_IP))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        with suppress(PermissionError):  # in a container; net.core.rmem_max then bounds the buffer
            # A lost segment would hide all later messages of its connection.
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._listen, name="wiretap", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._over:
            try:
                data, ancillary, _, address = self._socket.recvmsg(65536, 64)
            except TimeoutError:
                continue
            if address[2] != socket.PACKET_OUTGOING:  # the loopback shows each packet twice
                seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
                self.packets.append((seconds + nanoseconds / 1e9, data))

    # --- evaluation

    def to_bot(self, rtp_port: int, bot_port: int) -> Delays:
        """Measure from the RTP at the gateway's port to the message at the bot's port."""
        entered = dict(self._rtp(destination=rtp_port))
        return _delays(entered, self._messages(bot_port, from_bot=False))

    def from_bot(self, rtp_port: int, bot_port: int) -> Delays:
        """Measure from a message of the bot to the RTP from the gateway's port."""
        entered = dict(self._messages(bot_port, from_bot=True))
        return _delays(entered, self._rtp(source=rtp_port))

    def _rtp(self, *, source: int | None = None, destination: int | None = None) -> Iterator[tuple[bytes, float]]:
        for at, protocol, ports, payload in self.segments():
            if protocol == UDP and (source in {None, ports[0]}) and (destination in {None, ports[1]}):
                yield ulaw_decoded(payload[4 + RTP_HEADER_BYTES :]), at

    def _messages(self, bot_port: int, *, from_bot: bool) -> Iterator[tuple[bytes, float]]:
        frames = _WebSocketFrames()
        for at, protocol, ports, rest in self.segments():
            if protocol == TCP and ports[0 if from_bot else 1] == bot_port:
                for text in frames.feed(rest[(rest[8] >> 4) * 4 - 4 :]):
                    for payload in _PAYLOAD.findall(text):
                        yield base64.b64decode(payload), at

    def segments(self) -> Iterator[tuple[float, int, tuple[int, int], bytes]]:
        """Give (time, protocol, (source port, destination port), rest) of every packet."""
        for at, data in self.packets:
            header = (data[0] & 15) * 4
            length = struct.unpack_from("!H", data, 2)[0]
            yield at, data[9], struct.unpack_from("!HH", data, header), data[header + 4 : length]


@define
class _WebSocketFrames:
    """Finds text frames in a TCP stream that begins with an HTTP handshake; RFC 6455 §5.2."""

    _data: bytearray = Factory(bytearray)
    _is_open: bool = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._data += data
        if not self._is_open:
            _, found, rest = bytes(self._data).partition(b"\r\n\r\n")
            if not found:
                return
            self._is_open, self._data = True, bytearray(rest)
        while frame := self._next():
            yield frame

    def _next(self) -> bytes | None:
        data = self._data
        if len(data) < 14 and len(data) < 2 + (data[1] & 127 if len(data) > 1 else 1 << 20):
            return None
        length, start = data[1] & 127, 2
        if length > 125:
            size = 2 if length == 126 else 8
            length, start = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
        mask = b""
        if data[1] & 128:
            mask, start = bytes(data[start : start + 4]), start + 4
        if len(data) < start + length:
            return None
        payload = bytes(data[start : start + length])
        del data[: start + length]
        return _unmasked(payload, mask) if mask else payload or b"-"


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")


def _delays(entered: dict[bytes, float], left: Iterator[tuple[bytes, float]]) -> Delays:
    """Match sent with received audio; silence is skipped, because it matches anything."""
    ms = []
    for pcm, at in left:
        began = entered.pop(pcm, None) if len(pcm) == FRAME_BYTES and any(pcm[:40]) else None
        if began is not None and at >= began:
            ms.append((at - began) * 1000)
    return Delays(sorted(ms))
