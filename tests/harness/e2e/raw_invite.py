"""INVITEs as no phone writes them: raw SIP whose user parts and display name hold any bytes."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


def in_user_part(text: bytes) -> bytes:
    """Encode any bytes for the user part of a SIP URI (RFC 3261 §19.1.2)."""
    return b"".join(b"%c" % byte if chr(byte).isalnum() and byte < 128 else b"%%%02X" % byte for byte in text)


def quoted(text: bytes) -> bytes:
    """Write a display name with escapes (RFC 3261 §25.1); a bare line feed has none, and is left out."""
    escaped = text.replace(b"\n", b"").replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\r", b"\\\r")
    return b'"' + escaped.replace(b"\0", b"") + b'"'


@define
class Caller:
    """Somebody at the trunk's address, who sends INVITEs to Asterisk's SIP port and reads no answer."""

    _socket: socket.socket
    _sip_port: int

    def invite(self, number: bytes, *, name: bytes = b"", dialled: bytes = b"+918047491899", gives_up: bool) -> None:
        """Call once; with `gives_up`, a CANCEL follows at once."""
        me, key = self._socket.getsockname()[1], b"%x" % random.getrandbits(64)
        uri = b"sip:" + dialled + b"@127.0.0.1:%d" % self._sip_port
        display = quoted(name) + b" " if name else b""
        common = (
            b"Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"
            b"From: %s<sip:%s@192.0.2.1>;tag=%s\r\nTo: <sip:%s@192.0.2.1>\r\nCall-ID: %s\r\n"
        ) % (me, key, display, number, key, number, key)
        rest = b"CSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1:%d>\r\nContent-Type: application/sdp\r\n" % me
        body = b"Content-Length: %d\r\n\r\n" % len(SDP) + SDP
        identity = b"P-Asserted-Identity: %s<sip:%s@192.0.2.1>\r\n" % (display, number)
        self._send(b"INVITE " + uri + b" SIP/2.0\r\n" + common + identity + rest + body)
        if gives_up:
            end = b"CSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"
            self._send(b"CANCEL " + uri + b" SIP/2.0\r\n" + common + end)

    def _send(self, data: bytes) -> None:
        self._socket.sendto(data, ("127.0.0.1", self._sip_port))


@contextmanager
def caller_at_the_trunk(sip_port: int) -> Iterator[Caller]:
    """Give somebody who calls from the address of the trunk `lab`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        yield Caller(udp, sip_port)
