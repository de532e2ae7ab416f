"""Session stores for tests: one over any database; and pairs: two gateways over one database, or one in memory."""

from contextlib import asynccontextmanager
from functools import partial

from attrs import define, field
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.task import Clock, deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.sessions.durable import DurableSessions
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.memory import MemorySessions
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.databases import sqlite_in_test
from tests.harness.sessions import MOMENT
from tests.harness.sim_live import run

result = SynchronousTestCase()


def durable(database, journal, clock, *, in_thread=maybeDeferred, ahead_s=0.0, keep_s=1e9, metrics=None):
    """Give a store over a database; its wall clock is `ahead_s` ahead of MOMENT; `journal` may be a folder."""
    return DurableSessions(
        database,
        journal if isinstance(journal, Journal) else Journal(journal, 10_000_000),
        keep_s=keep_s,
        clock=clock,
        wall_clock=lambda: MOMENT + ahead_s + clock.seconds(),
        in_thread=in_thread,
        metrics=metrics or MemoryMetrics(),
    )


def in_thread_of(reactor):
    """Give a function that runs blocking functions in the threads of a reactor."""
    return partial(deferToThreadPool, reactor, reactor.getThreadPool())


@define(eq=False)
class Gateway:
    """A store and its clock."""

    store: object
    clock: object

    async def save(self, *sessions):
        """Save sessions, and wait for the answers."""
        saved = gatherResults([self.store.save(session) for session in sessions])
        if isinstance(self.clock, Clock):
            self.clock.advance(0)
        await saved

    async def search(self, search):
        """Read a page of calls; it is read in parts."""
        asked = self.store.search(search)
        if isinstance(self.clock, Clock):
            self.clock.pump([0] * 10)
        return await asked

    async def notes_written(self):
        """Wait until all notes of this gateway are in the database."""
        if isinstance(self.clock, Clock):
            self.clock.advance(0.5)
            return
        while len(self.store._unwritten):
            await deferLater(self.clock, 0.01)


@asynccontextmanager
async def _at_work(stores, clock):
    for store in stores:
        await maybeDeferred(store.startService)
    try:
        yield [Gateway(store, clock) for store in stores]
    finally:
        for store in stores:
            await maybeDeferred(store.stopService)


@define(eq=False)
class _InTest:
    folder: object
    clock: Clock = field(factory=Clock)

    def run(self, scenario):
        """Run a scenario with two gateways, on a clock that stands still."""

        async def live():
            async with _at_work(self.stores(), self.clock) as gateways:
                await scenario(*gateways)

        result.successResultOf(Deferred.fromCoroutine(live()))
        assert self.clock.getDelayedCalls() == []


@define(eq=False)
class InMemory(_InTest):
    def stores(self):
        return 2 * [MemorySessions()]


@define(eq=False)
class InSqlite(_InTest):
    def stores(self):
        path = self.folder / "calls.db"
        return [
            durable(sqlite_in_test(path, self.clock), self.folder / name, self.clock, ahead_s=ahead_s)
            for name, ahead_s in (("first", 60.0), ("second", 0.0))
        ]


@define(eq=False)
class InPostgres:
    folder: object
    address: str

    def run(self, scenario):
        """Run a scenario with two gateways, on real sockets."""

        async def live(reactor):
            stores = [
                durable(
                    PostgresDatabase(self.address, reactor),
                    self.folder / name,
                    reactor,
                    in_thread=in_thread_of(reactor),
                    ahead_s=ahead_s,
                )
                for name, ahead_s in (("first", 60.0), ("second", 0.0))
            ]
            async with _at_work(stores, reactor) as gateways:
                await scenario(*gateways)

        run(live)
