"""Core: a long base64 payload, decoded in steps of bounded cost."""

import json
from binascii import a2b_base64
from collections.abc import Generator

from attrs import define

from exoswitch.errors import RemoteProtocolError

_STEP_BYTES = 64 * 1024
_MAX_ESCAPE_BYTES = 6  # of JSON, as in \\u003d
_STANDARD = bytes.maketrans(b"-_", b"+/")
_WHITE_SPACE = b" \t\r\n"


def decode_in_steps(payload: bytes) -> Generator[None, None, bytes]:
    """Decode the text of a JSON string that holds base64; pause after each step.

    The alphabet can be the standard or the URL-safe one, with or without padding and white space.

    Raises:
        RemoteProtocolError: the payload is not base64.
    """
    decoder = _Decoder()
    pieces: list[bytes] = []
    escape = b""
    try:
        for start in range(0, len(payload), _STEP_BYTES):
            text, escape = _split_at_escape(escape + payload[start : start + _STEP_BYTES])
            pieces.append(decoder.feed(text))
            yield
        pieces += [decoder.feed(escape), decoder.finish()]
    except ValueError as error:  # binascii.Error and the errors of JSON and of encodings are ValueErrors
        raise RemoteProtocolError("a media message whose payload is not base64") from error
    return b"".join(pieces)


@define
class _Decoder:
    """Decodes base64 that is cut anywhere, but not within an escape sequence; raises ValueError."""

    _digits: bytes = b""  # of an incomplete group of four
    _is_padded: bool = False

    def feed(self, text: bytes) -> bytes:
        if b"\\" in text:
            text = json.loads(b'"%b"' % text).encode("ascii")
        digits, padding, rest = text.translate(_STANDARD, _WHITE_SPACE).partition(b"=")
        if (self._is_padded and digits) or rest.strip(b"="):
            raise ValueError("digits after the padding")
        self._is_padded = self._is_padded or bool(padding)
        digits = self._digits + digits
        whole = len(digits) & ~3
        self._digits = digits[whole:]
        return a2b_base64(digits[:whole], strict_mode=True)

    def finish(self) -> bytes:
        return a2b_base64(self._digits + b"=" * (-len(self._digits) % 4), strict_mode=True)


def _split_at_escape(text: bytes) -> tuple[bytes, bytes]:
    """Keep back an escape sequence of JSON that may be cut."""
    at = text.rfind(b"\\", max(0, len(text) - _MAX_ESCAPE_BYTES + 1))
    return (text, b"") if at < 0 else (text[:at], text[at:])
