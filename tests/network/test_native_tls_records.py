"""TLS connections in C, and the records that a hostile or an unlucky bot sends."""

import gc

import pytest

from tests.harness.certificates import Authority
from tests.harness.secured_bot import AUTHORITY, KEY_UPDATE, SecuredBot

_tls = pytest.importorskip("exoswitch.network._tls")
pytestmark = [
    pytest.mark.skipif(_tls.openssl_version() is None, reason="this machine has no OpenSSL 3"),
    pytest.mark.filterwarnings("ignore:Passing pyOpenSSL"),  # Twisted 26.10 does it
]

TICKET = b"\x04\0\0\x1c" + bytes(8) + b"\x01\1\0\x0e" + bytes(14) + b"\0\0"  # RFC 8446 §4.6.1
HANDSHAKE = b"\x16"


class Wire:
    """The bot's end of a connection in memory."""

    def __init__(self):
        self.to_bot, self.to_engine = b"", b""

    def recv(self, _most):
        if not self.to_bot:
            raise BlockingIOError
        data, self.to_bot = self.to_bot, b""
        return data

    def sendall(self, data):
        self.to_engine += data


class Pair:
    """An engine and a bot that can send any record."""

    def __init__(self, folder, suite="TLS_AES_256_GCM_SHA384"):
        (folder / "ca.pem").write_bytes(AUTHORITY.pem)
        settings = _tls.Settings(str(folder / "ca.pem"), trusts_system=False)
        self.engine = _tls.Engine(settings, None, lambda problem, _: problem == 0)
        self.wire = Wire()
        self.bot = SecuredBot(self.wire, suite)
        for _ in range(4):
            self.engine.do_handshake()
            self.carry()
            self.bot.exchange()
            self.carry()
        assert self.read() == b""

    def carry(self):
        self.wire.to_bot += self.engine.take_unsent()
        data, self.wire.to_engine = self.wire.to_engine, b""
        self.engine.feed(data)

    def read(self):
        """Read all that has come."""
        data = []
        while (part := self.engine.read()) != b"":
            data.append(part or b"")
        return b"".join(data)

    def send(self, *contents):
        self.wire.sendall(b"".join(self.bot.forge(content) for content in contents))
        self.carry()
        return self.read()

    def heard(self):
        self.carry()
        data = b""
        try:
            while True:
                data += self.bot.recv(16384)
        except BlockingIOError:
            return data


@pytest.fixture
def pair(tmp_path):
    return Pair(tmp_path)


def test_data_waits_while_a_message_of_tls_has_come_in_part(pair):
    pair.send(TICKET[:10] + HANDSHAKE)
    assert pair.engine.write(b"first, ")
    assert pair.engine.write(b"then")
    assert pair.heard() == b""
    pair.send(TICKET[10:] + HANDSHAKE)
    assert pair.engine.is_open
    assert pair.heard() == b"first, then"
    assert pair.engine.write(b", last")
    assert pair.heard() == b", last"


def test_data_that_waits_is_bounded(pair):
    pair.send(TICKET[:10] + HANDSHAKE)
    written = 0
    while pair.engine.write(bytes(10_000)):
        written += 1
        assert written < 100
    assert pair.engine.has_failed


def test_a_bot_that_asks_for_new_keys_without_end_is_given_up(pair):
    asked = answered = 0
    while pair.engine.is_open:
        pair.wire.sendall(pair.bot.update_keys(1000, asks=True))
        pair.engine.feed(pair.wire.to_engine)
        pair.wire.to_engine = b""
        pair.read()
        asked += 1000
        answered += len(pair.engine.take_unsent())
        assert asked < 100_000
    assert pair.engine.has_failed
    assert answered < 1_100_000


def test_new_keys_now_and_then_are_served(pair):
    for _ in range(50):
        assert pair.send(b"hello\x17", KEY_UPDATE % 0, b"there\x17", KEY_UPDATE % 1) == b"hellothere"
        assert pair.engine.write(b"answer")
        assert pair.heard() == b"answer"


def test_bytes_that_are_no_record_are_a_failure_before_as_many_came_as_they_tell(pair):
    pair.engine.feed(b"GET\x10\0")
    assert pair.read() == b""
    assert pair.engine.has_failed


@pytest.mark.parametrize("host", ["", "a" * 300])
def test_a_host_that_cannot_be_asked_for_is_left_to_the_check(host, tmp_path):
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    engine = _tls.Engine(_tls.Settings(str(tmp_path / "ca.pem"), trusts_system=False), host, lambda *_: False)
    engine.do_handshake()
    assert engine.take_unsent()


def test_an_engine_in_a_cycle_can_be_collected(tmp_path):
    class Check:
        def __call__(self, *_):
            return False

    (tmp_path / "ca.pem").write_bytes(Authority().pem)
    for _ in range(20):
        check = Check()
        check.settings = _tls.Settings(str(tmp_path / "ca.pem"), trusts_system=False)
        check.engine = _tls.Engine(check.settings, "voice_bot", check)
        check.engine.do_handshake()
        del check
    assert gc.collect() > 0
