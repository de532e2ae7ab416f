"""Adapter: claims of calls, gathered: those that come while some are being written go together in the next write.

A write costs a sync of the disk, however much is in it, and a disk may allow no more than a hundred of them a second.
A claim that meets no other is written at once.
"""

from collections.abc import Awaitable, Callable, Collection

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exoswitch.tasks.spawn import spawn

CLAIMS_AT_ONCE = 100
"""More would not make it quicker: a sync of the disk takes longer than 100 rows."""


@frozen(eq=False)
class _Claim:
    """A call that is claimed, and who waits for the answer."""

    call_sid: str
    token: str
    answer: Deferred[bool]


@define(eq=False)
class Claims:
    """Claims that wait, or are being written by `write`, which gives those of the calls that are now the token's.

    As many wait as calls of this gateway are about to be dialled, whose number has its own bounds.
    """

    _write: Callable[[Collection[str], str], Awaitable[Collection[str]]]
    _log: Logger
    _waiting: list[_Claim] = field(factory=list, init=False)
    _is_writing: bool = field(default=False, init=False)

    def add(self, call_sid: str, token: str) -> Deferred[bool]:
        """Claim a call; whoever cancels before it is written has not claimed it."""
        answer: Deferred[bool] = Deferred()
        self._waiting.append(_Claim(call_sid, token, answer))
        if not self._is_writing:
            spawn(self._write_all(), self._log, "claiming calls")
        return answer

    async def _write_all(self) -> None:
        self._is_writing = True
        try:
            while batch := self._next_batch():
                await self._write_batch(batch)
        finally:
            self._is_writing = False

    def _next_batch(self) -> list[_Claim]:
        """Take the oldest claim, and others by its token: a write has one token, as a gateway has."""
        waiting = [claim for claim in self._waiting if not claim.answer.called]
        batch = [claim for claim in waiting if claim.token == waiting[0].token][:CLAIMS_AT_ONCE]
        taken = set(batch)
        self._waiting = [claim for claim in waiting if claim not in taken]
        return batch

    async def _write_batch(self, batch: list[_Claim]) -> None:
        try:
            ours = await self._write({claim.call_sid for claim in batch}, batch[0].token)
        except Exception as problem:  # noqa: BLE001 - all who wait are told, whatever it is
            for claim in batch:
                claim.answer.errback(problem)
        else:
            for claim in batch:
                claim.answer.callback(claim.call_sid in ours)
