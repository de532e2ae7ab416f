"""A relay between a gateway and Asterisk's manager port: a test holds up what passes, and cuts the connection."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self

from attrs import define, field

from tests.harness.carrier.transports import Address, socket_name

HOST = "127.0.0.1"
WAIT_S = 10.0
CHUNK = 65_536


@define(eq=False)
class AmiRelay:
    """A context manager: the relay listens inside it. `asked` is all that came from the gateway, passed on or not."""

    asterisk: Address
    asked: bytearray = field(factory=bytearray, init=False)
    _loop: asyncio.AbstractEventLoop = field(factory=asyncio.new_event_loop, init=False)
    _thread: threading.Thread = field(init=False)
    _server: asyncio.Server = field(init=False)
    _questions: asyncio.Event = field(factory=asyncio.Event, init=False)  # set while they are passed on
    _answers: asyncio.Event = field(factory=asyncio.Event, init=False)
    _open: "dict[asyncio.Task[None], list[asyncio.StreamWriter]]" = field(factory=dict, init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, name="ami-relay", daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accepted, HOST, 0))
        self.release()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        self._loop.close()

    @property
    def endpoint(self) -> str:
        """Where the gateway connects to, as its configuration writes it."""
        return f"tcp:{HOST}:{self._server.sockets[0].getsockname()[1]}"

    def hold(self, *, answers_only: bool = False) -> None:
        """Pass nothing on until `release`, or nothing of what Asterisk says."""
        self._run(self._hold(answers_only=answers_only))

    def release(self) -> None:
        """Pass on what was held up, and all that comes."""
        self._run(self._release())

    def cut(self) -> None:
        """Close the connection; what was held up is lost. A new one is accepted, and held up."""
        self._run(self._cut())

    def has_asked(self, *lines: str) -> bool:
        """Whether the gateway has sent an action with these header lines."""
        return any(set(lines) <= set(action.split("\r\n")) for action in self.asked.decode().split("\r\n\r\n"))

    def connections(self) -> set[str]:
        """Name the sockets of its connections, as /proc/self/fd does."""
        return {socket_name(writer.transport) for writers in list(self._open.values()) for writer in list(writers)}

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    async def _hold(self, *, answers_only: bool = False) -> None:
        self._answers.clear()
        if not answers_only:
            self._questions.clear()

    async def _release(self) -> None:
        self._answers.set()
        self._questions.set()

    async def _cut(self) -> None:
        await self._hold()
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        writers = self._open[task] = [writer]
        ways: list[asyncio.Task[None]] = []
        try:
            await self._questions.wait()
            from_asterisk, to_asterisk = await asyncio.open_connection(*self.asterisk)
            writers.append(to_asterisk)
            ways = [
                asyncio.create_task(self._pass(reader, to_asterisk, self._questions, self.asked)),
                asyncio.create_task(self._pass(from_asterisk, writer, self._answers, bytearray())),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in writers:
                each.transport.abort()
            del self._open[task]

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, may_pass: asyncio.Event, seen: bytearray
    ) -> None:
        """Pass on what comes, until either side closes. All that comes is read at once, also while it is held up."""
        read: asyncio.Queue[bytes] = asyncio.Queue()
        passing = asyncio.create_task(self._write(read, writer, may_pass))
        try:
            while data := await reader.read(CHUNK):
                seen += data
                read.put_nowait(data)
        finally:
            passing.cancel()

    async def _write(
        self, read: "asyncio.Queue[bytes]", writer: asyncio.StreamWriter, may_pass: asyncio.Event
    ) -> None:
        while True:
            data = await read.get()
            await may_pass.wait()
            writer.write(data)
