"""The SQLite file: its permissions, its errors, and other processes that use it."""

import sqlite3
import stat
from contextlib import closing

import pytest
from attrs import evolve
from twisted.internet.defer import gatherResults

from exoswitch.errors import BackendUnavailable
from exoswitch.sessions import sqlite
from exoswitch.sessions.notes import Note, session_row
from exoswitch.sessions.sqlite import SqliteDatabase
from tests.harness.databases import SqliteInTest, result, sqlite_in_test
from tests.harness.sessions import MOMENT, SESSION


def test_only_the_owner_may_read_the_file_and_its_wal(tmp_path):
    async def scenario(database):
        await database.write([Note(1, SESSION)])
        files = list(tmp_path.iterdir())
        assert len(files) == 3
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}

    SqliteInTest(tmp_path).run(scenario)


def test_missing_folder_is_an_error(tmp_path):
    database = sqlite_in_test(tmp_path / "no" / "calls.db")
    failure = result.failureResultOf(database.open(), BackendUnavailable)
    assert "No such file or directory" in failure.getErrorMessage()


def test_file_that_is_no_database_is_an_error(tmp_path):
    (tmp_path / "calls.db").write_bytes(b"not a database, but long enough to be taken for one" * 20)
    database = sqlite_in_test(tmp_path / "calls.db")
    assert "not a database" in result.failureResultOf(database.open(), BackendUnavailable).getErrorMessage()


def test_file_is_unavailable_while_another_process_writes_too_long(tmp_path):
    async def scenario(database):
        with closing(sqlite3.connect(tmp_path / "calls.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(BackendUnavailable, match="locked"):
                await database.write([Note(1, SESSION)])
            with pytest.raises(BackendUnavailable, match="locked"):
                await database.claim(["c1"], "t1", MOMENT)
            assert await database.recall(["c1"]) == []
        await database.write([Note(1, SESSION)])

    SqliteInTest(tmp_path).run(scenario)


def test_rows_are_made_before_the_transaction_in_which_others_wait(tmp_path, monkeypatch):
    def made(note):
        with closing(sqlite3.connect(tmp_path / "calls.db", isolation_level=None, timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
        return session_row(note)

    monkeypatch.setattr(sqlite, "session_row", made)

    async def scenario(database):
        await database.write([Note(1, SESSION), Note(2, evolve(SESSION, call_sid="c2"))])
        assert len(await database.recall(["c1", "c2"])) == 2

    SqliteInTest(tmp_path).run(scenario)


def deleted(folder):
    for file in folder.iterdir():
        file.unlink()


def replaced(folder):
    (folder / "other").write_bytes(b"")
    (folder / "other").replace(folder / "calls.db")


@pytest.mark.parametrize("happens", [deleted, replaced])
def test_file_that_is_deleted_or_replaced_is_noticed_and_made_again(tmp_path, happens):
    async def scenario(database):
        await database.write([Note(1, SESSION)])
        happens(tmp_path)
        for ask in (lambda: database.write([Note(2, SESSION)]), lambda: database.recall(["c1"])):
            with pytest.raises(BackendUnavailable, match="deleted or replaced"):
                await ask()
        await database.open()
        await database.write([Note(3, SESSION)])
        assert await database.recall(["c1"]) == [Note(3, SESSION)]

    SqliteInTest(tmp_path).run(scenario)


def test_file_that_others_may_read_is_closed_to_them_when_it_is_opened(tmp_path):
    async def scenario(database):
        (tmp_path / "calls.db").chmod(0o644)
        await database.open()
        assert stat.S_IMODE((tmp_path / "calls.db").stat().st_mode) == 0o600

    SqliteInTest(tmp_path).run(scenario)


@pytest.mark.loopback
async def test_deleted_file_is_made_again_in_its_own_thread(tmp_path, reactor):
    database = SqliteDatabase(tmp_path / "calls.db", reactor)
    await database.open()
    (tmp_path / "calls.db").unlink()
    with pytest.raises(BackendUnavailable, match="deleted or replaced"):
        await database.write([Note(1, SESSION)])
    await database.open()
    await database.write([Note(2, SESSION)])
    assert await database.recall(["c1"]) == [Note(2, SESSION)]
    database.close()


@pytest.mark.loopback
async def test_gateways_that_make_one_file_at_once_agree_on_its_schema(tmp_path, reactor):
    databases = [SqliteDatabase(tmp_path / "calls.db", reactor) for _ in range(4)]
    await gatherResults([database.open() for database in databases])
    for number, database in enumerate(databases):
        await database.write([Note(number, evolve(SESSION, call_sid=f"c{number}"))])
    assert len(await databases[0].recall(["c3"])) == 1
    for database in databases:
        database.close()
