"""The two ways of TLS towards bots: in C, where this install and this machine have it, and pyOpenSSL's."""

import tempfile
from pathlib import Path

import pytest
from attrs import frozen
from OpenSSL import crypto

from exoswitch.network.native_tls import NativeCheck, bot_tls, openssl_version
from exoswitch.network.tls import ServerCheck, client_context


@frozen
class TlsWay:
    """One of the ways; what it makes is what production code makes, but for the certificates that are trusted.

    The test is skipped where the way in C is missing.
    """

    is_native: bool

    def __attrs_post_init__(self):
        if self.is_native and openssl_version() is None:
            pytest.skip("this install has no compiled TLS, or this machine no OpenSSL 3")

    @property
    def client_tls(self):
        """Make the settings for a host as a gateway does."""
        return bot_tls(is_native=self.is_native)

    def check(self, host, trusted):
        """Make the settings for a host, with this one certificate that is trusted."""
        return self.trusting(trusted)(host, "")

    def trusting(self, trusted):
        """Give a maker of settings with this one certificate that is trusted."""
        if not self.is_native:
            context = client_context(trusted)
            return lambda host, _ca_file: ServerCheck(host, context)
        settings = _settings(trusted)
        return lambda host, _ca_file: NativeCheck(host, settings)


def _settings(trusted):
    from exoswitch.network._tls import Settings  # noqa: PLC0415 - compiled

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ca.pem"
        file.write_bytes(trusted.dump(crypto.FILETYPE_PEM))
        return Settings(str(file), trusts_system=False)


@pytest.fixture(params=["in C", "pyOpenSSL"])
def tls_way(request):
    """Run a test over both ways."""
    return TlsWay(request.param == "in C")
