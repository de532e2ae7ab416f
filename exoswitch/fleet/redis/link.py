"""Adapter: the link to one Redis: connected, logged in, its scripts loaded.

Redis carries out the requests of one connection in order. A missing answer, and an error of Redis itself, end the
connection, so that its users start from a known state on the next one. An error in a script does not: the connection
is good, and the same error would come on the next one.
"""

import random
from collections.abc import Callable, Iterable
from hashlib import sha1
from importlib.resources import files
from typing import Any

import txredisapi
from attrs import field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, quoteStringArgument

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.link import Link, Pace
from exoswitch.tasks.within import within

ANSWER_WAIT_S = 0.5  # a script takes well under a millisecond, and a caller waits for it
CONNECT_WAIT_S = 2
SCRIPT_ERRORS = ("ERR", "WRONGTYPE")  # others, such as LOADING, READONLY and OOM, are errors of Redis
PACE = Pace(first_s=0.2, longest_s=2.0, stop_s=1.0)


@frozen
class Script:
    """A Lua script; Redis knows it by the SHA-1 of its text."""

    text: str = field(repr=False)
    digest: str

    @classmethod
    def read(cls, *names: str) -> "Script":
        """Join files of the folder `lua`."""
        folder = files("exoswitch.fleet.redis") / "lua"
        return cls.of("\n".join((folder / name).read_text(encoding="utf-8") for name in names))

    @classmethod
    def of(cls, text: str) -> "Script":
        """Make a script of its text."""
        return cls(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


class _ScriptFailed(BackendUnavailable):
    """Redis answers, but a script met an error; the link is good."""


class RedisLink(Link[Any, None]):
    """Runs scripts on one Redis; all of them work on the same `keys`.

    `on_up` is called when scripts can be run; the scripts that it starts are the first of the new connection.
    """

    def __init__(
        self,
        address: RedisAddress,
        keys: Iterable[str],
        scripts: Iterable[Script],
        on_up: Callable[[], None],
        *,
        reactor: Any,
        rng: random.Random,
    ) -> None:
        self._address = address
        self._keys = list(keys)
        self._scripts = tuple(scripts)
        self._on_up = on_up
        host = quoteStringArgument(address.host)
        endpoint = f"tcp:{host}:{address.port}:timeout={CONNECT_WAIT_S}"
        super().__init__(
            clientFromString(reactor, endpoint),
            server="Redis",
            where=str(address),
            pace=PACE,
            clock=reactor,
            rng=rng,
        )

    @deferred
    async def run(self, script: Script, *arguments: str | int) -> Any:
        """Run a script; the answer is what Lua returned, in lists, strings and integers.

        Raises:
            BackendUnavailable: the link is down, or Redis sent no answer, or an error. Redis may have run the script.
                An error in the script leaves the link up.
        """
        redis = self.connection
        if redis is None or not self.is_up:
            raise BackendUnavailable(f"Redis at {self._address} cannot be reached")
        try:
            try:
                return await self._answer(redis.evalsha(script.digest, self._keys, arguments))
            except txredisapi.ScriptDoesNotExist:  # by SCRIPT FLUSH
                return await self._answer(redis.eval(script.text, self._keys, arguments))
        except _ScriptFailed as problem:
            text = "{server} at {where} could not run a script: {reason}"
            self._warn(text, str(problem.__cause__), retries=False)
            raise
        except BackendUnavailable as problem:
            if redis is self.connection:
                self.drop(str(problem))
            raise

    async def _answer(self, asked: Deferred[Any]) -> Any:
        server = f"Redis at {self._address}"
        try:
            return await within(ANSWER_WAIT_S, self._clock, asked, server)
        except txredisapi.ScriptDoesNotExist:
            raise
        except txredisapi.ResponseError as problem:
            kind = _ScriptFailed if str(problem).startswith(SCRIPT_ERRORS) else BackendUnavailable
            raise kind(f"{server}: {problem}") from problem
        except txredisapi.RedisError as problem:
            raise BackendUnavailable(f"{server}: {problem}") from problem

    # --- Link ---------------------------------------------------------------------------------------------------

    def make_protocol(self) -> Any:
        """Make the library's protocol, for a connection that is about to be made."""
        redis = txredisapi.RedisProtocol(convertNumbers=False)
        redis.callLater = self._clock.callLater  # else it uses the global reactor
        redis.whenConnected().addCallback(self.connected)
        redis.whenDisconnected().addCallback(self.lost, "the connection is closed")
        return redis

    async def prepare(self, connection: Any) -> None:
        """Log in, choose the database, load the scripts."""
        connection.transport.setTcpNoDelay(True)  # else a request waits 40 ms for the acknowledgement of the last one
        if self._address.password:
            await self._answer(connection.auth(self._address.password, self._address.user or None))
        if self._address.database:
            await self._answer(connection.select(self._address.database))
        for script in self._scripts:
            await self._answer(connection.script_load(script.text))

    def came_up(self, connection: Any, found: None) -> None:  # noqa: ARG002 - as Link calls it
        """Tell the user."""
        self._on_up()
