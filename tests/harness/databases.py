"""Databases of sessions for tests: in the test's own thread, or with real threads and sockets."""

import sqlite3

import pytest
from attrs import define
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.sessions.ledger_postgres import PostgresLedger
from exoswitch.sessions.ledger_sqlite import SqliteLedger
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase
from exoswitch.store.sqlite import set_up
from tests.harness.sim_live import run

result = SynchronousTestCase()


@define(eq=False)
class PoolInTest:
    """A double of adbapi's pool: every interaction has ended when `runInteraction` returns."""

    path: object
    _connection: sqlite3.Connection | None = None

    def runInteraction(self, work, *arguments):
        return maybeDeferred(self._interact, work, *arguments)

    def _interact(self, work, *arguments):
        if self._connection is None:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=0)
            set_up(connection)
            self._connection = connection
        try:
            outcome = work(self._connection.cursor(), *arguments)
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()
        return outcome

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def sqlite_in_test(path, clock=None, **settings):
    """Give a database whose Deferreds have already fired."""
    return SqliteDatabase(path, clock or Clock(), pool=PoolInTest(path), **settings)


@define
class _OfSqlite:
    dialect = "sqlite"
    folder: object

    def rows(self, database, query):
        return database._file.run(lambda cursor: cursor.execute(query).fetchall())


@define
class SqliteInTest(_OfSqlite):
    def run(self, scenario, **settings):
        async def live(database):
            try:
                await database.open()
                await scenario(database)
            finally:
                database.close()

        result.successResultOf(Deferred.fromCoroutine(live(sqlite_in_test(self.folder / "calls.db", **settings))))

    def run_ledger(self, scenario, **settings):
        """Run a scenario with a database and its ledger."""
        path = self.folder / "calls.db"
        ledger = SqliteLedger(path, Clock(), pool=PoolInTest(path))

        async def with_ledger(database):
            try:
                await ledger.open()
                await scenario(database, ledger)
            finally:
                ledger.close()

        self.run(with_ledger, **settings)


@define
class _OnAReactor:
    def run(self, scenario, **settings):
        async def live(reactor):
            database = self.make(reactor, **settings)
            try:
                await database.open()
                await scenario(database)
            finally:
                database.close()

        run(live)

    def run_ledger(self, scenario, **settings):
        """Run a scenario with a database and its ledger."""

        async def live(reactor):
            database, ledger = self.make(reactor, **settings), self.make_ledger(reactor)
            try:
                await database.open()
                await ledger.open()
                await scenario(database, ledger)
            finally:
                ledger.close()
                database.close()

        run(live)


@define
class Sqlite(_OnAReactor, _OfSqlite):
    def make(self, reactor, **settings):
        return SqliteDatabase(self.folder / "calls.db", reactor, **settings)

    def make_ledger(self, reactor):
        return SqliteLedger(self.folder / "calls.db", reactor)


@define
class Postgres(_OnAReactor):
    dialect = "postgres"
    address: str

    def make(self, reactor, **settings):
        return PostgresDatabase(self.address, reactor, **settings)

    def make_ledger(self, reactor):
        return PostgresLedger(self.address, reactor)

    def rows(self, database, query):
        return database._quick.run(lambda ask: ask(query))


KINDS = [SqliteInTest, *(pytest.param(kind, marks=pytest.mark.loopback) for kind in (Sqlite, Postgres))]
"""Each kind of database: the parameters of a fixture."""


def database_kind(request, tmp_path):
    """Give the kind that is a fixture's parameter, with an empty database."""
    if request.param is Postgres:
        return Postgres(request.getfixturevalue("postgres").new_database())
    return request.param(tmp_path)
