"""Adapter: claims of calls in batches: claims that come during a write go together into the next write.

Each write costs one sync of the disk, and a disk may do only a hundred syncs a second. A claim that comes while no
write runs is written at once.
"""

from collections.abc import Awaitable, Callable, Collection

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exoswitch.tasks.spawn import spawn

CLAIMS_AT_ONCE = 100
"""More would gain nothing: a sync of the disk takes longer than writing 100 rows."""


@frozen(eq=False)
class _Claim:
    call_sid: str
    token: str
    answer: Deferred[bool]


@define(eq=False)
class Claims:
    """Claims that wait, or that `write` writes; it gives the calls that the token has now.

    At most one claim waits for each call that this gateway is about to dial, and the gateway limits those.
    """

    _write: Callable[[Collection[str], str], Awaitable[Collection[str]]]
    _log: Logger
    _waiting: list[_Claim] = field(factory=list, init=False)
    _is_writing: bool = field(default=False, init=False)

    def add(self, call_sid: str, token: str) -> Deferred[bool]:
        """Claim a call; True if the token has it. A claim that is cancelled before its write is not written."""
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
        """Take the oldest claim and other claims with its token: one write has one token."""
        waiting = [claim for claim in self._waiting if not claim.answer.called]
        batch = [claim for claim in waiting if claim.token == waiting[0].token][:CLAIMS_AT_ONCE]
        taken = set(batch)
        self._waiting = [claim for claim in waiting if claim not in taken]
        return batch

    async def _write_batch(self, batch: list[_Claim]) -> None:
        try:
            ours = await self._write({claim.call_sid for claim in batch}, batch[0].token)
        except Exception as problem:  # noqa: BLE001 - each claim gets an answer, whatever the error
            for claim in batch:
                claim.answer.errback(problem)
        else:
            for claim in batch:
                claim.answer.callback(claim.call_sid in ours)
