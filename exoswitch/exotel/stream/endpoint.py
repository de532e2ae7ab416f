"""Adapter: connections to bots and their resolvers, over TCP or TLS."""

from typing import Any

from attrs import define, field, frozen
from twisted.internet._sslverify import IOpenSSLTrustRoot  # it has no public name
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.ssl import optionsForClientTLS, platformTrust
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from exoswitch.call.bot_address import BotAddress


@implementer(IStreamClientEndpoint, IAgentEndpointFactory)
@define(eq=False)
class BotEndpoint:
    """The endpoint of one address; `tls` holds the TLS settings for its host, or None for plain TCP."""

    _reactor: Any
    _address: BotAddress
    _tls: Any
    _timeout_s: float
    _outermost: Any = field(default=None, init=False)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803 - Twisted's name
        """Connect; give the factory's own protocol, not the TLS around it."""
        factory = protocolFactory
        if self._tls is not None:
            # As `wrapClientTLS` does, but with our clock: its writes wait for the global reactor.
            factory = TLSMemoryBIOFactory(self._tls, isClient=True, wrappedFactory=factory, clock=self._reactor)
        endpoint = HostnameEndpoint(self._reactor, self._address.host, self._address.port, timeout=self._timeout_s)
        return endpoint.connect(factory).addCallback(self._connected)

    def endpointForURI(self, _uri: URI) -> "BotEndpoint":  # noqa: N802 - Twisted's name
        """Give this endpoint to an HTTP client, for every URI."""
        return self

    def hang_up(self) -> None:
        """Drop the connection, if there is one, without waiting for the other side."""
        if self._outermost is not None:
            self._outermost.transport.abortConnection()

    def _connected(self, protocol: Any) -> Any:
        self._outermost = protocol
        return protocol if self._tls is None else protocol.wrappedProtocol


def client_tls(host: str, ca_file: str = "") -> Any:
    """Make the TLS settings for a host; the certificate must be valid for it.

    The certificates in `ca_file` (PEM) are trusted besides the system's.

    Raises:
        OpenSSL.SSL.Error: the file cannot be read, or holds no certificate.
    """
    trusted = _AlsoTrusting(ca_file) if ca_file else platformTrust()  # type: ignore[no-untyped-call]
    return optionsForClientTLS(host, trustRoot=trusted)


@implementer(IOpenSSLTrustRoot)
@frozen
class _AlsoTrusting:
    """Trusts the system's certificates, and those in a file."""

    _ca_file: str

    def _addCACertsToContext(self, context: Any) -> None:  # noqa: N802 - Twisted's name
        context.set_default_verify_paths()
        context.load_verify_locations(self._ca_file)
