"""Bots that attack their gateway: each function talks on one open stream until `until`, by the monotonic clock."""

import json
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from socket import socket
from threading import Thread

TEXT, BINARY, CONTINUATION, PING = 1, 2, 0, 9
FIN = 0x80
MEGABYTE = 1 << 20


def frame(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    """Build a frame of a WebSocket server (RFC 6455, 5.2)."""
    first = opcode | (FIN if fin else 0)
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", first, size) + payload
    if size < 65536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def message(**fields: object) -> bytes:
    """Build a text frame."""
    return frame(TEXT, json.dumps(fields).encode())


def mark(name: str) -> bytes:
    """Build a mark."""
    return message(event="mark", stream_sid="s", mark={"name": name})


def media(seconds: float) -> bytes:
    """Build a message with silent audio."""
    payload = "AAAA" * int(seconds * 16000 / 3)
    return message(event="media", stream_sid="s", media={"payload": payload})


def repeat(data: bytes, connection: socket, until: float, pause_s: float = 0.0) -> None:
    """Send the same data again and again."""
    connection.settimeout(1.0)
    while time.monotonic() < until:
        with suppress(TimeoutError):
            connection.sendall(data)
        time.sleep(pause_s)


def huge_marks(connection: socket, until: float) -> None:
    """Send long audio, and 40 marks behind it whose names have 8 MB."""
    connection.settimeout(max(0.1, until - time.monotonic()))
    connection.sendall(media(60))
    for number in range(40):
        connection.sendall(mark(f"{number}".ljust(8_000_000, "m")))
    wait(until)


def unread_marks(connection: socket, until: float) -> None:
    """Send marks, whose echoes are never read."""
    repeat(mark("a" * 200) * 500, connection, until)


def unread_pings(connection: socket, until: float) -> None:
    """Send pings of 125 bytes, whose pongs are never read."""
    repeat(frame(PING, b"p" * 125) * 500, connection, until)


def fragments(connection: socket, until: float) -> None:
    """Send one message in fragments of one byte."""
    connection.sendall(frame(TEXT, b"[", fin=False))
    repeat(frame(CONTINUATION, b" ", fin=False) * 5000, connection, until)


def unfinished(connection: socket, until: float) -> None:
    """Send 8 MB of a message that never ends."""
    connection.settimeout(max(0.1, until - time.monotonic()))
    connection.sendall(frame(TEXT, b" " * (8 * MEGABYTE - 1), fin=False))
    wait(until)


def unfinished_media(connection: socket, until: float) -> None:
    """Send nearly all of the longest media message that is allowed."""
    connection.settimeout(max(0.1, until - time.monotonic()))
    connection.sendall(media(97)[:-1000])
    wait(until)


def cleared_marks(connection: socket, until: float) -> None:
    """Send audio and 4,000 marks behind it, and have all marks answered by a clear, again and again."""
    answered(media(5) + mark("m") * 4000 + message(event="clear"), connection, until)


def answered(data: bytes, connection: socket, until: float) -> None:
    """Send the same data again and again, and read the answers."""
    Thread(target=read_all, args=(connection,), daemon=True).start()
    repeat(data, connection, until)


def read_all(connection: socket) -> None:
    """Read to the end."""
    with suppress(OSError):
        while True:
            with suppress(TimeoutError):
                if not connection.recv(1 << 16):
                    return


def json_lists(connection: socket, until: float) -> None:
    """Send messages of 8 MB that are lists in lists."""
    repeat(frame(TEXT, b"[" + b"[]," * 2_700_000 + b"0]"), connection, until)


def small_json(connection: socket, until: float) -> None:
    """Send messages of 60 kB that are lists in lists."""
    repeat(frame(TEXT, b"[" + b"[]," * 20_000 + b"0]") * 10, connection, until)


def wait(until: float) -> None:
    """Do nothing until then."""
    time.sleep(max(0.0, until - time.monotonic()))


BOTS: dict[str, tuple[int, Callable[[socket, float], None]]] = {
    "40 marks with names of 8 MB": (1, huge_marks),
    "marks, echoes not read": (3, unread_marks),
    "pings, pongs not read": (5, unread_pings),
    "fragments of one byte": (1, fragments),
    "unfinished messages of 8 MB": (30, unfinished),
    "unfinished media of 2 MB": (30, unfinished_media),
    "pings": (5, partial(answered, frame(PING, b"") * 5000)),
    "empty messages": (1, partial(repeat, frame(TEXT, b"") * 5000)),
    "4,000 marks and a clear": (1, cleared_marks),
    "JSON lists of 8 MB": (1, json_lists),
    "JSON lists of 60 kB": (1, small_json),
    "binary frames of 2 bytes": (1, partial(repeat, frame(BINARY, b"xx") * 5000)),
    "binary frames of 8 MB": (1, partial(repeat, frame(BINARY, b"x" * 8 * MEGABYTE))),
    "media of 8 MB": (1, partial(repeat, media(390))),
    "media of 2 MB": (1, partial(repeat, media(97))),
    "media of 2 MB on 20 calls": (20, partial(repeat, media(97))),
    "2 MB of blanks": (1, partial(repeat, frame(TEXT, b'"payload"' + b" " * 2_000_000))),
    "media of 20 ms, 50 times too fast": (1, partial(repeat, media(0.02) * 50, pause_s=0.02)),
}
"""By name: the number of calls, and what the bot of each does."""
