"""Outboxes for tests: beside the sessions in memory, in SQLite and in PostgreSQL, on a clock that a test sets."""

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.outbox.memory import MemoryOutbox
from exoswitch.outbox.postgres import PostgresOutbox
from exoswitch.outbox.sqlite import SqliteOutbox
from exoswitch.sessions.memory import MemorySessions
from exoswitch.sessions.notes import Note
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase
from tests.harness.databases import PoolInTest
from tests.harness.sessions import MOMENT
from tests.harness.sim_live import run

result = SynchronousTestCase()


@define(eq=False, slots=False)
class _World:
    """A session store, `write`, and the outboxes of two gateways of a fleet, `one` and `other`."""

    now: float = MOMENT
    sequence: int = 0
    made: list = field(factory=list)

    def wait(self, seconds):
        self.now += seconds

    async def note(self, *sessions):
        """Write sessions, each as the newest note of its call, in one transaction."""
        notes = []
        for session in sessions:
            self.sequence += 1
            notes.append(Note(self.sequence, session))
        await self.write(notes)

    async def open(self):
        self.one = await self.outbox("gw1 a")
        self.other = await self.outbox("gw2 b")

    async def outbox(self, holder):
        """Give the outbox of one process, opened."""
        made = self.make(holder)
        self.made.append(made)
        await made.open()
        return made

    async def live(self, scenario):
        try:
            await self.open()
            await scenario(self)
        finally:
            for made in self.made:
                made.close()


@define(eq=False, slots=False)
class InMemory(_World):
    first: object = None

    def make(self, holder):
        if self.first is None:
            self.first = MemoryOutbox(lambda: self.now, holder)
            self.sessions = MemorySessions(add_callbacks=self.first.add)
            return self.first
        return MemoryOutbox(lambda: self.now, holder, table=self.first.table)

    def write(self, notes):
        for note in notes:
            self.sessions.note(note.session)
        return succeed(None)

    def run(self, scenario):
        result.successResultOf(Deferred.fromCoroutine(self.live(scenario)))


@define(eq=False, slots=False)
class InSqlite(_World):
    folder: object = None

    def run(self, scenario):
        async def live():
            path = self.folder / "calls.db"
            self.database = SqliteDatabase(path, Clock(), pool=PoolInTest(path))
            await self.database.open()
            try:
                await self.live(scenario)
            finally:
                self.database.close()

        result.successResultOf(Deferred.fromCoroutine(live()))

    def make(self, holder):
        path = self.folder / "calls.db"
        return SqliteOutbox(path, Clock(), holder, now=lambda: self.now, pool=PoolInTest(path))

    def write(self, notes):
        return self.database.write(notes)


@define(eq=False, slots=False)
class InPostgres(_World):
    address: str = ""

    def run(self, scenario):
        async def live(reactor):
            self.reactor = reactor
            self.database = PostgresDatabase(self.address, reactor)
            await self.database.open()
            try:
                await self.live(scenario)
            finally:
                self.database.close()

        run(live)

    def make(self, holder):
        return PostgresOutbox(self.address, self.reactor, holder, now=lambda: self.now)

    def write(self, notes):
        return self.database.write(notes)


WORLDS = [InMemory, InSqlite, pytest.param(InPostgres, marks=pytest.mark.loopback)]
"""Each kind of outbox: the parameters of a fixture."""


def world_of(request, tmp_path):
    """Give the world that is a fixture's parameter, with an empty outbox."""
    if request.param is InPostgres:
        return InPostgres(address=request.getfixturevalue("postgres").new_database())
    return request.param(folder=tmp_path) if request.param is InSqlite else InMemory()
