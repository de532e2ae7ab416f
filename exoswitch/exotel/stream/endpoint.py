"""Adapter: connections to bots and their resolvers, over TCP or TLS."""

from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from exoswitch.network.tls_in_turns import TlsInTurnsFactory
from exoswitch.tasks.fair_turns import FairTurns


@implementer(IStreamClientEndpoint)
@define(eq=False)
class BotEndpoint:
    """The endpoint of one bot; `tls` holds the TLS settings for its host, or None for plain TCP.

    `tls_turns` are the turns in which the data of all bots is decrypted.
    """

    _clock: Any
    _host: IStreamClientEndpoint
    _tls: Any
    _tls_turns: FairTurns
    _outermost: Any = field(default=None, init=False)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect; give the factory's own protocol, not the TLS around it."""
        factory = protocolFactory
        if self._tls is not None:
            # As `wrapClientTLS` does, but with our clock: its writes wait for the global reactor.
            factory = TlsInTurnsFactory(self._tls, factory, self._clock, self._tls_turns)
        return self._host.connect(factory).addCallback(self._connected)

    def hang_up(self) -> None:
        """Drop the connection, if there is one, without waiting for the other side."""
        if self._outermost is not None:
            self._outermost.transport.abortConnection()

    def _connected(self, protocol: Any) -> Any:
        self._outermost = protocol
        return protocol if self._tls is None else protocol.wrappedProtocol
