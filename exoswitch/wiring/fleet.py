"""Root: the parts of a gateway that it shares with its fleet: in Redis, or in memory without a fleet."""

import random
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from exoswitch.config.model import Config
from exoswitch.fleet.interfaces import IJobs, INodeAllocator
from exoswitch.fleet.jobs_memory import MemoryJobs
from exoswitch.fleet.memory import MemoryNodes
from exoswitch.fleet.rates import IRates
from exoswitch.fleet.rates_memory import MemoryRates
from exoswitch.fleet.redis.address import parse_redis_url
from exoswitch.fleet.trunks.memory import MemoryTrunks
from exoswitch.fleet.trunks.pool import ITrunkPool
from exoswitch.interfaces.metrics import IMetrics


def node_allocator(
    config: Config, reactor: Any, metrics: IMetrics, on_taken: Callable[[str], None]
) -> INodeAllocator:
    """Make what counts the places for calls."""
    places = {asterisk.name: asterisk.capacity for asterisk in config.asterisks}
    new_token = partial(secrets.token_hex, 16)
    if not config.cluster:
        return MemoryNodes(config.node, config.gateway.capacity, places, new_token)

    # txredisapi installs the default reactor when it is imported.
    from exoswitch.fleet.redis.allocator import RedisNodes  # noqa: PLC0415 - as said above

    return RedisNodes(
        config.node,
        config.gateway.capacity,
        places,
        new_token,
        address=parse_redis_url(config.cluster),
        reactor=reactor,
        rng=random.Random(),
        metrics=metrics,
        on_taken=on_taken,
    )


def jobs(config: Config, reactor: Any, metrics: IMetrics) -> IJobs:
    """Make what hands calls over to other gateways."""
    if not config.cluster:
        return MemoryJobs(config.node, clock=reactor)

    from exoswitch.fleet.redis.jobs import RedisJobs  # noqa: PLC0415 - as above

    return RedisJobs(
        config.node, address=parse_redis_url(config.cluster), reactor=reactor, rng=random.Random(), metrics=metrics
    )


def rates(config: Config, reactor: Any) -> IRates:
    """Make what counts the requests of accounts."""
    if not config.cluster:
        return MemoryRates(reactor.seconds)

    from exoswitch.fleet.redis.rates import RedisRates  # noqa: PLC0415 - as above

    return RedisRates(address=parse_redis_url(config.cluster), reactor=reactor, rng=random.Random())


def trunk_pool(config: Config, reactor: Any) -> ITrunkPool:
    """Make what counts the channels and the turns of trunks."""
    if not config.cluster:
        return MemoryTrunks(config.node, reactor.seconds)

    from exoswitch.fleet.redis.trunks.pool import RedisTrunks  # noqa: PLC0415 - as above

    return RedisTrunks(
        config.node,
        secrets.token_hex(16),
        address=parse_redis_url(config.cluster),
        reactor=reactor,
        rng=random.Random(),
    )
