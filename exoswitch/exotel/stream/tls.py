"""Adapter: TLS towards bots and resolvers: a certificate must be good, for its host, and of somebody trusted."""

from typing import Any

from attrs import frozen
from twisted.internet._sslverify import IOpenSSLTrustRoot  # it has no public name
from twisted.internet.ssl import optionsForClientTLS, platformTrust
from zope.interface import implementer


def client_tls(host: str, ca_file: str = "") -> Any:
    """Make the TLS settings for a host; the certificates in `ca_file` (PEM) are trusted beside the system's.

    Raises:
        OpenSSL.SSL.Error: the file cannot be read, or holds no certificate.
    """
    trusted = _AlsoTrusting(ca_file) if ca_file else platformTrust()  # type: ignore[no-untyped-call]
    return optionsForClientTLS(host, trustRoot=trusted)


@implementer(IOpenSSLTrustRoot)
@frozen
class _AlsoTrusting:
    """Trusts whom the system trusts, and a file."""

    _ca_file: str

    def _addCACertsToContext(self, context: Any) -> None:  # noqa: N802 - Twisted's name
        context.set_default_verify_paths()
        context.load_verify_locations(self._ca_file)
