"""The attacker's process: run.py starts it with the name of an attack, two ports and a duration.

    python attacker.py NAME PORT TARGET SECONDS

A bot or an Asterisk listens on PORT, and prints a line when the gateway has come; a network attack goes to the port
TARGET.
"""

import base64
import hashlib
import socket
import sys
import time
from contextlib import suppress
from threading import Thread

from ami import MANAGER, as_asterisk
from bots import BOTS
from network import HTTP, RTP
from resolvers import RESOLVERS

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3

START_S = 0.5  # all streams have started by then


def accept(listener: socket.socket, name: str) -> socket.socket:
    """Take one stream, or the question to a resolver."""
    connection, _ = listener.accept()
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    if name in RESOLVERS:
        return connection
    key = next(
        line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
    )
    answer = base64.b64encode(hashlib.sha1(key + GUID).digest())  # noqa: S324 - RFC 6455
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + answer + b"\r\n\r\n"
    )
    return connection


def as_server(name: str, port: int, seconds: float) -> None:
    """Take the calls, and attack on all of them at once."""
    calls, talk = {**BOTS, **RESOLVERS}[name]
    with socket.create_server(("127.0.0.1", port), backlog=calls) as listener:
        print("listening", flush=True)
        streams = [accept(listener, name) for _ in range(calls)]
        time.sleep(START_S)
        print("attacking", flush=True)
        until = time.monotonic() + seconds

        def attack(stream: socket.socket) -> None:
            with suppress(OSError), stream:
                talk(stream, until)

        threads = [Thread(target=attack, args=(stream,), daemon=True) for stream in streams]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()) + 1.0)


def main() -> None:
    """Attack, and end in time."""
    name, port, target, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    if name in BOTS or name in RESOLVERS:
        as_server(name, port, seconds)
        return
    if name in MANAGER:
        as_asterisk(name, port, seconds)
        return
    print("listening", flush=True)
    print("attacking", flush=True)
    {**HTTP, **RTP}[name](target, time.monotonic() + seconds)


if __name__ == "__main__":
    main()
