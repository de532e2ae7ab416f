"""Root: what a gateway shares with its fleet, or keeps by itself: places, jobs and sessions, as configured."""

import random
import secrets
import time
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThreadPool

from exoswitch.backends.jobs_memory import MemoryJobs
from exoswitch.backends.journal import Journal
from exoswitch.backends.nodes_memory import MemoryNodes
from exoswitch.backends.redis_address import parse_redis_url
from exoswitch.backends.sessions_durable import DurableSessions
from exoswitch.backends.sessions_memory import MemorySessions
from exoswitch.backends.sessions_postgres import PostgresDatabase
from exoswitch.backends.sessions_sqlite import SqliteDatabase
from exoswitch.config.addresses import sqlite_path
from exoswitch.config.model import Config
from exoswitch.interfaces import IMetrics
from exoswitch.interfaces_fleet import IJobs, INodeAllocator, ISessionStore

_JOURNAL_BYTES = 256 * 1024 * 1024  # some 350,000 notes, which is five for each of 70,000 calls


def node_allocator(config: Config, reactor: Any, metrics: IMetrics) -> INodeAllocator:
    """Make what counts the places for calls."""
    places = {asterisk.name: asterisk.capacity for asterisk in config.asterisks}
    new_token = partial(secrets.token_hex, 16)
    if not config.cluster:
        return MemoryNodes.of(config.node, config.gateway.capacity, places, new_token)

    # txredisapi installs the default reactor when it is imported.
    from exoswitch.backends.nodes_redis import RedisNodes  # noqa: PLC0415

    return RedisNodes(
        config.node,
        config.gateway.capacity,
        places,
        new_token,
        address=parse_redis_url(config.cluster),
        reactor=reactor,
        rng=random.Random(),
        metrics=metrics,
    )


def jobs(config: Config, reactor: Any, metrics: IMetrics) -> IJobs:
    """Make what hands calls over to other gateways."""
    if not config.cluster:
        return MemoryJobs(config.node, clock=reactor)

    from exoswitch.backends.jobs_redis import RedisJobs  # noqa: PLC0415 - as above

    return RedisJobs(
        config.node, address=parse_redis_url(config.cluster), reactor=reactor, rng=random.Random(), metrics=metrics
    )


def session_store(config: Config, reactor: Any, metrics: IMetrics) -> ISessionStore:
    """Make what keeps sessions."""
    if config.sessions == "memory":
        return MemorySessions()
    path = sqlite_path(config.sessions)
    return DurableSessions(
        SqliteDatabase(path, reactor) if path else PostgresDatabase(config.sessions, reactor),
        Journal(Path(config.journal), _JOURNAL_BYTES),
        keep_s=config.retention_days * 86_400.0,
        clock=reactor,
        wall_clock=time.time,
        in_thread=partial(deferToThreadPool, reactor, reactor.getThreadPool()),
        metrics=metrics,
    )
