"""Root: the session store, the outbox beside it, and the locks of their files."""

import secrets
import time
from pathlib import Path
from typing import Any

from exoswitch.config.addresses import sqlite_path
from exoswitch.config.model import Config
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.outbox.interfaces import IOutbox
from exoswitch.outbox.memory import MemoryOutbox
from exoswitch.outbox.postgres import PostgresOutbox
from exoswitch.outbox.sqlite import SqliteOutbox
from exoswitch.sessions.durable import DurableSessions
from exoswitch.sessions.interfaces import ISessionStore
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.measured import MeasuredDatabase
from exoswitch.sessions.memory import MemorySessions
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase
from exoswitch.store.lock import FileLock, Locks
from exoswitch.tasks.worker_thread import WorkerThread

_JOURNAL_BYTES = 256 * 1024 * 1024  # some 350,000 notes, which is five for each of 70,000 calls


def locks(config: Config) -> Locks:
    """Make the locks of what only one gateway may use: a second one would take over the calls of the first."""
    if config.sessions == "memory":
        return Locks([])
    path, owner = sqlite_path(config.sessions), f"gateway {config.node}"
    journal = FileLock(Path(config.journal) / "lock", f"journal: the folder {config.journal}", owner)
    file = FileLock(Path(f"{path}.lock"), f"sessions: the file {path}", owner)
    return Locks([file, journal] if path else [journal])


def outbox(config: Config, reactor: Any) -> IOutbox:
    """Make what keeps the callbacks that sessions ask for: in the same database."""
    holder = f"{config.node} {secrets.token_hex(8)}"
    if config.sessions == "memory":
        return MemoryOutbox(time.time, holder)
    path = sqlite_path(config.sessions)
    return SqliteOutbox(path, reactor, holder) if path else PostgresOutbox(config.sessions, reactor, holder)


def session_store(
    config: Config, reactor: Any, metrics: IMetrics, thread: WorkerThread, callbacks: IOutbox
) -> ISessionStore:
    """Make what keeps sessions; if they are in memory, they add to `callbacks`."""
    if isinstance(callbacks, MemoryOutbox):
        return MemorySessions(add_callbacks=callbacks.add)
    path = sqlite_path(config.sessions)
    database = SqliteDatabase(path, reactor) if path else PostgresDatabase(config.sessions, reactor)
    return DurableSessions(
        MeasuredDatabase(database, reactor, metrics),
        Journal(Path(config.journal), _JOURNAL_BYTES),
        keep_s=config.retention_days * 86_400.0,
        clock=reactor,
        wall_clock=time.time,
        in_thread=thread.run,
        metrics=metrics,
    )
