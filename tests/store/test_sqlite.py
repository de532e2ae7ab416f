"""A SQLite file is opened while other processes open and write it."""

import sqlite3
from contextlib import closing

import pytest
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.errors import BackendUnavailable
from exoswitch.store.schema_versions import in_order
from exoswitch.store.sqlite import SqliteFile, set_up
from tests.harness.databases import PoolInTest

result = SynchronousTestCase()

VERSIONS = in_order({"0001_things.sql": "CREATE TABLE things (name TEXT);\n"})


@pytest.fixture
def connect(tmp_path):
    made = []

    def connect():
        made.append(sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=0))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


@pytest.fixture
def open_file(tmp_path):
    files = []

    def open_file(versions=VERSIONS):
        files.append(SqliteFile(tmp_path / "a.db", Clock(), pool=PoolInTest(tmp_path / "a.db")))
        return files[-1], files[-1].open(versions)

    yield open_file
    for file in files:
        file.close()


def test_switch_to_wal_waits_while_another_process_writes_the_new_file(connect):
    clock, other, ours = Clock(), connect(), connect()
    other.execute("BEGIN IMMEDIATE")
    clock.callLater(1.0, other.execute, "COMMIT")
    set_up(ours, now=clock.seconds, pause=clock.advance)
    assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert clock.seconds() == pytest.approx(1.0, abs=0.05)


def test_file_that_stays_locked_is_given_up_after_three_seconds(connect):
    clock, other, ours = Clock(), connect(), connect()
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        set_up(ours, now=clock.seconds, pause=clock.advance)
    assert clock.seconds() == pytest.approx(3.0, abs=0.05)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        ours.execute("SELECT 1")


def test_file_of_the_newest_version_opens_while_another_process_writes(connect, open_file):
    result.successResultOf(open_file()[1])
    connect().execute("BEGIN IMMEDIATE")
    file, opened = open_file()
    result.successResultOf(opened)
    assert result.successResultOf(file.run(lambda cursor: cursor.execute("SELECT * FROM things").fetchall())) == []


def test_upgrade_does_not_begin_while_another_process_writes(connect, open_file):
    result.successResultOf(open_file(())[1])
    other = connect()
    other.execute("BEGIN IMMEDIATE")
    result.failureResultOf(open_file()[1], BackendUnavailable)
    other.execute("COMMIT")
    result.successResultOf(open_file()[1])


def test_work_that_fails_changes_nothing_and_its_error_is_raised(open_file):
    file, opened = open_file()
    result.successResultOf(opened)

    def work(cursor):
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("INSERT INTO things VALUES ('a')")
        raise ZeroDivisionError

    result.failureResultOf(file.run(work), ZeroDivisionError)
    assert result.successResultOf(file.run(lambda cursor: cursor.execute("SELECT * FROM things").fetchall())) == []


def test_versions_are_applied_one_after_the_other(connect, open_file):
    result.successResultOf(open_file()[1])
    more = in_order({"0001_things.sql": "no SQL;\n", "0002_more.sql": "ALTER TABLE things ADD COLUMN size REAL;\n"})
    result.successResultOf(open_file(more)[1])
    with closing(connect()) as other:
        other.execute("INSERT INTO things (name, size) VALUES ('a', 1.5)")
        assert other.execute("PRAGMA user_version").fetchone() == (2,)
