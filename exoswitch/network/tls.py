"""Adapter: TLS towards servers: the one rule by which a server's certificate is accepted.

The certificate must chain to a trusted one and be valid for the host: a subjectAltName names it. Every error of the
check is a refusal. Twisted's own check (26.10) accepts a certificate for which service_identity raises
CertificateError: one without a subjectAltName, or with ``*``. Twisted also refuses host names with ``_``, and names
with ``--`` in the third and fourth place: DNS and certificates have both, IDNA allows neither.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from weakref import ref

from attrs import define, field, frozen
from cryptography.x509 import Certificate
from OpenSSL import SSL
from OpenSSL.crypto import X509
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import extract_patterns
from service_identity.hazmat import DNS_ID, IPAddress_ID, verify_service_identity
from twisted.internet._sslverify import IOpenSSLTrustRoot  # it has no public name
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import AcceptableCiphers, CertificateOptions, platformTrust
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.errors import CertificateRefused
from exoswitch.network.addresses import is_ip

_PROBLEMS = {  # X509_V_ERR_…, OpenSSL 3's x509_vfy.h
    7: "its signature is wrong",
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is signed by itself, and not trusted",
    19: "its chain ends in an untrusted certificate",
    20: "its issuer is not trusted",
    21: "its issuer is not trusted",
}

CIPHERS = "ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES256:ECDH+AES128:RSA+AESGCM:RSA+AES:!aNULL:!MD5:!DSS"
"""Twisted's without Diffie-Hellman over anything but elliptic curves, as in browsers.

A server chooses its group, and one of 10,000 bits takes 1.4 s, in which no audio flows.
"""


def client_tls(host: str, ca_file: str = "") -> "ServerCheck":
    """Make the TLS settings for a host; the certificates in `ca_file` (PEM) are trusted besides the system's.

    Raises:
        OpenSSL.SSL.Error: the file cannot be read, or holds no certificate.
    """
    return ServerCheck(host, _context(ca_file))


@implementer(IOpenSSLClientConnectionCreator)
@define(eq=False)
class ServerCheck:
    """Makes TLS connections to one host, whose certificate must be valid for it; `context` has the trusted ones."""

    host: str
    _context: SSL.Context
    _name: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._name = certified_name(self.host)

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Make a connection; Server Name Indication is sent for names only (RFC 6066 §3)."""
        connection = SSL.Connection(self._context, None)
        if not is_ip(self._name):
            connection.set_tlsext_host_name(self._name.encode("ascii"))
        verify = _Verification(self._name, ref(tlsProtocol))
        connection.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verify)
        return connection


@frozen
class _Verification:
    """OpenSSL's callback for each certificate of a chain: the server's own has depth 0, and comes last."""

    name: str
    protocol: "ref[TLSMemoryBIOProtocol]"

    def __call__(self, _connection: Any, certificate: X509, problem: int, depth: int, ok: int) -> bool:
        if ok and depth > 0:
            return True
        refused = refusal(self.name, 0 if ok else problem, certificate.to_cryptography)
        protocol = self.protocol()
        if refused is not None and protocol is not None:
            protocol.failVerification(Failure(refused))
        return refused is None


def certified_name(host: str) -> str:
    """Give the name, or the IP address, that the certificate of a host must have."""
    return host.rstrip(".").lower().partition("%")[0]


def refusal(name: str, problem: int, read: Callable[[], Certificate]) -> CertificateRefused | None:
    """Say why a server's certificate is refused; None if it is accepted. Any error in the check is a refusal.

    `problem` is what OpenSSL finds wrong with its chain, or 0; `read` reads the certificate.
    """
    try:
        if problem:
            return CertificateRefused(_PROBLEMS.get(problem, f"OpenSSL's error {problem}"))
        check_host(read(), name)
    except CertificateRefused as refused:
        return refused
    except Exception as error:  # noqa: BLE001 - a certificate is remote data, of many forms
        return CertificateRefused(str(error))
    return None


def check_host(certificate: Certificate, name: str) -> None:
    """Check that a certificate is valid for a host name or an IP address.

    Raises:
        CertificateRefused: it is not, or its subjectAltName is missing or malformed.
    """
    wanted = IPAddress_ID(ip_address(name)) if is_ip(name) else DNS_ID(name)
    try:
        verify_service_identity(extract_patterns(certificate), [wanted], [])
    except CertificateError as problem:
        raise CertificateRefused(f"its subjectAltName cannot be used ({problem})") from problem
    except VerificationError as mismatch:
        raise CertificateRefused(f"it is not valid for {name}") from mismatch


def client_context(trusted: IOpenSSLTrustRoot, **identity: Any) -> SSL.Context:
    """Make the settings of TLS connections, with the certificates to trust, and our own where there is one.

    A server cannot ask for a second handshake, as in Go: each takes 1 ms, as often as the server likes.
    """
    ciphers = AcceptableCiphers.fromOpenSSLCipherString(CIPHERS)
    context = CertificateOptions(trustRoot=trusted, acceptableCiphers=ciphers, **identity).getContext()
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    return context


@lru_cache(maxsize=64)
def _context(ca_file: str) -> SSL.Context:
    """Read the trusted certificates; this takes long enough to be done once only."""
    trusted = _AlsoTrusting(ca_file) if ca_file else platformTrust()
    return client_context(trusted)


@implementer(IOpenSSLTrustRoot)
@frozen
class _AlsoTrusting:
    """Trusts the system's certificates, and those in a file."""

    _ca_file: str

    def _addCACertsToContext(self, context: Any) -> None:  # noqa: N802 - Twisted's name
        context.set_default_verify_paths()
        context.load_verify_locations(self._ca_file)
