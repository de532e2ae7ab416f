"""Root: what a gateway shares with its fleet, or keeps by itself: places, jobs and sessions, as configured."""

import random
import secrets
import time
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThreadPool

from exoswitch.config.addresses import sqlite_path
from exoswitch.config.model import Config
from exoswitch.fleet.interfaces import IJobs, INodeAllocator
from exoswitch.fleet.jobs_memory import MemoryJobs
from exoswitch.fleet.memory import MemoryNodes
from exoswitch.fleet.redis.address import parse_redis_url
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.sessions.durable import DurableSessions
from exoswitch.sessions.interfaces import ISessionStore
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.memory import MemorySessions
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase

_JOURNAL_BYTES = 256 * 1024 * 1024  # some 350,000 notes, which is five for each of 70,000 calls


def node_allocator(config: Config, reactor: Any, metrics: IMetrics) -> INodeAllocator:
    """Make what counts the places for calls."""
    places = {asterisk.name: asterisk.capacity for asterisk in config.asterisks}
    new_token = partial(secrets.token_hex, 16)
    if not config.cluster:
        return MemoryNodes(config.node, config.gateway.capacity, places, new_token)

    # txredisapi installs the default reactor when it is imported.
    from exoswitch.fleet.redis.allocator import RedisNodes  # noqa: PLC0415

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

    from exoswitch.fleet.redis.jobs import RedisJobs  # noqa: PLC0415 - as above

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
