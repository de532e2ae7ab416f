"""Core: SIDs as Exotel makes them: 28 hex digits, then four characters for the day (spec §2.1).

The last four are hex(year - 2000), hex(month) and base-36(day), in UTC: ``…18bl`` was made on 2024-11-21. Calls,
streams and legs have such SIDs.
"""

import datetime as dt
import re
from collections.abc import Callable
from hashlib import sha256

_RANDOM_BYTES = 14
_DAYS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SID = re.compile(r"[0-9a-f]{28}([0-9a-f]{2})([1-9a-c])([1-9a-v])", re.ASCII)


def new_sid(now: float, entropy: Callable[[int], bytes]) -> str:
    """Make a SID at `now`, in seconds since the epoch; `entropy` gives a number of random bytes."""
    today = dt.datetime.fromtimestamp(now, dt.UTC)
    return f"{entropy(_RANDOM_BYTES).hex()}{today.year - 2000:02x}{today.month:x}{_DAYS[today.day]}"


def leg_sid(call_sid: str) -> str:
    """Make the SID of a call's leg; the same call always has the same."""
    return sha256(call_sid.encode()).hexdigest()[: 2 * _RANDOM_BYTES] + call_sid[2 * _RANDOM_BYTES :]


def sid_date(sid: str) -> dt.date | None:
    """Read the day on which a SID was made, in UTC; None if the text is no such SID."""
    match = _SID.fullmatch(sid)
    if match is None:
        return None
    year, month, day = match.groups()
    try:
        return dt.date(2000 + int(year, 16), int(month, 16), _DAYS.index(day))
    except ValueError:  # a 31st of February
        return None
