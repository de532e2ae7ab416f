"""Root: the session store of a configuration, opened to be read only: a command makes and upgrades nothing."""

from pathlib import Path
from typing import Any

from exoswitch.config.addresses import sqlite_path
from exoswitch.config.model import Config
from exoswitch.errors import BackendUnavailable, ConfigError, Problem
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase


def read_only(config: Config, reactor: Any) -> ISessionDatabase:
    """Give the database of sessions; it is not open yet.

    Raises:
        ConfigError: this configuration keeps no sessions.
        BackendUnavailable: there is no file.
    """
    if config.sessions == "memory":
        raise ConfigError((Problem("sessions", "is memory: calls are in the gateway's process only; name a file"),))
    path = sqlite_path(config.sessions)
    if not path:
        return PostgresDatabase(config.sessions, reactor, is_read_only=True)
    if not Path(path).exists():
        raise BackendUnavailable(f"there is no file {path} yet; a gateway makes it when it starts")
    return SqliteDatabase(path, reactor, is_read_only=True)
