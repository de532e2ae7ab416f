"""Adapter: the recoverer: finds the callbacks that are due, whichever gateway wrote them, and has them sent.

    session store ──rows──► outbox ◄──lease── recoverer ──► queue: who may begin ──► sender ──► receiver
                               ▲                                                       │
                               └───────────────────── settlement ──────────────────────┘

A gateway that dies leaves rows behind, and leases that end; its next process, or any other gateway, goes on.
"""

from collections.abc import Iterator

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from exoswitch.errors import BackendUnavailable
from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.outbox.delivery import Leased, Result
from exoswitch.outbox.interfaces import IOutbox
from exoswitch.outbox.queue import Queue
from exoswitch.outbox.rows import Backlog
from exoswitch.outbox.sender import Sender
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.spawn import spawn

LOOK_EVERY_S = 0.2
COUNT_EVERY_S = 15.0
TIDY_EVERY_S = 3600.0
STOP_S = 5.0
_AT_ONCE = 32  # callbacks leased in one go: some 50 kB of documents
_IN_A_TURN = 2  # begun in one turn of the reactor: audio has the right of way


@define(eq=False)
class Recoverer(Service):
    """Leases callbacks while the queue has room, and lets the sender deliver them."""

    _outbox: IOutbox
    _sender: Sender
    _clock: IReactorTime
    _metrics: IMetrics
    _queue: Queue = field(factory=Queue)
    _loops: list[LoopingCall] = field(factory=list, init=False)
    _backlog: Backlog = field(factory=Backlog, init=False)
    _is_open: bool = field(default=False, init=False)
    _is_stopping: bool = field(default=False, init=False)
    _idle: list[Deferred[None]] = field(factory=list, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.callbacks"), init=False)

    def startService(self) -> None:
        """Look for callbacks now and then."""
        self._metrics.read_from(self._readings)
        for work, every_s in ((self._look, LOOK_EVERY_S), (self._count, COUNT_EVERY_S), (self._tidy, TIDY_EVERY_S)):
            self._loops.append(repeat(work, every_s, self._clock, self._log))

    @deferred
    async def stopService(self) -> None:
        """Stop leasing, wait a little for the deliveries under way, and leave the rest to other processes."""
        self._is_stopping = True
        for loop in self._loops:
            if loop.running:
                loop.stop()
        if len(self._queue):
            idle: Deferred[None] = Deferred()
            self._idle.append(idle)
            idle.addTimeout(STOP_S, self._clock, lambda _result, _seconds: None)
            await idle
        try:
            if self._is_open:
                await self._outbox.release()
        except BackendUnavailable as problem:
            self._log.info("callbacks under way are sent again when their leases end: {why}", why=str(problem))
        self._outbox.close()

    async def _look(self) -> None:
        if not self._is_open:
            await self._outbox.open()
            await self._outbox.release()
            self._is_open = True
        while await self._lease_some():
            pass

    async def _lease_some(self) -> bool:
        """Lease as many as may begin, and begin them; say whether to look again at once."""
        limit = min(self._queue.room, _AT_ONCE)
        if limit <= 0 or self._is_stopping:
            return False
        leased_at = self._clock.seconds()
        queue = self._queue
        try:
            leased = await self._outbox.lease(limit, queue.each_receiver, queue.rooms(), queue.full_accounts())
        except BackendUnavailable:
            self._is_open = False  # a file that was replaced must be opened again
            raise
        for number, one in enumerate(leased):
            if number % _IN_A_TURN == 0:
                await deferLater(self._clock, 0)
            if self._is_stopping:
                return False  # Another process has it next: its lease is ended, or ends soon.
            queue.begin(one)
            spawn(self._send(one, leased_at), self._log, "sending a callback", call_sid=one.call_sid)
        return bool(leased)

    async def _send(self, leased: Leased, leased_at: float) -> None:
        result: Result | None = None
        try:
            result = await self._sender.send(leased, leased_at)
        finally:
            self._queue.end(leased, result)
            if not len(self._queue):
                idle, self._idle = self._idle, []
                for each in idle:
                    each.callback(None)

    async def _count(self) -> None:
        if self._is_open:
            self._backlog = await self._outbox.backlog()

    async def _tidy(self) -> None:
        if self._is_open:
            await self._outbox.tidy()

    def _readings(self) -> Iterator[Reading]:
        yield Reading("callback_outbox_depth", self._backlog.waiting)
        yield Reading("callback_oldest_seconds", self._backlog.oldest_s)
