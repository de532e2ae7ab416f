"""Adapter: the endpoints of client endpoint strings, as Twisted makes them, with our own check of certificates."""

from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet.endpoints import clientFromString, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import (
    Certificate,
    KeyPair,
    PrivateCertificate,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.python.filepath import FilePath

from exoswitch.errors import InvalidValue
from exoswitch.network.addresses import Endpoint
from exoswitch.network.host_endpoint import HostEndpoint
from exoswitch.network.reactor_names import ReactorNames
from exoswitch.network.tls import ServerCheck, client_context

_TLS_FIELDS = {"host", "port", "timeout", "bindAddress", "certificate", "privateKey", "trustRoots"}
_HOST_AND_PORT = 2
_TIMEOUT_S = 30  # Twisted's


def client_endpoint(reactor: Any, text: str) -> IStreamClientEndpoint:
    """Make the endpoint of a string such as ``tcp:10.0.1.5:5038`` or ``tls:pbx.example.org:5039``.

    ``tls:`` takes Twisted's fields: `trustRoots` is a folder of trusted certificates (``*.pem``), in place of the
    system's; `certificate` and `privateKey` are files with ours.

    Raises:
        InvalidValue: this is no endpoint, or a file of certificates cannot be used.
    """
    endpoint = Endpoint.of(text)
    try:
        if endpoint.kind == "tls":
            return _tls_endpoint(reactor, endpoint)
        made: IStreamClientEndpoint = clientFromString(reactor, text)
    except (ValueError, TypeError, KeyError, OSError, SSL.Error, crypto.Error) as problem:
        raise InvalidValue(f"{text!r} is no endpoint ({problem})") from problem
    return made


def _tls_endpoint(reactor: Any, endpoint: Endpoint) -> IStreamClientEndpoint:
    unknown = endpoint.named.keys() - _TLS_FIELDS
    if unknown:
        raise ValueError(f"tls: has no field {', '.join(sorted(unknown))}")
    if len(endpoint.positional) > _HOST_AND_PORT:
        raise ValueError("after the host and the port, write each field with its name, such as timeout=10")
    address, named = endpoint.address, endpoint.named
    connecting = HostEndpoint(
        reactor,
        ReactorNames(reactor),
        address.host,
        address.port,
        float(named.get("timeout", _TIMEOUT_S)),
        source=named.get("bindAddress"),
    )
    check = ServerCheck(address.host, _context(named))
    secured: IStreamClientEndpoint = wrapClientTLS(check, connecting)
    return secured


def _context(named: Any) -> SSL.Context:
    trusted = named.get("trustRoots")
    trust = platformTrust() if trusted is None else _certificates(trusted)
    return client_context(trust, **_identity(named))


def _identity(named: Any) -> dict[str, Any]:
    """Read our own certificate and key, where there is one."""
    if "certificate" not in named:
        return {}
    certificate = FilePath(named["certificate"]).getContent()
    if "privateKey" in named:
        key = KeyPair.load(FilePath(named["privateKey"]).getContent(), crypto.FILETYPE_PEM)
        ours = PrivateCertificate.fromCertificateAndKeyPair(Certificate.loadPEM(certificate), key)
    else:
        ours = PrivateCertificate.loadPEM(certificate)
    return {"privateKey": ours.privateKey.original, "certificate": ours.original}


def _certificates(folder: str) -> Any:
    """Read the certificates of a folder that are needed to trust a server.

    Raises:
        ValueError: it has none: no server would be trusted.
    """
    paths = sorted(FilePath(folder).globChildren("*.pem"), key=lambda path: path.path)
    if not paths:
        raise ValueError(f"trustRoots={folder} has no certificate (*.pem)")
    found = [Certificate.loadPEM(path.getContent()) for path in paths]
    return trustRootFromCertificates(found)
