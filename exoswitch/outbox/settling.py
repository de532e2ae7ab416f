"""Adapter: settlements in batches: those that come during a write go together into the next write.

A settlement that comes while no write runs is written at once: a gateway that dies before has delivered the callback,
and another one delivers it again.
"""

from collections.abc import Callable, Sequence

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exoswitch.errors import BackendUnavailable
from exoswitch.outbox.delivery import Settlement
from exoswitch.tasks.spawn import spawn

AT_ONCE = 100
"""More would gain nothing: a sync of the disk takes longer than writing 100 rows."""


@define(eq=False)
class Settling:
    """Settlements that wait, or that `write` writes; there is at most one for each delivery under way.

    If the database is away, its callbacks are due again at the end of their leases.
    """

    _write: Callable[[Sequence[Settlement]], Deferred[None]]
    _log: Logger
    _waiting: list[tuple[Settlement, Deferred[None]]] = field(factory=list, init=False)
    _is_writing: bool = field(default=False, init=False)

    def add(self, settlement: Settlement) -> Deferred[None]:
        """Write a settlement; the Deferred fires when that was done, or has failed."""
        written: Deferred[None] = Deferred()
        self._waiting.append((settlement, written))
        if not self._is_writing:
            spawn(self._write_all(), self._log, "writing the outcome of callbacks")
        return written

    async def _write_all(self) -> None:
        self._is_writing = True
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                await self._write_batch(batch)
        finally:
            self._is_writing = False

    async def _write_batch(self, batch: Sequence[tuple[Settlement, Deferred[None]]]) -> None:
        try:
            await self._write([settlement for settlement, _ in batch])
        except BackendUnavailable as problem:
            self._log.warn(
                "the outcome of {count} callbacks is not written, so they are sent again: {problem}",
                count=len(batch),
                problem=str(problem),
            )
        except Exception:  # noqa: BLE001 - an error in exoswitch must not end the deliveries that wait for this
            self._log.failure("the outcome of callbacks is not written, so they are sent again")
        for _, written in batch:
            written.callback(None)
