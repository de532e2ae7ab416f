"""Adapter: TLS towards bots in C, over the machine's own OpenSSL, as Twisted's TLS protocol uses it.

`TLSMemoryBIOProtocol` works with the methods of pyOpenSSL's `Connection`. The connection here has those methods, so
Twisted's rules for every end and every fault hold. A media plane can serve it, which it cannot with pyOpenSSL's.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import ref

from attrs import define, field
from cryptography.x509 import load_der_x509_certificate
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.errors import CertificateRefused
from exoswitch.network.addresses import is_ip
from exoswitch.network.tls import certified_name, client_tls, refusal

if TYPE_CHECKING:
    from exoswitch.network._tls import Engine, Settings


def openssl_version() -> str | None:
    """Name the machine's OpenSSL; None: it has none that can be used, or this install has no compiled code."""
    try:
        from exoswitch.network import _tls  # noqa: PLC0415 - an install without a compiler has none
    except ImportError:
        return None
    return _tls.openssl_version()


_PART_RECORDS = 186
"""Decrypted in one part: as many of the shortest (22 bytes) as 4 KiB have; a new key with each takes 4 ms."""

ClientTls = Callable[[str, str], IOpenSSLClientConnectionCreator]
"""Makes the TLS settings for a host, with the file of certificates that are trusted besides the system's."""


def bot_tls(*, is_native: bool, ca_file: str = "") -> ClientTls:
    """Choose the TLS to bots: in C for a compiled media plane, if this machine has the library, else pyOpenSSL's.

    `ca_file` is that of most streams.
    """
    if not is_native or openssl_version() is None:
        return client_tls
    with suppress(SSL.Error):  # each stream says so
        _settings(ca_file)  # takes 50 ms for the system's certificates, in which no audio can flow: before any call
    return native_tls


def tls_in_use(*, is_native: bool) -> str:
    """Say which TLS runs, for the log at the start and for the doctor."""
    if not is_native:
        return "pyOpenSSL, as the media plane is not compiled"
    return (
        openssl_version()
        or "pyOpenSSL: this machine has no libssl.so.3; with it, a call over wss would cost much less"
    )


def native_tls(host: str, ca_file: str = "") -> "NativeCheck":
    """Make the TLS settings for a host, as `exoswitch.network.tls.client_tls` does, where there is an OpenSSL.

    Raises:
        OpenSSL.SSL.Error: the file cannot be read, or holds no certificate.
    """
    return NativeCheck(host, _settings(ca_file))


@lru_cache(maxsize=64)
def _settings(ca_file: str) -> "Settings":
    """Read the trusted certificates; this takes long enough to be done once only."""
    from exoswitch.network._tls import Settings  # noqa: PLC0415 - as above

    made = Settings(ca_file)
    if made.errors:
        raise SSL.Error(made.errors)
    return made


@implementer(IOpenSSLClientConnectionCreator)
@define(eq=False)
class NativeCheck:
    """Makes TLS connections to one host, whose certificate must be valid for it; `settings` has the trusted ones."""

    host: str
    _settings: "Settings"

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Any:
        """Make a connection; Server Name Indication is sent for names only (RFC 6066 §3)."""
        from exoswitch.network._tls import Engine  # noqa: PLC0415 - as above

        verdict = _Verdict(certified_name(self.host))
        name = None if is_ip(verdict.name) else verdict.name
        return NativeConnection(Engine(self._settings, name, verdict), verdict, ref(tlsProtocol))


@define(eq=False)
class _Verdict:
    """Accepts the certificate of a server, or notes why it does not."""

    name: str
    refused: CertificateRefused | None = field(default=None, init=False)

    def __call__(self, problem: int, certificate: bytes) -> bool:
        self.refused = refusal(self.name, problem, lambda: load_der_x509_certificate(certificate))
        return self.refused is None


@define(eq=False)
class NativeConnection:
    """One connection, with those methods and errors of pyOpenSSL's `Connection` that Twisted uses.

    Between two calls of them a media plane may serve `engine`.
    """

    engine: "Engine"
    _verdict: _Verdict
    _protocol: "ref[TLSMemoryBIOProtocol]"
    _records_left: int = field(default=_PART_RECORDS, init=False)
    has_records: bool = field(default=False, init=False)  # not decrypted yet: go on with `bio_write`

    def set_connect_state(self) -> None:
        """Do nothing: it is a client from its beginning."""

    def set_app_data(self, _protocol: object) -> None:
        """Do nothing: it knows its protocol."""

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        self.engine.do_handshake()
        if self.engine.is_open:
            return
        refused, self._verdict.refused = self._verdict.refused, None
        protocol = self._protocol()
        if refused is not None and protocol is not None:
            protocol.failVerification(Failure(refused))
        self._raise()

    def bio_write(self, records: bytes) -> int:
        """Take bytes that have come from the network; `recv` decrypts one part of them, and of those that wait."""
        self._records_left, self.has_records = _PART_RECORDS, False
        self.engine.feed(records)
        return len(records)

    def bio_read(self, _most: int) -> bytes:
        """Give the bytes for the network, all of them."""
        records = self.engine.take_unsent()
        if not records:
            raise SSL.WantReadError
        return records

    def bio_shutdown(self) -> None:
        """Nothing comes from the network any more."""
        self._records_left = _PART_RECORDS
        self.engine.end_of_network()

    def recv(self, _most: int) -> bytes:
        """Decrypt the data of one record at most."""
        data: bytes | None = None
        while data is None and self._records_left:
            self._records_left -= 1
            data = self.engine.read()
        self.has_records = data is None
        if not data:
            self._raise()
        return data

    def send(self, data: bytes) -> int:
        """Encrypt data, all of it."""
        if not self.engine.write(data):
            self._raise()
        return len(data)

    def shutdown(self) -> bool:
        """Say that we send no more data; give whether both sides have said so."""
        return self.engine.close()

    def get_alpn_proto_negotiated(self) -> bytes:
        """Give no name: no protocol is offered."""
        return b""

    def _raise(self) -> NoReturn:
        if self.engine.has_closed:
            raise SSL.ZeroReturnError
        if self.engine.has_failed:
            raise SSL.Error(self.engine.errors)
        raise SSL.WantReadError
