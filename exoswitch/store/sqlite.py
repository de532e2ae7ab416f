"""Adapter: one SQLite file, through Twisted's adbapi with one thread of its own.

It is in WAL mode, so that readers do not block writers, with ``synchronous=FULL``: a committed transaction is on the
disk.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from twisted.enterprise.adbapi import ConnectionPool

from exoswitch.errors import BackendUnavailable, RecordRefused
from exoswitch.store.private_file import Identity, identity, make_private
from exoswitch.store.schema_versions import Version, due
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.within import within

_LOCKED_S = 3.0  # how long to wait while another process writes
_LOCKED_AGAIN_S = 0.02
_ANSWER_S = 10.0
_UPGRADE_S = 600.0

_REFUSALS = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,  # a value of a type that SQLite does not have
    sqlite3.ProgrammingError,
    OverflowError,  # an integer of more than 64 bits
    ValueError,  # a text with a lone surrogate
)

_Result = TypeVar("_Result")


class SqliteFile:
    """A file, made if it is missing; only its owner may read it.

    If it is deleted or replaced while it is in use, it is unavailable until it is opened again: SQLite itself would
    go on writing to the deleted file. `pool` is adbapi's, or a test's double of it. A file that `is_read_only` is not
    made or changed.
    """

    def __init__(self, path: str | Path, reactor: Any, *, pool: Any = None, is_read_only: bool = False) -> None:
        self.name = f"SQLite file {path}"
        self._path = Path(path)
        self._reactor = reactor
        self._is_read_only = is_read_only
        make_pool = partial(_reading_pool if is_read_only else _connection_pool, self._path, reactor)
        self._make_pool = make_pool if pool is None else lambda: pool
        self._pool: Any = None
        self._opened: Identity | None = None

    @deferred
    async def open(self, versions: Sequence[Version]) -> None:
        """Make the file if it is missing, and apply the newer versions of its schema.

        Raises:
            BackendUnavailable: see `run`.
        """
        try:
            found = identity(self._path) if self._is_read_only else make_private(self._path)
        except OSError as error:
            raise BackendUnavailable(f"{self.name}: {error.strerror}") from None
        except BackendUnavailable as problem:
            raise BackendUnavailable(f"{self.name}: {problem}") from None
        if found != self._opened:
            self.close()
        if self._pool is None:
            self._pool, self._opened = self._make_pool(), found
        if due(versions, await self.run(_version)) and not self._is_read_only:
            await self.run(_upgrade, versions, within_s=_UPGRADE_S)

    @deferred
    async def run(self, work: Callable[..., _Result], *arguments: object, within_s: float = _ANSWER_S) -> _Result:
        """Call `work` with a cursor and the arguments, in the file's thread; commit when it returns.

        Raises:
            BackendUnavailable: the file is closed, locked or not usable, or does not answer in time.
            RecordRefused: the file is usable, but a value cannot be stored, or breaks a rule of the schema.
        """
        if self._pool is None:
            raise BackendUnavailable(f"{self.name}: it is closed")
        try:
            return await within(
                within_s, self._reactor, self._pool.runInteraction(self._checked, work, *arguments), self.name
            )
        except _REFUSALS as error:
            raise RecordRefused(f"{self.name}: {error}") from error
        except (sqlite3.Error, OSError) as error:
            raise BackendUnavailable(f"{self.name}: {error}") from error

    def close(self) -> None:
        """Close the file after the current work ends."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _checked(self, cursor: sqlite3.Cursor, work: Callable[..., _Result], *arguments: object) -> _Result:
        """Call `work`, if the file is still the one that was opened; this runs in the file's thread."""
        try:
            found = identity(self._path)
        except FileNotFoundError:
            found = None
        if found != self._opened:
            raise BackendUnavailable(f"{self.name} was deleted or replaced while it was in use")
        return work(cursor, *arguments)


def set_up(
    connection: sqlite3.Connection,
    *,
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Set how a new connection writes; close it if the file is no database, or stays locked for 3 s."""
    give_up_at = now() + _LOCKED_S
    try:
        while not _is_wal(connection, or_raise=now() >= give_up_at):
            pause(_LOCKED_AGAIN_S)
        connection.execute("PRAGMA synchronous = FULL")
        connection.text_factory = _read_text
    except sqlite3.Error:
        connection.close()
        raise


def _read_text(data: bytes) -> str:
    """Read a text; one that is not UTF-8 must not hide the rows beside it."""
    return data.decode(errors="replace")


def _is_wal(connection: sqlite3.Connection, *, or_raise: bool) -> bool:
    """Switch the file to WAL; False if another process writes to it, and it is not in WAL mode yet.

    SQLite then fails at once, without its time-out, since two connections that wait to switch would wait for each
    other (https://www.sqlite.org/c3ref/busy_handler.html).
    """
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError as error:
        if or_raise or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _connection_pool(path: Path, reactor: Any) -> ConnectionPool:
    return ConnectionPool(
        "sqlite3",
        path,
        timeout=_LOCKED_S,
        isolation_level=None,  # `work` begins its transactions
        check_same_thread=False,  # the pool closes its connection from the reactor's thread
        cp_reactor=reactor,
        cp_min=1,
        cp_max=1,
        cp_noisy=False,
        cp_openfun=set_up,
    )


def _reading_pool(path: Path, reactor: Any) -> ConnectionPool:
    return ConnectionPool(
        "sqlite3",
        f"file:{quote(str(path))}?mode=ro",
        uri=True,
        timeout=_LOCKED_S,
        check_same_thread=False,  # as above
        cp_reactor=reactor,
        cp_min=1,
        cp_max=1,
        cp_noisy=False,
        cp_openfun=_set_up_to_read,
    )


def _set_up_to_read(connection: sqlite3.Connection) -> None:
    connection.text_factory = _read_text


def _upgrade(cursor: sqlite3.Cursor, versions: Sequence[Version]) -> None:
    """Apply the newer versions in one transaction; other processes that upgrade wait for its end."""
    cursor.execute("BEGIN IMMEDIATE")
    for version in due(versions, _version(cursor)):
        for statement in version.statements:
            cursor.execute(statement)
        cursor.execute(f"PRAGMA user_version = {version.number:d}")


def _version(cursor: sqlite3.Cursor) -> int:
    ((number,),) = cursor.execute("PRAGMA user_version").fetchall()
    return int(number)
