"""TLS connections in C: bytes of the network in and out, data in and out, and the check of the certificate."""

import ctypes
import gc
import random
import ssl
from contextlib import nullcontext, suppress

import pytest
from cryptography import x509

from tests.harness.certificates import Authority

_tls = pytest.importorskip("exoswitch.network._tls")
pytestmark = pytest.mark.skipif(_tls.openssl_version() is None, reason="this machine has no OpenSSL 3")

AUTHORITY = Authority()
PEM = AUTHORITY.issue_pem(x509.DNSName("voice_bot"))
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Pair:
    """An engine and a server of Python's, and the wire between them."""

    def __init__(self, folder, version=ssl.TLSVersion.TLSv1_3, *, ciphers="", accepts=True, pem=PEM):
        (folder / "ca.pem").write_bytes(AUTHORITY.pem)
        (folder / "own.pem").write_bytes(pem)
        self.checked = []
        self.accepts = accepts
        self.settings = _tls.Settings(str(folder / "ca.pem"), trusts_system=False)
        self.engine = _tls.Engine(self.settings, "voice_bot", self.check)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "own.pem")
        context.minimum_version = context.maximum_version = version
        context.set_ciphers(ciphers or "ALL")
        context.sni_callback = lambda _, name, __: self.__setattr__("asked_for", name)
        self.to_server, self.from_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = context.wrap_bio(self.to_server, self.from_server, server_side=True)

    def check(self, problem, certificate):
        self.checked.append((problem, certificate))
        return self.accepts

    def carry(self):
        self.to_server.write(self.engine.take_unsent())
        self.engine.feed(self.from_server.read())

    def read(self):
        """Read one record with data; ``b""`` if there is none."""
        data = None
        while data is None:
            data = self.engine.read()
        return data

    def served(self):
        data = b""
        with suppress(ssl.SSLWantReadError):
            while True:
                data += self.server.read(16384)
        return data

    def shake_hands(self):
        for _ in range(3):
            self.engine.do_handshake()
            self.carry()
            with suppress(ssl.SSLWantReadError):
                self.server.do_handshake()
            self.carry()
        return self


@pytest.mark.parametrize("version", VERSIONS)
def test_data_goes_both_ways_once_hands_are_shaken(version, tmp_path):
    pair = Pair(tmp_path, version).shake_hands()
    assert pair.engine.is_open
    assert pair.engine.version == version.name.replace("_", ".")
    assert pair.asked_for == "voice_bot"
    assert [problem for problem, _ in pair.checked] == [0]
    assert pair.checked[0][1] == ssl.PEM_cert_to_DER_cert(PEM.decode().partition("-----BEGIN PRIV")[0])
    assert pair.engine.write(b"hello" * 10_000)
    pair.carry()
    assert pair.served() == b"hello" * 10_000
    pair.server.write(b"there" * 10_000)
    pair.carry()
    assert b"".join(iter(pair.read, b"")) == b"there" * 10_000


def test_a_record_is_read_at_a_time_once_it_is_whole(tmp_path):
    pair = Pair(tmp_path).shake_hands()
    assert pair.read() == b""
    pair.server.write(b"one")
    pair.server.write(b"two" * 1000)
    records = pair.from_server.read()
    pair.engine.feed(records[:-1])
    assert [pair.engine.read(), pair.engine.read()] == [b"one", b""]
    pair.engine.feed(records[-1:])
    assert [pair.engine.read(), pair.engine.read()] == [b"two" * 1000, b""]


def test_a_record_without_data_is_told_apart_from_none(tmp_path):
    pair = Pair(tmp_path).shake_hands()  # TLS 1.3: the server's tickets have come
    assert [pair.engine.read(), pair.engine.read(), pair.engine.read()] == [None, None, b""]


def test_a_record_that_is_too_long_is_a_failure(tmp_path):
    pair = Pair(tmp_path).shake_hands()
    assert pair.read() == b""
    pair.engine.feed(b"\x17\x03\x03\xff\xff" + bytes(100))
    assert pair.read() == b""
    assert pair.engine.has_failed


def test_data_is_not_written_while_hands_are_shaken(tmp_path):
    assert not Pair(tmp_path).engine.write(b"hello")


def test_a_refused_certificate_ends_the_handshake(tmp_path):
    pair = Pair(tmp_path, accepts=False)
    with pytest.raises(ssl.SSLError, match="alert bad certificate"):
        pair.shake_hands()
    assert pair.engine.has_failed
    assert pair.engine.errors[-1][2] == "certificate verify failed"
    assert pair.engine.read() == b""
    assert not pair.engine.write(b"secret")


def test_an_untrusted_chain_is_told_to_the_check(tmp_path):
    pair = Pair(tmp_path, pem=Authority("another").issue_pem(x509.DNSName("voice_bot")), accepts=False)
    with pytest.raises(ssl.SSLError, match="unknown ca"):
        pair.shake_hands()
    assert pair.checked == [(20, b"")]


def test_an_error_in_the_check_is_a_refusal(tmp_path):
    pair = Pair(tmp_path)
    pair.check = None
    pair.engine = _tls.Engine(pair.settings, "voice_bot", lambda *_: 1 / 0)
    with pytest.raises(ssl.SSLError, match="bad certificate"):
        pair.shake_hands()


def test_the_other_sides_end_is_told_apart_from_the_networks(tmp_path):
    pair = Pair(tmp_path).shake_hands()
    pair.server.write(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        pair.server.unwrap()
    pair.carry()
    assert (pair.read(), pair.engine.has_closed) == (b"last", False)
    assert (pair.read(), pair.engine.has_closed) == (b"", True)
    assert pair.engine.close()
    pair = Pair(tmp_path).shake_hands()
    pair.engine.end_of_network()
    assert (pair.read(), pair.engine.has_failed) == (b"", True)


@pytest.mark.parametrize(("count", "is_read"), [(12, True), (100, False)])
def test_only_a_chain_of_a_sound_size_is_read(count, is_read, tmp_path):
    others = AUTHORITY.issue_pem(x509.DNSName("other")).partition(b"-----BEGIN PRIV")[0]
    pair = Pair(tmp_path, pem=PEM + others * count)
    with nullcontext() if is_read else pytest.raises(ssl.SSLError, match="alert"):
        pair.shake_hands()
    assert pair.engine.is_open == is_read
    assert is_read or pair.engine.errors[0][2] == "excessive message size"


def test_a_changed_byte_is_a_failure(tmp_path):
    pair = Pair(tmp_path).shake_hands()
    pair.server.write(b"hello")
    records = bytearray(pair.from_server.read())
    records[-1] ^= 1
    pair.engine.feed(bytes(records))
    assert pair.read() == b""
    assert pair.engine.has_failed
    assert pair.engine.errors[0][2] == "decryption failed or bad record mac"


def test_the_systems_certificates_are_trusted_where_the_settings_say_so(monkeypatch, tmp_path):
    (tmp_path / "system.pem").write_bytes(AUTHORITY.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    for trusts_system, problem in ((True, 0), (False, 20)):
        pair = Pair(tmp_path)
        pair.settings = _tls.Settings(trusts_system=trusts_system)
        pair.engine = _tls.Engine(pair.settings, "voice_bot", pair.check)
        pair.shake_hands()
        assert pair.checked[0][0] == problem


def test_a_file_without_a_certificate_has_errors(tmp_path):
    (tmp_path / "none.pem").write_bytes(b"")
    assert _tls.Settings(str(tmp_path / "none.pem"), trusts_system=False).errors
    assert _tls.Settings().errors == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("is_changed", [False, True], ids=["whole", "with one bit changed"])
def test_records_that_are_cut_anywhere_give_the_data_that_was_sent_or_a_part_of_it(is_changed, version, tmp_path):
    chance = random.Random(f"{version} {is_changed}")
    for _ in range(50):
        pair = Pair(tmp_path, version).shake_hands()
        sent = b"".join(chance.randbytes(chance.choice((1, 560, 20_000))) for _ in range(chance.randrange(1, 6)))
        pair.server.write(sent)
        records = bytearray(pair.from_server.read())
        if is_changed:
            records[chance.randrange(len(records))] ^= 1 << chance.randrange(8)
        received = b""
        while records:
            size = chance.choice((1, 5, 700, 30_000))
            pair.engine.feed(bytes(records[:size]))
            del records[:size]
            received += b"".join(iter(pair.read, b""))
        assert sent.startswith(received)
        assert is_changed or received == sent
        if is_changed and not pair.engine.has_failed:  # a record that became longer is not whole
            pair.engine.end_of_network()
            assert sent.startswith(received + pair.read())
            assert pair.engine.has_failed


@pytest.mark.parametrize("version", VERSIONS)
def test_a_handshake_with_one_bit_changed_succeeds_or_fails(version, tmp_path):
    chance = random.Random(f"{version}")
    ends = set()
    for _ in range(100):
        pair = Pair(tmp_path, version)
        pair.carry = lambda pair=pair: carry_changed(pair, chance)
        with suppress(ssl.SSLError):
            pair.shake_hands()
        assert not (pair.engine.is_open and pair.engine.has_failed)
        assert pair.engine.is_open == pair.engine.write(b"hello")
        ends.add((pair.engine.is_open, pair.engine.has_failed))
    assert (False, True) in ends


def carry_changed(pair, chance):
    pair.to_server.write(pair.engine.take_unsent())
    records = bytearray(pair.from_server.read())
    if records:
        records[chance.randrange(len(records))] ^= 1 << chance.randrange(8)
    pair.engine.feed(bytes(records))


class Mallinfo(ctypes.Structure):
    """The mallinfo2 of glibc's malloc.h."""

    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    ]


def allocated():
    """Give how many bytes malloc has given out."""
    gc.collect()
    info = ctypes.CDLL(None).mallinfo2
    info.restype = Mallinfo
    return info().uordblks + info().hblkhd


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="the C library does not count")
def test_an_open_connection_takes_at_most_40_kb(tmp_path):
    pairs = [Pair(tmp_path).shake_hands() for _ in range(50)]
    for pair in pairs:
        pair.server.write(bytes(560))
        pair.carry()
        assert pair.read() == bytes(560)
        pair.engine.write(bytes(560))
        pair.carry()
    before = allocated()
    for pair in pairs:
        pair.engine = None
    assert (before - allocated()) / 50 < 40 * 1024
