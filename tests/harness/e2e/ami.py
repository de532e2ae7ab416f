"""A plain, blocking AMI client for tests, which keeps every event.

It shares no code with the gateway's client, so that it does not share its mistakes.
"""

import itertools
import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from attrs import define, field

ANSWER_TIMEOUT_S = 15.0
POLL_S = 0.02

# In these tests a message repeats no header name except `Output`, whose lines are joined.
Message = dict[str, str]


class AmiError(Exception):
    """Asterisk answered an action with an error, or not at all."""


def _parse(block: bytes) -> Message:
    message: Message = {}
    for line in block.decode(errors="replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            value = value.strip()
            message[name] = f"{message[name]}\n{value}" if name in message else value
    return message


@define
class Ami:
    """An AMI session. `events` holds every event since login, in order."""

    _socket: socket.socket
    events: list[Message] = field(factory=list)
    _news: threading.Condition = field(factory=threading.Condition)
    _answers: "dict[str, queue.Queue[Message]]" = field(factory=dict)
    _numbers: "itertools.count[int]" = field(factory=lambda: itertools.count(1))
    _reader: threading.Thread | None = None
    _closed: bool = False

    @classmethod
    def login(cls, address: tuple[str, int], username: str, secret: str) -> Self:
        """Connect and log in."""
        connection = socket.create_connection(address, ANSWER_TIMEOUT_S)
        connection.settimeout(None)
        ami = cls(connection)
        ami._reader = threading.Thread(target=ami._read, name="ami", daemon=True)
        ami._reader.start()
        try:
            ami.ask("Login", Username=username, Secret=secret)
        except BaseException:
            ami.close()
            raise
        return ami

    def ask(self, action: str, **headers: object) -> Message:
        """Send an action and give its answer.

        Raises:
            AmiError: the answer is an error.
            ConnectionError: the connection is gone, or no answer came.
        """
        action_id = f"e2e-{next(self._numbers)}"
        answers: queue.Queue[Message] = queue.Queue(maxsize=10)
        self._answers[action_id] = answers
        lines = [f"Action: {action}", f"ActionID: {action_id}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            answer = answers.get(timeout=ANSWER_TIMEOUT_S)
        except queue.Empty:
            raise ConnectionError(f"no answer to {action}") from None
        finally:
            del self._answers[action_id]
        if not answer:
            raise ConnectionError("the connection to AMI was lost")
        if answer["Response"] == "Error":
            raise AmiError(f"{action}: {answer.get('Message')}")
        return answer

    def ask_list(self, action: str, complete: str, **headers: str) -> list[Message]:
        """Send an action that answers with a list; give the entries up to the event that completes it."""
        action_id = self.ask(action, **headers)["ActionID"]
        self.wait_for(complete, ActionID=action_id)
        return [event for event in self.events if event.get("ActionID") == action_id and event["Event"] != complete]

    def channels(self) -> list[Message]:
        """List the channels that are up."""
        listed = self.ask_list("CoreShowChannels", "CoreShowChannelsComplete")
        return [entry for entry in listed if entry["Event"] == "CoreShowChannel"]

    def hang_up_all(self) -> None:
        """Hang up all calls, if there are any."""
        with suppress(AmiError):
            self.ask("Hangup", Channel="/^.*$/")

    def wait_until_idle(self, timeout_s: float = 15.0) -> None:
        """Wait until the calls of earlier tests have ended.

        Raises:
            AssertionError: some did not end in time. They were hung up, so that they fail no further test.
        """
        give_up_at = time.monotonic() + timeout_s
        while channels := self.channels():
            if time.monotonic() > give_up_at:
                self.hang_up_all()
                raise AssertionError(f"still up: {[channel['Channel'] for channel in channels]}")
            time.sleep(POLL_S)

    def wait_for(
        self,
        *names: str,
        timeout_s: float = ANSWER_TIMEOUT_S,
        where: Callable[[Message], bool] = lambda event: True,
        **headers: str,
    ) -> Message:
        """Give the first event of one of these names with these headers, among past and future events.

        Raises:
            AssertionError: it did not come in time; the text lists what did.
        """

        def search() -> Message | None:
            for event in list(self.events):
                if event["Event"] in names and where(event) and headers.items() <= event.items():
                    return event
            return None

        with self._news:
            self._news.wait_for(lambda: search() or self._closed, timeout_s)
            found = search()
        if found is None:
            seen = ", ".join(event["Event"] for event in list(self.events))
            raise AssertionError(f"no {'/'.join(names)} {headers or ''} in {timeout_s} s, only: {seen}")
        return found

    def named(self, *names: str, **headers: str) -> list[Message]:
        """Give all events so far of these names and with these headers."""
        return [event for event in self.events if event["Event"] in names and headers.items() <= event.items()]

    def close(self) -> None:
        """End the session."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._reader is not None:
            self._reader.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        buffer = b""
        with suppress(OSError):
            while data := self._socket.recv(65536):
                *blocks, buffer = (buffer + data).split(b"\r\n\r\n")
                for block in blocks:
                    self._receive(_parse(block))
        with self._news:
            self._closed = True
            self._news.notify_all()
        for answers in list(self._answers.values()):
            answers.put({})

    def _receive(self, message: Message) -> None:
        if "Event" not in message:
            answers = self._answers.get(message.get("ActionID", ""))
            if answers is not None:
                answers.put(message)
        elif "Event" in message:
            with self._news:
                self.events.append(message)
                self._news.notify_all()
