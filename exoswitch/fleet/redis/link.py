"""Adapter: the link to one Redis: connected, let in, its scripts loaded; and all that again when it breaks.

What goes out through one connection is carried out in its order. An answer that does not come in time, or is an
error, is the end of that connection: whoever uses the link starts from known ground on the next one.
"""

import random
from collections.abc import Iterable
from hashlib import sha1
from importlib.resources import files
from typing import Any, Protocol

import txredisapi
from attrs import field, frozen
from twisted.application.internet import ClientService, backoffPolicy
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import clientFromString, quoteStringArgument
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.tasks.spawn import spawn

ANSWER_WAIT_S = 0.5  # a script takes well under a millisecond, and a caller waits for it
CONNECT_WAIT_S = 2
RETRY_MAX_S = 2.0  # and up to 1 s more, by chance
STOP_WAIT_S = 1.0


@frozen
class Script:
    """A Lua script, known to Redis by the SHA-1 of its text."""

    text: str = field(repr=False)
    digest: str

    @classmethod
    def read(cls, *names: str) -> "Script":
        """Join scripts from the folder `lua`."""
        text = "\n".join(
            (files("exoswitch.fleet.redis") / "lua" / name).read_text(encoding="utf-8") for name in names
        )
        return cls(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


class LinkUser(Protocol):
    """Whoever a link serves."""

    def link_up(self) -> None:
        """Scripts can be run from now on; those that are asked for at once are the first of this connection."""

    def link_down(self) -> None:
        """Know that the link was up, and is so no more; called before any waiting script fails."""


class _Factory(Factory):
    noisy = False

    def __init__(self, link: "RedisLink") -> None:
        self._link = link

    def buildProtocol(self, addr: IAddress | None) -> Any:  # noqa: ARG002, N802 - Twisted's name
        return self._link.make_protocol()


class RedisLink(Service):
    """Keeps a connection to one Redis for as long as it runs; every script works on the same `keys`."""

    _log = Logger()

    def __init__(
        self,
        address: RedisAddress,
        keys: Iterable[str],
        scripts: Iterable[Script],
        user: LinkUser,
        *,
        reactor: Any,
        rng: random.Random,
    ) -> None:
        self._address = address
        self._keys = list(keys)
        self._scripts = tuple(scripts)
        self._user = user
        self._clock = reactor
        self._backoff = backoffPolicy(initialDelay=0.2, maxDelay=RETRY_MAX_S, factor=2.0, jitter=rng.random)
        self._failures = 0
        self._told = ""
        self._current: Any = None
        self._is_up = False
        host = quoteStringArgument(address.host)  # type: ignore[no-untyped-call]
        endpoint = f"tcp:{host}:{address.port}:timeout={CONNECT_WAIT_S}"
        self._client = ClientService(
            clientFromString(reactor, endpoint),  # type: ignore[no-untyped-call]
            _Factory(self),
            retryPolicy=self._retry_delay,
            clock=reactor,
        )

    @property
    def is_up(self) -> bool:
        """Whether scripts can be run."""
        return self._is_up

    def startService(self) -> None:  # noqa: N802
        """Begin to connect."""
        super().startService()  # type: ignore[no-untyped-call]
        self._client.startService()

    def stopService(self) -> Deferred[None]:  # noqa: N802
        """Disconnect; by force where Redis does not take what is yet to be sent to it."""
        super().stopService()  # type: ignore[no-untyped-call]
        forced = self._clock.callLater(STOP_WAIT_S, self._drop, self._current, "stopped")

        def stopped(_: None) -> None:
            if forced.active():
                forced.cancel()

        return self._client.stopService().addCallback(stopped)

    def run(self, script: Script, *arguments: str | int) -> Deferred[Any]:
        """Run a script; the answer is what Lua returned, in lists, strings and integers.

        Raises:
            BackendUnavailable: the link is down, or Redis gave no answer, or none that could be used. Whether the
                script was carried out is not known then.
        """
        return Deferred.fromCoroutine(self._run(script, arguments))

    async def _run(self, script: Script, arguments: tuple[str | int, ...]) -> Any:
        redis = self._current
        if not self._is_up:
            raise BackendUnavailable(f"Redis at {self._address} cannot be reached")
        try:
            return await self._in_time(redis.evalsha(script.digest, self._keys, arguments))
        except txredisapi.ScriptDoesNotExist:  # somebody flushed them
            return await self._asked(redis, redis.eval(script.text, self._keys, arguments))
        except (txredisapi.RedisError, DeferredTimeout) as problem:
            raise self._given_up(redis, problem) from problem

    # --- One connection -----------------------------------------------------------------------------------------

    def make_protocol(self) -> Any:
        """Make the library's protocol, for a connection that is about to be made."""
        redis = txredisapi.RedisProtocol(convertNumbers=False)
        redis.callLater = self._clock.callLater  # else it takes the global reactor's
        redis.whenConnected().addCallback(self._connected)
        redis.whenDisconnected().addCallback(self._lost)
        return redis

    def _connected(self, redis: Any) -> None:
        self._current = redis
        redis.transport.setTcpNoDelay(True)  # else a request waits for the acknowledgement of the one before: 40 ms
        spawn(self._establish(redis), self._log, "the link to Redis at {address}", address=str(self._address))

    async def _establish(self, redis: Any) -> None:
        address = self._address
        try:
            if address.password:
                await self._asked(redis, redis.auth(address.password, address.user or None))
            if address.database:
                await self._asked(redis, redis.select(address.database))
            for script in self._scripts:
                await self._asked(redis, redis.script_load(script.text))
        except BackendUnavailable:
            return
        if self._current is redis:
            self._failures, self._told, self._is_up = 0, "", True
            self._log.info("Redis at {address} is there", address=str(address))
            self._user.link_up()

    async def _asked(self, redis: Any, answer: Deferred[Any]) -> Any:
        """Wait for an answer; without one, give the connection up."""
        try:
            return await self._in_time(answer)
        except (txredisapi.RedisError, DeferredTimeout) as problem:
            raise self._given_up(redis, problem) from problem

    def _in_time(self, answer: Deferred[Any]) -> Deferred[Any]:
        return answer.addTimeout(ANSWER_WAIT_S, self._clock)

    def _given_up(self, redis: Any, problem: Exception) -> BackendUnavailable:
        in_time = isinstance(problem, DeferredTimeout)
        reason = f"no answer within {ANSWER_WAIT_S:g} s" if in_time else str(problem)
        self._drop(redis, reason)
        return BackendUnavailable(f"Redis at {self._address}: {reason}")

    def _drop(self, redis: Any, reason: str) -> None:
        if redis is not None and redis is self._current:
            redis.transport.abortConnection()
            self._lost(redis, reason)

    def _lost(self, redis: Any, reason: str = "the connection is closed") -> None:
        if redis is not self._current:
            return
        self._current = None
        if self.running:
            self._tell(reason)
        if self._is_up:
            self._is_up = False
            self._user.link_down()

    def _tell(self, reason: str) -> None:
        """Log why Redis is away, once for each reason on end."""
        if reason != self._told:
            self._told = reason
            self._log.warn("Redis at {address} is away: {reason}", address=str(self._address), reason=reason)

    def _retry_delay(self, _: int) -> float:
        """Wait longer each time, also between connections that were made but came to nothing."""
        if not self._told:
            self._tell("it cannot be reached")
        self._failures += 1
        return self._backoff(self._failures)
