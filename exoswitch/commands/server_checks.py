"""Root: the checks of `exoswitch doctor` on servers: the session store, Redis, and each Asterisk."""

import random
from collections.abc import AsyncIterator
from typing import Any

from twisted.internet.defer import Deferred

from exoswitch.commands.check_result import CheckResult
from exoswitch.commands.short_links import Login, linked
from exoswitch.commands.stored_sessions import read_only
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import BackendUnavailable, NotMadeYet
from exoswitch.fleet.redis.address import parse_redis_url
from exoswitch.fleet.redis.codec import read_unreadable, read_view
from exoswitch.sessions.notes import Note

_READ_MAX = 1000


async def check_store(config: Config, reactor: Any) -> AsyncIterator[CheckResult]:
    """Read the newest calls."""
    yield await _stored(config, reactor)


async def _stored(config: Config, reactor: Any) -> CheckResult:
    if config.sessions == "memory":
        return CheckResult("sessions", "kept in the gateway's memory")
    try:
        database = read_only(config, reactor)
    except NotMadeYet as problem:
        return CheckResult("sessions", str(problem))
    try:
        await database.open()
        records = await database.recent(_READ_MAX)
    except NotMadeYet as problem:
        return CheckResult("sessions", str(problem))
    except BackendUnavailable as problem:
        remedy = "compare sessions: with the address, user and password of the database, or the rights of its file"
        return CheckResult("sessions", str(problem), remedy)
    finally:
        database.close()
    bad = [str(record) for record in records if not isinstance(record, Note)]
    if bad:
        return CheckResult(
            "sessions",
            f"{database.name}: {len(bad)} of the newest {len(records)} calls cannot be read; {bad[0]}",
            "a newer exoswitch may read them: install that one, or delete the rows",
        )
    return CheckResult("sessions", f"{database.name}, {len(records)} calls can be read")


async def check_redis(config: Config, reactor: Any) -> AsyncIterator[CheckResult]:
    """Connect to the fleet's Redis; show its gateways and the records that are set aside."""
    if config.cluster:
        for result in await _in_redis(config, reactor):
            yield result


async def check_asterisks(config: Config, reactor: Any) -> AsyncIterator[CheckResult]:
    """Log in to the manager of each Asterisk, and list its channels."""
    for asterisk in config.asterisks:
        yield await _at_asterisk(asterisk, reactor)


async def _in_redis(config: Config, reactor: Any) -> list[CheckResult]:
    from exoswitch.fleet.redis import scripts
    from exoswitch.fleet.redis.link import RedisLink

    address = parse_redis_url(config.cluster)
    up: Deferred[None] = Deferred()

    def came_up() -> None:
        if not up.called:
            up.callback(None)

    link = RedisLink(address, scripts.KEYS, scripts.ALL, came_up, reactor=reactor, rng=random.Random())

    async def look() -> list[CheckResult]:
        await up
        view = read_view(await link.run(scripts.VIEW))
        unreadable = read_unreadable(await link.run(scripts.UNREADABLE, "all"))
        alive = sorted(name for name, gateway in view.gateways.items() if gateway.alive)
        found = [CheckResult("redis", f"{address}, gateways: {', '.join(alive) or 'none'}; {len(view.leases)} calls")]
        if unreadable:
            name, text = next(iter(unreadable.items()))
            told = f"{len(unreadable)} records could not be read, and are set aside; one of them is {name}: {text!r}"
            found.append(CheckResult("redis", told, "look who writes to this Redis; then: DEL exoswitch:unreadable"))
        return found

    remedy = "compare cluster: with the address and the password of Redis"
    return await linked(link, reactor, look, lambda told: [CheckResult("redis", told, remedy)])


async def _at_asterisk(asterisk: AsteriskConfig, reactor: Any) -> CheckResult:
    link = Login(asterisk, reactor)
    subject = f"asterisk {asterisk.name}"

    async def look() -> CheckResult:
        _, channels = await link.up
        return CheckResult(
            subject, f"{asterisk.ami}, logged in as {asterisk.username}; {len(channels)} channels are up"
        )

    remedy = "is Asterisk running? Compare ami, username and secret with its manager.conf"
    return await linked(link, reactor, look, lambda told: CheckResult(subject, told, remedy))
