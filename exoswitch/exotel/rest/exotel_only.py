"""Core: the parts of Exotel's API that exoswitch does not have, so that an error names them.

Their status is 404, as that of any unknown path: exotelpy shows the text of a 404, and takes a 501 for a success.
"""

import re

_PATH = re.compile(r"/v(?P<version>[0-9])[^/]*/accounts/[^/]+/(?P<part>[^/.?]+)", re.IGNORECASE)

_PARTS = {
    "availablephonenumbers": "orders of numbers",
    "campaigns": "campaigns",
    "contacts": "lists of contacts",
    "legs": "legs of calls",
    "lists": "lists of contacts",
    "message-campaigns": "campaigns",
    "sms": "SMS",
    "sms-campaigns": "campaigns",
    "users": "users of a call centre",
}


def why_missing(path: str) -> str:
    """Say why a path, which may be cut, has no endpoint."""
    match = _PATH.match(path)
    if match is not None and match["version"] == "3":
        return f"{path} is not a path of this API: exoswitch has no version 3 of Exotel's"
    part = None if match is None else _PARTS.get(match["part"].lower())
    if part is None:
        return f"{path} is not a path of this API"
    return f"{path} is not a path of this API: exoswitch has no {part}"
