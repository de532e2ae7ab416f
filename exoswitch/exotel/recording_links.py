"""Core: the URLs of recordings, as Exotel gives them to dialers (spec: Recordings).

`RecordingUrl` never changes, and needs the account's key. `PreSignedRecordingUrl` needs no key, and expires: it has
the time of its end, and a signature (HMAC-SHA256) of its path and this time.
"""

import hmac
import re
from hashlib import sha256
from urllib.parse import parse_qsl

from attrs import field, frozen

from exoswitch.call.session import Session

PATH = "exotelrecordings"
VALID_S = 300
"""How long a pre-signed URL is valid if the request does not say it (spec §6.4)."""

_EXPIRY = re.compile(r"[0-9]{1,12}", re.ASCII)


@frozen(kw_only=True)
class RecordingLinks:
    """Makes the URLs of recordings, and checks signatures.

    `base_url` is the address of this gateway or its fleet for dialers, without a path: ``https://exo.example.org``.
    All gateways of a fleet have the same `secret`; without one, no URL is signed.
    """

    base_url: str
    secret: bytes = field(repr=False)

    def recording_url(self, session: Session) -> str | None:
        """Give the URL of a call's recording; None before the call's end, and if there is no recording."""
        return f"{self.base_url}{_path(session)}" if has_recording(session) else None

    def promised_url(self, session: Session) -> str | None:
        """Give the URL at which the recording will be once the call is over; None if the call is not recorded."""
        return f"{self.base_url}{_path(session)}" if is_recorded(session) else None

    def presigned_url(self, session: Session, now: float, valid_s: float = VALID_S) -> str | None:
        """Give the URL that needs no key until `valid_s` from `now` (wall clock); None if there is no recording."""
        if not (self.secret and has_recording(session)):
            return None
        path, expires = _path(session), str(int(now + valid_s))
        return f"{self.base_url}{path}?Expires={expires}&Signature={self._signature(path, expires)}"

    def may_fetch(self, path: str, query: str, now: float) -> bool | None:
        """Whether the signature in a query is valid for this path; None if the query has none."""
        named = dict(parse_qsl(query, keep_blank_values=True, separator="&"))
        signature, expires = named.get("Signature"), named.get("Expires", "")
        if signature is None:
            return None
        is_ours = hmac.compare_digest(signature.encode(), self._signature(path, expires).encode())
        return bool(self.secret) and is_ours and _EXPIRY.fullmatch(expires) is not None and now < int(expires)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self.secret, f"{path}\n{expires}".encode(), sha256).hexdigest()


def has_recording(session: Session) -> bool:
    """Whether there is a recording of a call, or will be one in a moment: the call is over, and was recorded."""
    return session.status.is_final and is_recorded(session)


def is_recorded(session: Session) -> bool:
    """Whether a call is or was recorded."""
    if session.recording is None or session.answered_at is None:
        return False
    return session.recorded is None or session.recorded.seconds > 0


def _path(session: Session) -> str:
    suffix = "mp3" if session.recording is None else session.recording.suffix
    return f"/{PATH}/{session.account}/{session.call_sid}.{suffix}"
