"""The load of the calls-per-core benchmark: phones with RTP and bots with WebSockets, at little cost.

calls_per_core.py runs this in its own process. Bots listen on one TCP port; each phone has a UDP port. Both send all
the time. Received data is only counted.
"""

import base64
import hashlib
import json
import select
import socket
import struct
import sys
import time

TICK_S = 0.02
FRAME_SAMPLES = 160
TONE = bytes(range(0x80, 0xD0)) * 2  # 160 µ-law codes that are not silence
PCM_FRAME = struct.pack("<160h", *(((i * 401) % 20000) - 10000 for i in range(FRAME_SAMPLES)))


class Phone:
    """One caller: sends 20 ms of µ-law every tick and counts the packets that come back."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.gateway: tuple[str, int] | None = None
        self.sequence = 0
        self.received = 0

    def tick(self) -> None:
        if self.gateway is not None:
            header = struct.pack("!BBHII", 0x80, 0, self.sequence & 0xFFFF, self.sequence * FRAME_SAMPLES, self.port)
            self.socket.sendto(header + TONE, self.gateway)
            self.sequence += 1

    def drain(self) -> None:
        try:
            while True:
                self.socket.recv(512)
                self.received += 1
        except BlockingIOError:
            pass


def media_frame(chunk_ms: int) -> bytes:
    """Build the WebSocket frame that every bot repeats."""
    payload = base64.b64encode(PCM_FRAME * (chunk_ms // 20)).decode()
    text = json.dumps({"event": "media", "stream_sid": "bench", "media": {"payload": payload}}).encode()
    return struct.pack("!BBH", 0x81, 126, len(text)) + text


class Bot:
    """One bot: makes the handshake, sends its frames, and counts received bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(4096)
        key = next(
            line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accept
            + b"\r\n\r\n"
        )
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        self.received = 0

    def drain(self) -> None:
        try:
            while data := self.socket.recv(65536):
                self.received += len(data)
        except BlockingIOError:
            pass


def run(calls: int, chunk_ms: int, seconds: float) -> None:
    """Print our ports, read those of the gateway, run the calls for some seconds, and print the counts."""
    phones = [Phone() for _ in range(calls)]
    listener = socket.create_server(("127.0.0.1", 0), backlog=calls)
    print(json.dumps({"bot": listener.getsockname()[1], "phones": [phone.port for phone in phones]}), flush=True)
    ports = json.loads(sys.stdin.readline())["ports"]
    for phone, port in zip(phones, ports, strict=True):
        phone.gateway = ("127.0.0.1", port)
    bots = [Bot(listener.accept()[0]) for _ in range(calls)]
    talk(phones, bots, chunk_ms, seconds)
    report = {
        "rtp_back": sum(phone.received for phone in phones),
        "rtp_sent": sum(phone.sequence for phone in phones),
        "bytes_at_bots": sum(bot.received for bot in bots),
    }
    print(json.dumps(report), flush=True)
    sys.stdin.readline()


def talk(phones: list[Phone], bots: list[Bot], chunk_ms: int, seconds: float) -> None:
    """Let all phones and bots send, every 20 ms by the clock; bots are spread over their own interval."""
    frame, every = media_frame(chunk_ms), chunk_ms // 20
    poller = select.epoll()
    by_fd: dict[int, Phone | Bot] = {party.socket.fileno(): party for party in (*phones, *bots)}
    for fd in by_fd:
        poller.register(fd, select.EPOLLIN)
    start = time.monotonic()
    for tick in range(int(seconds / TICK_S)):
        for phone in phones:
            phone.tick()
        for index, bot in enumerate(bots):
            if (tick + index) % every == 0:
                bot.socket.send(frame)
        due = start + (tick + 1) * TICK_S
        while (left := due - time.monotonic()) > 0:
            for fd, _ in poller.poll(left):
                by_fd[fd].drain()
            time.sleep(min(0.004, max(0.0, due - time.monotonic())))


if __name__ == "__main__":
    run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
