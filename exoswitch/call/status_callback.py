"""Core: the status callback of a call: the URL that is told of its events, the form, and the keys that sign it.

See spec §6.6; Exotel signs nothing. The signature is that of https://www.standardwebhooks.com.
"""

import base64
import binascii
from typing import Literal

from attrs import field, frozen

from exoswitch.errors import InvalidValue

EVENTS = ("ringing", "answered", "terminal")
"""The events that a dialer may ask for, in their order in a call; ``terminal`` is the end."""

Content = Literal["multipart", "json", "form"]

_KEY_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


@frozen(kw_only=True)
class StatusCallback:
    """The request of a dialer to be told: the URL to POST to, with its query as it was sent.

    It is told of `events`. Without any, it is told only of the end, in Exotel's minimal form.
    """

    url: str = field(repr=False)
    events: tuple[str, ...] = ()
    content: Content = "multipart"


def read_signing_key(text: str) -> bytes:
    """Read a key of Standard Webhooks: ``whsec_`` and 24 to 64 bytes in Base64.

    Raises:
        InvalidValue: it has another form; the text does not repeat it.
    """
    try:
        key = base64.b64decode(text.removeprefix(_KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_KEY_PREFIX) or len(key) not in _KEY_BYTES:
        raise InvalidValue(
            "must be whsec_ and 24 to 64 random bytes in Base64; make one with: echo whsec_$(openssl rand -base64 32)"
        )
    return key
