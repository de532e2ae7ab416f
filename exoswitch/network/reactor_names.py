"""Adapter: look-ups with a reactor's own resolver, for programs that run none of their own, and for simulations."""

from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IResolutionReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.errors import HostNotFound
from exoswitch.network.addresses import is_ip
from exoswitch.network.interfaces import INames


@implementer(INames)
@define(eq=False)
class ReactorNames:
    """Looks up names with the resolver that a reactor has at the time."""

    _reactor: Any  # IReactorPluggableNameResolver

    def look_up(self, host: str, account: str = "") -> Deferred[tuple[str, ...]]:  # noqa: ARG002 - as the interface has it
        """Give the addresses of a host; see INames."""
        if is_ip(host):
            return succeed((host,))
        receiver = _Receiver(host)
        self._reactor.nameResolver.resolveHostName(receiver, host)
        return receiver.found


@implementer(IResolutionReceiver)
@define(eq=False)
class _Receiver:
    """Collects the addresses of one look-up."""

    host: str
    found: Deferred[tuple[str, ...]] = field(factory=Deferred, init=False)
    _addresses: list[str] = field(factory=list, init=False)

    def resolutionBegan(self, resolution: Any) -> None:
        """Ignore the resolution: the reactor ends it by itself."""

    def addressResolved(self, address: Any) -> None:
        """Take an address."""
        self._addresses.append(address.host)

    def resolutionComplete(self) -> None:
        """Give the addresses to the one who waits."""
        if self.found.called:
            return  # the wait was cancelled
        if self._addresses:
            self.found.callback(tuple(dict.fromkeys(self._addresses)))
        else:
            self.found.errback(Failure(HostNotFound(f"there is no host {self.host}")))
