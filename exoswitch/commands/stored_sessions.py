"""Root: the session store of a configuration, opened by a command: it makes nothing, and upgrades nothing."""

from pathlib import Path
from typing import Any

from exoswitch.config.addresses import sqlite_path
from exoswitch.config.model import Config
from exoswitch.errors import ConfigError, NotMadeYet, Problem
from exoswitch.outbox.interfaces import IOutbox
from exoswitch.outbox.postgres import PostgresOutbox
from exoswitch.outbox.sqlite import SqliteOutbox
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.interfaces import ILedger
from exoswitch.sessions.ledger_postgres import PostgresLedger
from exoswitch.sessions.ledger_sqlite import SqliteLedger
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase


def read_only(config: Config, reactor: Any) -> ISessionDatabase:
    """Give the database of sessions; it is not open yet.

    Raises:
        ConfigError: this configuration keeps no sessions.
        NotMadeYet: there is no file.
    """
    path = _path(config)
    if path:
        return SqliteDatabase(path, reactor, is_read_only=True)
    return PostgresDatabase(config.sessions, reactor, is_read_only=True)


def ledger(config: Config, reactor: Any) -> ILedger:
    """Give the ledger of the database of sessions; it is not open yet.

    Raises:
        ConfigError, NotMadeYet: as above.
    """
    path = _path(config)
    return SqliteLedger(path, reactor) if path else PostgresLedger(config.sessions, reactor)


def read_only_callbacks(config: Config, reactor: Any) -> IOutbox:
    """Give the callbacks beside the sessions; nothing is changed in them.

    Raises:
        ConfigError, NotMadeYet: as above.
    """
    path = _path(config)
    return SqliteOutbox(path, reactor, "", is_read_only=True) if path else _postgres_outbox(config, reactor)


def writable_callbacks(config: Config, reactor: Any) -> IOutbox:
    """Give the callbacks beside the sessions, to change them; a running gateway sees the change.

    Raises:
        ConfigError, NotMadeYet: as above.
    """
    path = _path(config)
    return SqliteOutbox(path, reactor, "") if path else _postgres_outbox(config, reactor)


def _postgres_outbox(config: Config, reactor: Any) -> IOutbox:
    return PostgresOutbox(config.sessions, reactor, "")


def _path(config: Config) -> str:
    """Give the path of the SQLite file; an empty text if the database is PostgreSQL."""
    if config.sessions == "memory":
        raise ConfigError((Problem("sessions", "is memory: calls are in the gateway's process only; name a file"),))
    path = sqlite_path(config.sessions)
    if path and not Path(path).exists():
        raise NotMadeYet(f"there is no file {path} yet; a gateway makes it when it starts")
    return path
