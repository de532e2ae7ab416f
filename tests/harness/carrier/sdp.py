"""SDP (RFC 4566, RFC 4568): what an offer of audio says, and the carrier's own offer or answer."""

import base64
import re
import secrets

from attrs import field, frozen

NAMES = {"0": "ulaw", "8": "alaw", "101": "telephone-event"}
SUITE = "AES_CM_128_HMAC_SHA1_80"
_AUDIO = re.compile(r"^m=audio (\d+) (\S+) ([\d ]+)", re.MULTILINE)
_HOST = re.compile(r"^c=IN IP4 (\S+)", re.MULTILINE)
_KEY = re.compile(r"^a=crypto:(\d+) (\S+) inline:([^\s|]+)", re.MULTILINE)


@frozen
class Sdp:
    """One audio stream; `codecs` are payload types in order of preference, `key` is the master key of its SDES."""

    host: str
    port: int
    codecs: tuple[str, ...] = ("8", "0", "101")
    profile: str = "RTP/AVP"
    tag: str = "1"
    key: str = field(default="", repr=False)

    @classmethod
    def parse(cls, body: bytes) -> "Sdp | None":
        """Read a body; None if it offers no audio."""
        text = body.decode(errors="replace").replace("\r\n", "\n")
        audio, host, crypto = _AUDIO.search(text), _HOST.search(text), _KEY.search(text)
        if audio is None or host is None:
            return None
        tag, key = (crypto[1], crypto[3]) if crypto and crypto[2] == SUITE else ("1", "")
        return cls(host[1], int(audio[1]), tuple(audio[3].split()), audio[2], tag, key)

    @property
    def codec_names(self) -> tuple[str, ...]:
        """The codecs by Asterisk's names, without telephone events."""
        return tuple(NAMES.get(codec, codec) for codec in self.codecs if codec != "101")

    def answer(self, host: str, port: int, *, wanted: str = "") -> "Sdp":
        """Choose the wanted codec or the first that we know, and a key of our own if the offer is for SRTP."""
        known = [codec for codec in self.codecs if codec in {"0", "8"}]
        voice = wanted if wanted in known else known[0]
        events = ("101",) if "101" in self.codecs else ()
        return Sdp(host, port, (voice, *events), self.profile, self.tag, new_key() if self.key else "")

    def encode(self) -> bytes:
        """Write it."""
        lines = ["v=0", f"o=- 1 1 IN IP4 {self.host}", "s=-", f"c=IN IP4 {self.host}", "t=0 0"]
        lines.append(f"m=audio {self.port} {self.profile} {' '.join(self.codecs)}")
        rates = {"0": "PCMU/8000", "8": "PCMA/8000", "101": "telephone-event/8000"}
        lines += [f"a=rtpmap:{codec} {rates[codec]}" for codec in self.codecs if codec in rates]
        lines += ["a=fmtp:101 0-16"] if "101" in self.codecs else []
        lines += [f"a=crypto:{self.tag} {SUITE} inline:{self.key}"] if self.key else []
        return "".join(f"{line}\r\n" for line in [*lines, "a=ptime:20", "a=sendrecv"]).encode()


def new_key() -> str:
    """Make a master key with its salt, as SDES writes it (RFC 4568 §6.1)."""
    return base64.b64encode(secrets.token_bytes(30)).decode()
