"""Core: the signature of a callback, by Standard Webhooks 1.0: https://www.standardwebhooks.com.

While keys are changed, each of two keys signs: a receiver that knows one of them accepts the callback.
"""

import base64
import hmac
from collections.abc import Sequence


def signature_headers(callback_id: str, now: float, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """Give the headers that identify and sign a callback; without keys, they only identify it.

    `callback_id` is the same in each attempt, `now` is in seconds since the epoch.
    """
    headers = {"webhook-id": callback_id, "webhook-timestamp": str(int(now))}
    signed = f"{callback_id}.{int(now)}.".encode("ascii") + body
    signatures = [f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode('ascii')}" for key in keys]
    return headers | ({"webhook-signature": " ".join(signatures)} if signatures else {})
