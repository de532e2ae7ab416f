"""Adapter: look-ups of host names, which block neither the reactor, nor its threads, nor other look-ups.

There is one look-up of a name at a time; all who want the name wait for it. An account that names many hosts whose
servers are silent waits in a line of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, DeferredSemaphore, succeed
from twisted.internet.interfaces import IHostnameResolver, IHostResolution
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.errors import HostNotFound
from exoswitch.network.addresses import is_host, is_ip
from exoswitch.network.interfaces import INames
from exoswitch.network.lookup_cache import Answer, LookupCache
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.spawn import spawn
from exoswitch.tasks.within import within

LOOKUP_S = 5.0
"""How long a connection waits for a look-up, with its wait in the account's line."""

LOOKUPS_AT_ONCE = 16
"""The look-ups under way for one account; further ones wait for their end."""


@implementer(INames, IHostnameResolver)
class Names(Service):
    """Looks up host names for the whole process: it becomes the reactor's resolver while it runs.

    `ask` asks the servers about one name, without a limit; it raises BackendUnavailable.
    """

    def __init__(self, reactor: Any, ask: Callable[[str], Deferred[Answer]], close: Callable[[], None]) -> None:
        self._reactor = reactor  # IReactorTime and IReactorPluggableNameResolver at once
        self._ask = ask
        self._close = close
        self._cache = LookupCache()
        self._under_way: dict[str, _Lookup] = {}
        self._lines: dict[str, DeferredSemaphore] = {}
        self._earlier: Any = None
        self._log = Logger(namespace="exoswitch.names")

    def startService(self) -> None:
        """Become the resolver of every connection that the reactor makes."""
        super().startService()
        self._earlier = self._reactor.installNameResolver(self)

    def stopService(self) -> None:
        """Give the reactor its earlier resolver back, and end all look-ups."""
        super().stopService()
        self._reactor.installNameResolver(self._earlier)
        self._close()

    @deferred
    async def look_up(self, host: str, account: str = "") -> tuple[str, ...]:
        """Give the addresses of a host; see INames."""
        if is_ip(host):
            return (host,)
        if not is_host(host):
            raise HostNotFound(f"{host} is neither an IP address nor a host name")
        name = host.lower()
        found = self._cache.get(name, self._reactor.seconds())
        if found is None:
            found = await within(LOOKUP_S, self._reactor, self._wait(name, account), "DNS", f"for {host}")
        if not found:
            raise HostNotFound(f"there is no host {host}")
        return found

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type] | None = None,
        transportSemantics: str = "TCP",
    ) -> "_Resolution":
        """Tell `resolutionReceiver` the addresses of a host, as Twisted's endpoints ask for them."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)

        def found(addresses: tuple[str, ...]) -> None:
            for address in addresses:
                kind: Any = IPv6Address if ":" in address else IPv4Address
                if addressTypes is None or kind in addressTypes:
                    resolutionReceiver.addressResolved(kind(transportSemantics, address, portNumber))

        def not_found(failure: Failure) -> None:
            self._log.info("{host} cannot be looked up: {why}", host=hostName, why=failure.getErrorMessage())

        resolution.looking_up = self.look_up(hostName).addCallbacks(found, not_found)
        spawn(
            resolution.looking_up.addBoth(lambda _: resolutionReceiver.resolutionComplete()),
            self._log,
            "reporting the addresses of a host",
        )
        return resolution

    async def _wait(self, name: str, account: str) -> tuple[str, ...]:
        if name not in self._under_way:
            line = self._lines.setdefault(account, DeferredSemaphore(LOOKUPS_AT_ONCE))
            await line.acquire()
            found = self._cache.get(name, self._reactor.seconds())
            if found is None and name not in self._under_way:
                return await self._begin(name, line)
            line.release()
            if found is not None:
                return found
        return await self._under_way[name].wait()

    def _begin(self, name: str, line: DeferredSemaphore) -> Deferred[tuple[str, ...]]:
        """Ask the servers; the place in the line is free again when they have answered or failed."""
        lookup = self._under_way[name] = _Lookup()
        answer = lookup.wait()

        def ended(result: Any) -> None:
            del self._under_way[name]
            line.release()
            if isinstance(result, Answer):
                result = self._cache.put(name, result, self._reactor.seconds())
            lookup.end(result)

        spawn(self._ask(name).addBoth(ended), self._log, "a look-up")
        return answer


@define(eq=False)
class _Lookup:
    """A look-up that is under way, and those who wait for it."""

    _waiting: list[Deferred[tuple[str, ...]]] = field(factory=list, init=False)

    def wait(self) -> Deferred[tuple[str, ...]]:
        """Wait for the end; a cancelled wait does not end the look-up."""
        waiting: Deferred[tuple[str, ...]] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def end(self, result: Any) -> None:
        """Tell all who wait."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(result)


@implementer(IHostResolution)
@define(eq=False)
class _Resolution:
    """One look-up for the reactor."""

    name: str
    looking_up: Deferred[None] = field(factory=lambda: succeed(None), init=False)

    def cancel(self) -> None:
        """Stop waiting."""
        self.looking_up.cancel()
