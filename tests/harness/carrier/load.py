"""Calls placed at a steady rate over REST, and what became of each."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

from attrs import define, field, frozen

from tests.harness.carrier.records import Records
from tests.harness.e2e.gateway import FINAL, GatewayProcess

THREADS = 32
ENDED_WITHIN_S = 30.0


@frozen
class Placed:
    """A call that was asked for; `call_sid` is empty if the gateway refused it."""

    number: str
    at: float
    call_sid: str


@define
class Load:
    """Places calls, in threads of its own; a context manager."""

    gateway: GatewayProcess
    bot_url: str
    placed: list[Placed] = field(factory=list, init=False)
    _begun: list[Future[Placed]] = field(factory=list, init=False)
    _threads: ThreadPoolExecutor = field(factory=lambda: ThreadPoolExecutor(THREADS), init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def place(self, numbers: Iterable[str], per_s: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Place a call to each number, evenly so many a second, until all are placed or something is so."""
        due, asked = time.monotonic(), []
        for number in numbers:
            if until():
                break
            time.sleep(max(0.0, due - time.monotonic()))
            asked.append(self._threads.submit(self._place, number))
            due += 1 / per_s
        self.placed += [future.result() for future in asked]

    def begin(self, numbers: Iterable[str]) -> None:
        """Place a call to each number as fast as the gateway takes them; `lost` waits for them."""
        self._begun += [self._threads.submit(self._place, number) for number in numbers]

    def _place(self, number: str) -> Placed:
        at = time.monotonic()
        try:
            return Placed(number, at, self.gateway.place(f"0{number[-10:]}", self.bot_url))
        except (AssertionError, OSError):
            return Placed(number, at, "")

    def lost(self) -> list[dict[str, Any] | Placed]:
        """Wait for the end of every call; give those that were not completed, and those that were refused."""
        self.placed += [future.result() for future in self._begun]
        self._begun.clear()
        deadline = time.monotonic() + ENDED_WITHIN_S
        lost: list[dict[str, Any] | Placed] = [placed for placed in self.placed if not placed.call_sid]
        for placed in self.placed:
            if placed.call_sid:
                ended = self._ended(placed.call_sid, deadline)
                lost += [] if ended["Status"] == "completed" else [ended]
        return lost

    def _ended(self, call_sid: str, deadline: float) -> dict[str, Any]:
        while (call := self.gateway.call(call_sid))["Status"] not in FINAL and time.monotonic() < deadline:
            time.sleep(0.02)
        return call


def first_tries(records: Records) -> dict[str, tuple[str, float]]:
    """Give the trunk on which each number (its last ten digits) was dialled first, and when."""
    tries: dict[str, tuple[str, float]] = {}
    for seen in records.dials():
        number = seen.message.uri.partition("@")[0][-10:]
        tries.setdefault(number, (seen.trunk, seen.at))
    return tries
