"""Which TLS runs towards bots, and that both offer the same."""

import re
import sys
from pathlib import Path

import pytest

from exoswitch.network import native_tls
from exoswitch.network.tls import CIPHERS, client_tls
from tests.harness.certificates import Authority

SETTINGS = Path(__file__).parents[2] / "native" / "tls" / "settings.c"


def test_tls_in_c_runs_only_for_a_compiled_plane_and_where_the_library_is(monkeypatch):
    monkeypatch.setattr(native_tls, "openssl_version", lambda: "OpenSSL 3.0.19")
    monkeypatch.setattr(native_tls, "_settings", lambda _ca_file: None)
    assert native_tls.bot_tls(is_native=True) is native_tls.native_tls
    assert native_tls.bot_tls(is_native=False) is client_tls
    monkeypatch.setattr(native_tls, "openssl_version", lambda: None)
    assert native_tls.bot_tls(is_native=True) is client_tls


def test_an_install_without_compiled_code_has_no_tls_in_c(monkeypatch):
    monkeypatch.setitem(sys.modules, "exoswitch.network._tls", None)
    monkeypatch.delattr("exoswitch.network._tls", raising=False)
    assert native_tls.openssl_version() is None


@pytest.mark.skipif(
    native_tls.openssl_version() is None, reason="this install has no compiled TLS, or this machine no OpenSSL 3"
)
def test_the_certificates_that_streams_trust_are_read_before_any_call(tmp_path):
    (tmp_path / "ca.pem").write_bytes(Authority().pem)
    native_tls._settings.cache_clear()
    make = native_tls.bot_tls(is_native=True, ca_file=str(tmp_path / "ca.pem"))
    make("bot.example.org", str(tmp_path / "ca.pem"))
    assert native_tls._settings.cache_info()[:2] == (1, 1)  # hits and misses


def test_both_offer_the_same_ciphers():
    (text,) = re.findall(r"CIPHERS\[\] = (.*?);", SETTINGS.read_text(), re.DOTALL)
    in_c = "".join(re.findall(r'"(.*?)"', text))
    assert in_c.replace("!AESCCM8:", "") == CIPHERS
