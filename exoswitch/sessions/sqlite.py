"""Adapter: a database of sessions in one SQLite file, by way of Twisted's adbapi, with one thread of its own.

The file is in WAL mode, where whoever reads does not stop who writes, with ``synchronous=FULL``: what is committed is
on the disk. Its statements need SQLite 3.35 (2021).
"""

import os
import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, TypeVar

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable, CorruptRecord
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.document import from_text
from exoswitch.sessions.notes import (
    EVENT_COLUMNS,
    SESSION_COLUMNS,
    Note,
    event_row,
    newest,
    session_row,
)
from exoswitch.store.schema_files import read_schema
from exoswitch.store.schema_versions import Version, due

_LOCKED_S = 3.0  # how long to wait for another process that writes
_ANSWER_S = 10.0
_FORGOTTEN_AT_ONCE = 1000  # so that a call does not wait long for a great tidying up

_Result = TypeVar("_Result")


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - ours


_ADD_EVENT = _insert("events", EVENT_COLUMNS) + " ON CONFLICT DO NOTHING"
_SET_SESSION = (
    _insert("sessions", SESSION_COLUMNS)
    + f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in SESSION_COLUMNS[1:])}"
    + " WHERE excluded.sequence > sessions.sequence"
)
# Whoever claims again writes again, so that what it is told is on the disk by its own transaction.
_CLAIM = (
    "INSERT INTO claims (call_sid, token, claimed_at) VALUES (?, ?, ?) "
    "ON CONFLICT DO UPDATE SET token = excluded.token WHERE claims.token = excluded.token RETURNING call_sid"
)
_OLDEST = "SELECT call_sid FROM sessions WHERE created_at < ? ORDER BY created_at LIMIT ?"


@implementer(ISessionDatabase)
class SqliteDatabase:
    """Sessions in a file, which is made where there is none; only its owner may read it.

    `pool` is adbapi's, or what a test has in its place.
    """

    def __init__(
        self, path: str | Path, reactor: Any, *, versions: Sequence[Version] | None = None, pool: Any = None
    ) -> None:
        self.name = f"SQLite file {path}"
        self._path = Path(path)
        self._reactor = reactor
        self._versions = read_schema("sqlite") if versions is None else versions
        self._pool = pool

    def open(self) -> Deferred[None]:
        """Make the file, or bring it to the newest version."""
        try:
            _make_private(self._path)
        except OSError as error:
            return fail(BackendUnavailable(f"{self.name}: {error.strerror}"))
        if self._pool is None:
            self._pool = _connection_pool(self._path, self._reactor)
        return self._run(_upgrade, self._versions)

    def write(self, notes: Sequence[Note]) -> Deferred[None]:
        """Write notes in one transaction."""
        return self._run(_write, notes)

    def recall(self, call_sids: Collection[str]) -> Deferred[list[Note]]:
        """Read the newest notes of these calls."""
        return self._run(_recall, call_sids)

    def unfinished(self, gateway: str) -> Deferred[list[str]]:
        """Give the SIDs of this gateway's calls that have not ended."""
        return self._run(_unfinished, gateway)

    def claim(self, call_sids: Collection[str], token: str, now: float) -> Deferred[frozenset[str]]:
        """Write down who claims these calls, in one transaction."""
        return self._run(_claim, call_sids, token, now)

    def tidy(self, now: float, keep_from: float) -> Deferred[None]:
        """Forget the calls that began before `keep_from`, and their claims."""
        del now
        return Deferred.fromCoroutine(self._forget(keep_from))

    def close(self) -> Deferred[None]:
        """Close the file; a write that is under way ends first."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
        return succeed(None)

    async def _forget(self, keep_from: float) -> None:
        while await self._run(_forget_some, keep_from) == _FORGOTTEN_AT_ONCE:
            pass

    def _run(self, work: Callable[..., _Result], *arguments: object) -> Deferred[_Result]:
        return Deferred.fromCoroutine(self._interact(work, *arguments))

    async def _interact(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        if self._pool is None:
            raise BackendUnavailable(f"{self.name}: it is closed")
        done: Deferred[_Result] = self._pool.runInteraction(work, *arguments)
        try:
            return await done.addTimeout(_ANSWER_S, self._reactor)
        except DeferredTimeout:
            raise BackendUnavailable(f"{self.name}: no answer within {_ANSWER_S:g} s") from None
        except (sqlite3.Error, OSError, CorruptRecord) as error:
            raise BackendUnavailable(f"{self.name}: {error}") from error


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, for its owner alone; the files of the WAL take over its mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _connection_pool(path: Path, reactor: Any) -> ConnectionPool:
    return ConnectionPool(  # type: ignore[no-untyped-call]
        "sqlite3",
        path,
        timeout=_LOCKED_S,
        isolation_level=None,  # transactions begin where we say so
        check_same_thread=False,  # the pool closes its connection from the reactor's thread
        cp_reactor=reactor,
        cp_min=1,
        cp_max=1,
        cp_noisy=False,
        cp_openfun=set_up,
    )


def set_up(connection: sqlite3.Connection) -> None:
    """Say of a new connection how it writes; one that leads to no database is closed."""
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise


def _upgrade(cursor: sqlite3.Cursor, versions: Sequence[Version]) -> None:
    """Bring the schema to the newest version; the lock is the write transaction, and lasts until its end."""
    cursor.execute("BEGIN IMMEDIATE")
    ((current,),) = cursor.execute("PRAGMA user_version").fetchall()
    for version in due(versions, current):
        for statement in version.statements:
            cursor.execute(statement)
        cursor.execute(f"PRAGMA user_version = {version.number:d}")


def _write(cursor: sqlite3.Cursor, notes: Sequence[Note]) -> None:
    cursor.execute("BEGIN IMMEDIATE")
    cursor.executemany(_ADD_EVENT, map(event_row, notes))
    cursor.executemany(_SET_SESSION, map(session_row, newest(notes)))


def _recall(cursor: sqlite3.Cursor, call_sids: Collection[str]) -> list[Note]:
    marks = ", ".join("?" * len(call_sids))
    rows = cursor.execute(
        f"SELECT sequence, document FROM sessions WHERE call_sid IN ({marks})",  # noqa: S608 - ours
        tuple(call_sids),
    )
    return [Note(sequence, from_text(document)) for sequence, document in rows]


def _unfinished(cursor: sqlite3.Cursor, gateway: str) -> list[str]:
    rows = cursor.execute("SELECT call_sid FROM sessions WHERE gateway = ? AND ended_at IS NULL", (gateway,))
    return [call_sid for (call_sid,) in rows]


def _claim(cursor: sqlite3.Cursor, call_sids: Collection[str], token: str, now: float) -> frozenset[str]:
    cursor.execute("BEGIN IMMEDIATE")
    rows = [row for call_sid in call_sids for row in cursor.execute(_CLAIM, (call_sid, token, now)).fetchall()]
    return frozenset(call_sid for (call_sid,) in rows)


def _forget_some(cursor: sqlite3.Cursor, keep_from: float) -> int:
    cursor.execute("BEGIN IMMEDIATE")
    oldest = cursor.execute(_OLDEST, (keep_from, _FORGOTTEN_AT_ONCE)).fetchall()
    for table in ("claims", "events", "sessions"):
        cursor.executemany(f"DELETE FROM {table} WHERE call_sid = ?", oldest)  # noqa: S608 - ours
    return len(oldest)
