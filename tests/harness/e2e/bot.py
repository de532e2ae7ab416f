"""A voice bot on the `websockets` library, written from Exotel's public guide, without code of exoswitch.

Each connection runs in a thread of the library; tests wait for messages and act on them.
"""

import base64
import http
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from typing import Any, Self

from attrs import define, field, frozen
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Request, Response, Server, ServerConnection, serve

HOST = "127.0.0.1"
WAIT_S = 30.0
POLL_S = 0.005

# The length of a message, and how far ahead of the clock it is sent, as by a bot with a remote speech synthesiser.
CHUNK_S = 0.1
AHEAD_S = 0.2
BYTES_PER_S = 16_000


@frozen
class Message:
    """A message from the gateway; `at` is its time on the monotonic clock."""

    at: float
    event: str
    body: dict[str, Any]

    @property
    def pcm(self) -> bytes:
        """The audio of a `media` message."""
        return base64.b64decode(self.body["media"]["payload"])


@define(eq=False)
class Stream:
    """One connection of the gateway to this bot."""

    connection: ServerConnection
    messages: list[Message] = field(factory=list)
    closed_at: float | None = None

    def wait_for(self, event: str, *, count: int = 1, timeout_s: float = WAIT_S) -> Message:
        """Wait until so many messages of this kind have come, and give the last of those."""

        def found() -> list[Message]:
            return [message for message in self.messages if message.event == event]

        _wait(lambda: len(found()) >= count, timeout_s, lambda: f"{len(found())} of {count} {event!r} came")
        return found()[count - 1]

    def wait_until_closed(self, timeout_s: float = WAIT_S) -> float:
        """Wait for the end of the connection; give its moment."""
        _wait(lambda: self.closed_at is not None, timeout_s, lambda: "the stream is still open")
        assert self.closed_at is not None
        return self.closed_at

    def heard(self, *, since: float = 0.0) -> bytes:
        """Give the caller's audio that has come since a moment."""
        return b"".join(m.pcm for m in list(self.messages) if m.event == "media" and m.at >= since)

    def listen(self, seconds: float) -> bytes:
        """Wait for so much more audio; give it."""
        since = time.monotonic()
        wanted = int(seconds * 8000) * 2
        _wait(lambda: len(self.heard(since=since)) >= wanted, seconds + 5, lambda: "the caller's audio stopped")
        return self.heard(since=since)[:wanted]

    @property
    def start(self) -> dict[str, Any]:
        """The gateway's description of the call; empty before `start`."""
        return next((message.body["start"] for message in list(self.messages) if message.event == "start"), {})

    def say(self, pcm: bytes) -> None:
        """Send audio in one message of any length."""
        self.send(self._media(pcm))

    def talk(self, pcm: bytes) -> None:
        """Say this in a loop, in real time, until the stream is closed."""
        chunk = round(CHUNK_S * BYTES_PER_S)
        texts = cycle([json.dumps(self._media(pcm[at : at + chunk])) for at in range(0, len(pcm), chunk)])
        due = time.monotonic() - AHEAD_S
        with suppress(ConnectionClosed):
            while self.closed_at is None:
                self.send(next(texts))
                due += CHUNK_S
                time.sleep(max(0.0, due - time.monotonic()))

    def _media(self, pcm: bytes) -> dict[str, Any]:
        return {"event": "media", "stream_sid": self.sid, "media": {"payload": base64.b64encode(pcm).decode()}}

    def mark(self, name: str) -> None:
        """Ask for a mark that comes back when all audio so far has been played."""
        self.send({"event": "mark", "stream_sid": self.sid, "mark": {"name": name}})

    def clear(self) -> None:
        """Drop all audio that has not been played."""
        self.send({"event": "clear", "stream_sid": self.sid})

    def send(self, message: dict[str, Any] | str) -> None:
        """Send any message."""
        self.connection.send(message if isinstance(message, str) else json.dumps(message))

    def close(self) -> None:
        """End the call: a bot does so by closing the stream."""
        self.connection.close()

    @property
    def sid(self) -> str:
        """The stream's SID, from its `start`."""
        return str(self.wait_for("start").body["stream_sid"])


def _accept(_: ServerConnection, __: Request) -> Response | None:
    return None


@define(eq=False)
class Bot:
    """A context manager: the bot listens inside it.

    `screen` may refuse or delay a handshake. With `echoes` the caller hears his own voice. The bot repeats `says`
    until the stream is closed.
    """

    port: int = 0
    host: str = HOST
    echoes: bool = False
    screen: Callable[[ServerConnection, Request], Response | None] = _accept
    says: bytes = b""
    streams: list[Stream] = field(factory=list, init=False)
    requests: list[Request] = field(factory=list, init=False)
    _server: Server = field(init=False)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        self._server = serve(self._serve, self.host, self.port, process_request=self._screen, compression=None)
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="bot", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self.streams:
            stream.connection.close()
        self._server.shutdown()
        self._thread.join()

    @property
    def url(self) -> str:
        """The bot's URL."""
        return f"ws://{self.host}:{self.port}/ws"

    def wait_for_stream(self, *, count: int = 1, timeout_s: float = WAIT_S) -> Stream:
        """Wait until the gateway has connected so many times; give the last of those."""
        _wait(lambda: len(self.streams) >= count, timeout_s, lambda: "the gateway did not connect to the bot")
        return self.streams[count - 1]

    def stream_of(self, call_sid: str, timeout_s: float = WAIT_S) -> Stream:
        """Wait for the stream of a call; give it."""

        def found() -> list[Stream]:
            return [stream for stream in list(self.streams) if stream.start.get("call_sid") == call_sid]

        _wait(lambda: bool(found()), timeout_s, lambda: f"no stream of {call_sid} came")
        return found()[0]

    def _screen(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        return self.screen(connection, request)

    def _serve(self, connection: ServerConnection) -> None:
        stream = Stream(connection)
        self.streams.append(stream)
        try:
            for text in connection:
                at, body = time.monotonic(), json.loads(text)
                stream.messages.append(Message(at, body["event"], body))
                if self.echoes and body["event"] == "media":
                    connection.send(text)
                if self.says and body["event"] == "start":
                    threading.Thread(target=stream.talk, args=(self.says,), name="voice", daemon=True).start()
        except ConnectionClosed:
            pass
        finally:
            stream.closed_at = time.monotonic()


def refuse(connection: ServerConnection, request: Request) -> Response:
    """Refuse every handshake with 403."""
    del request
    return connection.respond(http.HTTPStatus.FORBIDDEN, "not you\n")


def _wait(condition: Callable[[], bool], timeout_s: float, complaint: Callable[[], str]) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{complaint()} in {timeout_s} s"
        time.sleep(POLL_S)
