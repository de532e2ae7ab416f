"""Attacks of somebody without credentials: on the HTTP port, and on the RTP port of the good call."""

import base64
import random
import socket
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from threading import Thread

from bots import wait

HOST = "127.0.0.1"
MEGABYTE = 1 << 20
HEAD = b"Host: localhost\r\n"
POST = b"POST /v1/Accounts/good/Calls/connect.json HTTP/1.1\r\n"


def dial(port: int) -> socket.socket:
    """Open a connection to the gateway's HTTP port."""
    return socket.create_connection((HOST, port), timeout=1.0)


def pour(port: int, until: float, data: bytes, read: bool = True) -> None:
    """Send the data on one connection after the other, and read what comes back."""
    while time.monotonic() < until:
        with suppress(OSError), dial(port) as connection:
            while time.monotonic() < until:
                connection.sendall(data)
                if read and not connection.recv(1 << 20):
                    break


def in_threads(count: int, work: Callable[..., None], *arguments: object) -> None:
    """Do the same in several threads."""
    threads = [Thread(target=work, args=arguments, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def pipelined(port: int, until: float) -> None:
    """Pipeline small requests on 30 connections."""
    in_threads(30, pour, port, until, (b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n") * 400)


def scrapes(port: int, until: float) -> None:
    """Pipeline scrapes of the metrics on 30 connections."""
    in_threads(30, pour, port, until, (b"GET /metrics HTTP/1.1\r\n" + HEAD + b"\r\n") * 20)


def big_forms(port: int, until: float) -> None:
    """Send forms of 8 MB without credentials."""
    body = b"a=b&" * (2 * MEGABYTE)
    kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
    pour(port, until, POST + HEAD + kind + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def endless_body(port: int, until: float) -> None:
    """Send a chunked body that does not end."""
    with suppress(OSError), dial(port) as connection:
        connection.sendall(POST + HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"x" * MEGABYTE + b"\r\n"
        while time.monotonic() < until:
            connection.sendall(chunk)
    wait(until)


def deep_multipart(port: int, until: float) -> None:
    """Send forms with multipart in multipart."""
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'
        for _ in range(5000)
    )
    kind = b"Content-Type: multipart/form-data; boundary=b\r\n"
    pour(port, until, POST + HEAD + kind + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def connections(port: int, until: float) -> None:
    """Hold 1,100 connections open."""
    with ExitStack() as held:
        for _ in range(1100):
            with suppress(OSError):
                held.enter_context(dial(port))
        wait(until)


def bad_hosts(port: int, until: float) -> None:
    """Send a Host header that cannot be parsed."""
    in_threads(4, pour, port, until, b"GET /v1/Accounts/x HTTP/1.1\r\nHost: a..b\r\n\r\n" * 10)


def wrong_logins(port: int, until: float) -> None:
    """Try one password after the other."""
    word = base64.b64encode(b"good:guess")
    in_threads(4, pour, port, until, POST + HEAD + b"Authorization: Basic " + word + b"\r\nContent-Length: 0\r\n\r\n")


def tiny_chunks(port: int, until: float) -> None:
    """Send chunked bodies, a byte a chunk, on 30 connections."""
    body = b"1\r\na\r\n" * 20_000
    in_threads(30, pour, port, until, POST + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body, False)


def many_headers(port: int, until: float) -> None:
    """Pipeline requests with as many headers as a server may take, on 30 connections."""
    request = b"GET /x HTTP/1.1\r\n" + b"a: b\r\n" * 60 + b"\r\n"
    in_threads(30, pour, port, until, request * 40)


def connect(port: int, until: float) -> None:
    """Open connections and close them, without a pause."""
    while time.monotonic() < until:
        with suppress(OSError), dial(port):
            pass


def new_connections(port: int, until: float) -> None:
    """Open and close connections in four threads."""
    in_threads(4, connect, port, until)


def unread_scrapes(port: int, until: float) -> None:
    """Pipeline scrapes on 30 connections, and read nothing until shortly before the end."""
    with ExitStack() as held:
        asking = [held.enter_context(dial(port)) for _ in range(30)]
        for connection in asking:
            connection.sendall((b"GET /metrics HTTP/1.1\r\n" + HEAD + b"\r\n") * 350)
        wait(until - 2.0)
        for connection in asking:
            connection.setblocking(False)
            with suppress(OSError):
                while connection.recv(1 << 20):
                    pass
        wait(until)


def rtp(port: int, until: float, new_ssrc: bool = False) -> None:
    """Send 10,000 RTP packets a second from a port that Asterisk does not have."""
    ssrc = random.getrandbits(32)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for number in range(1 << 30):
            if time.monotonic() > until:
                return
            if new_ssrc:
                ssrc = random.getrandbits(32)
            header = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * 160 & 0xFFFFFFFF, ssrc)
            with suppress(OSError):
                stranger.sendto(header + b"\x55" * 160, (HOST, port))
            if number % 100 == 99:
                time.sleep(0.01)


HTTP: dict[str, Callable[[int, float], None]] = {
    "pipelined GETs, 30 connections": pipelined,
    "scrapes of /metrics, 30 connections": scrapes,
    "scrapes that nobody reads": unread_scrapes,
    "forms of 8 MB": big_forms,
    "a body without end": endless_body,
    "multipart in multipart": deep_multipart,
    "1,100 connections": connections,
    "connections one after the other": new_connections,
    "chunks of one byte": tiny_chunks,
    "60 headers a request": many_headers,
    "Host: a..b": bad_hosts,
    "wrong logins": wrong_logins,
}
RTP: dict[str, Callable[[int, float], None]] = {
    "RTP of a stranger, 10,000 a second": rtp,
    "the same, each with its own SSRC": partial(rtp, new_ssrc=True),
}
