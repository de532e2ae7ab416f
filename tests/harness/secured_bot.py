"""The far end of a TLS connection to a bot, on a socket of a test, and the records that a hostile bot can send."""

from contextlib import suppress
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from OpenSSL import SSL

from tests.harness.certificates import Authority

AUTHORITY = Authority()
_IDENTITY = AUTHORITY.issue(x509.IPAddress(ip_address("127.0.0.1")))

SUITES = {
    "TLS_AES_256_GCM_SHA384": (SSL.TLS1_3_VERSION, AESGCM, 32, hashes.SHA384),
    "TLS_AES_128_GCM_SHA256": (SSL.TLS1_3_VERSION, AESGCM, 16, hashes.SHA256),
    "TLS_CHACHA20_POLY1305_SHA256": (SSL.TLS1_3_VERSION, ChaCha20Poly1305, 32, hashes.SHA256),
    "ECDHE-ECDSA-AES128-GCM-SHA256": (SSL.TLS1_2_VERSION,),
    "ECDHE-ECDSA-CHACHA20-POLY1305": (SSL.TLS1_2_VERSION,),
}
KEY_UPDATE, ALERT = b"\x18\x00\x00\x01%c\x16", b"%c%c\x15"  # RFC 8446 §4.6.3, §6, each with its content type


class SecuredBot:
    """A TLS server on one socket. It has the methods of the socket that tests use.

    With `cut`, the last bytes of what is sent wait until more is sent: so records are cut anywhere.
    """

    def __init__(self, peer, suite="TLS_AES_256_GCM_SHA384", cut=0):
        self.peer, self.suite, self.cut, self.waiting = peer, suite, cut, b""
        self.is_open, self.records, self.secret = False, 0, b""
        context = _IDENTITY.options().getContext()
        context.set_max_proto_version(SUITES[suite][0])
        if SUITES[suite][0] == SSL.TLS1_3_VERSION:
            context.set_tls13_ciphersuites(suite.encode())
        else:
            context.set_cipher_list(suite.encode())
        context.set_keylog_callback(self.key_made)
        self.tls = SSL.Connection(context, None)
        self.tls.set_accept_state()

    def key_made(self, _connection, line):
        """Keep the secret by which the data that we send is encrypted."""
        label, _, secret = line.split()
        if label == b"SERVER_TRAFFIC_SECRET_0":
            self.secret = bytes.fromhex(secret.decode())

    # --- as a socket

    def sendall(self, data):
        self.exchange()
        for start in range(0, len(data), 16_384):
            self.tls.send(data[start : start + 16_384])
        self.deliver(self.take_records(), self.cut)

    def recv(self, most):
        self.exchange()
        try:
            return self.tls.recv(most)
        except (SSL.WantReadError, SSL.ZeroReturnError) as nothing:
            raise BlockingIOError from nothing

    def close(self):
        """Close the connection, without TLS's own way to say so."""
        with suppress(OSError):
            self.flush()
        self.peer.close()

    def __getattr__(self, name):
        return getattr(self.peer, name)

    # --- TLS

    def exchange(self):
        """Take what the gateway has sent; shake hands."""
        with suppress(BlockingIOError, ConnectionResetError):
            while data := self.peer.recv(1 << 20):
                self.tls.bio_write(data)
        if not self.is_open:
            with suppress(SSL.WantReadError):
                self.tls.do_handshake()
                self.is_open = True
            self.deliver(self.take_records())

    def take_records(self):
        """Give the records that wait to be sent; those of an open connection are counted."""
        taken = b""
        with suppress(SSL.WantReadError):
            while True:
                taken += self.tls.bio_read(1 << 20)
        rest = taken
        while self.is_open and rest:
            self.records += rest[0] == 0x17  # application data, RFC 8446 §5.1
            rest = rest[5 + int.from_bytes(rest[3:5], "big") :]
        return taken

    def deliver(self, records, cut=0):
        data = self.waiting + records
        kept = min(cut, len(data))
        self.waiting = data[len(data) - kept :]
        self.peer.sendall(data[: len(data) - kept])

    def flush(self):
        """Send the bytes that wait."""
        data, self.waiting = self.waiting, b""
        self.peer.sendall(data)

    def shutdown(self):
        """Say that no more data comes."""
        with suppress(SSL.Error):
            self.tls.shutdown()
        self.deliver(self.take_records())

    # --- records that OpenSSL does not send

    def forge(self, content):
        """Encrypt one record of TLS 1.3; its content ends with its type."""
        _, cipher, size, digest = SUITES[self.suite]

        def derived(label, length):
            info = length.to_bytes(2, "big") + bytes([6 + len(label)]) + b"tls13 " + label + b"\0"
            return HKDFExpand(digest(), length, info).derive(self.secret)

        head = b"\x17\x03\x03" + (len(content) + 16).to_bytes(2, "big")
        nonce = int.from_bytes(derived(b"iv", 12), "big") ^ self.records
        record = head + cipher(derived(b"key", size)).encrypt(nonce.to_bytes(12, "big"), content, head)
        self.records += 1
        if content[0] == KEY_UPDATE[0] and content[-1] == KEY_UPDATE[-1]:
            self.secret, self.records = derived(b"traffic upd", digest.digest_size), 0
        return record

    def update_keys(self, count, *, asks=False):
        """Give records that change the key so many times; no other data can be sent after them but forged records."""
        return b"".join(self.forge(KEY_UPDATE % asks) for _ in range(count))
