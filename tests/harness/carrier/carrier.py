"""A whole carrier in a thread of its own: trunks on loopback addresses, over UDP, TCP and TLS."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Self

from attrs import define, field

from tests.harness.carrier.calling import CallIn
from tests.harness.carrier.names import Names, listen_names
from tests.harness.carrier.records import Records
from tests.harness.carrier.transports import Address, StreamLink, Udp, listen_stream, listen_udp
from tests.harness.carrier.trunk import CarrierTrunk

WAIT_S = 30.0
POLL_S = 0.01


@define(eq=False)
class Carrier:
    """A context manager: the trunks listen inside it, and nothing of it is left outside."""

    records: Records = field(factory=Records, init=False)
    trunks: dict[str, CarrierTrunk] = field(factory=dict, init=False)
    _loop: asyncio.AbstractEventLoop = field(factory=asyncio.new_event_loop, init=False)
    _thread: threading.Thread = field(init=False)
    _sockets: list[Udp | Names | asyncio.Server] = field(factory=list, init=False)
    _udp: dict[str, Udp] = field(factory=dict, init=False)
    _links: set[StreamLink] = field(factory=set, init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, name="carrier", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.run(self._stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(WAIT_S)
            self._loop.close()

    def add(self, trunk: CarrierTrunk, transport: str = "udp", context: ssl.SSLContext | None = None) -> CarrierTrunk:
        """Open a trunk at its address; `context` holds the certificate of TLS."""
        self.run(self._listen(trunk, transport, context))
        self.trunks[trunk.name] = trunk
        return trunk

    def name_server(self) -> tuple[str, Names]:
        """Open a name server at a free loopback address; give the address, and what remembers the questions."""
        for number in range(1, 255):
            host = f"127.0.53.{number}"
            with suppress(OSError):
                names = self.run(listen_names(host))
                self._sockets.append(names)
                return host, names
        raise OSError("port 53 is taken at every address")

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something in the carrier's thread, and give its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    def call_in(self, trunk: CarrierTrunk, number: str, caller: str, asterisk: Address) -> CallIn:
        """Call in over UDP, and wait for the final answer."""
        link = self._udp[trunk.name].link(asterisk)
        called: CallIn = self.run(trunk.call_in(number, caller, asterisk, link))
        return called

    def wait_until(self, condition: Callable[[], object], complaint: str, timeout_s: float = WAIT_S) -> None:
        """Wait until something holds.

        Raises:
            AssertionError: it did not in time; the text has the last messages.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"{complaint} in {timeout_s} s\n{self.story()}"
            time.sleep(POLL_S)

    def story(self, last: int = 30) -> str:
        """Tell the last messages, for the report of a failed test."""
        arrows = {True: "<-", False: "->"}
        return "\n".join(
            f"{seen.at:.3f} {seen.trunk} {arrows[seen.is_incoming]} {seen.message.start} ({seen.message['CSeq']})"
            for seen in self.records.seen[-last:]
        )

    @property
    def errors(self) -> list[BaseException]:
        """What behaviours have raised."""
        return [error for trunk in self.trunks.values() for error in trunk.errors]

    def connections(self) -> set[str]:
        """Name the connections that Asterisk keeps open, as /proc/self/fd does."""
        return {link.inode for link in list(self._links)}

    async def _listen(self, trunk: CarrierTrunk, transport: str, context: ssl.SSLContext | None) -> None:
        address = trunk.host, trunk.port
        if transport == "udp":
            udp = self._udp[trunk.name] = await listen_udp(address, trunk.receive)
            self._sockets.append(udp)
        else:
            self._sockets.append(await listen_stream(address, trunk.receive, self._links, context))

    async def _stop(self) -> None:
        for listening in self._sockets:
            listening.close()
        for link in list(self._links):
            link.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
