"""Core: SIDs as Exotel makes them: 28 hex digits, then four characters for the day (spec §2.1).

The last four are hex(year - 2000), hex(month) and base-36(day), in UTC: ``…18bl`` was made on 2024-11-21. Calls,
streams and legs have such SIDs.
"""

import datetime as dt
from collections.abc import Callable
from hashlib import sha256

_RANDOM_BYTES = 14
_DAYS = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_sid(now: float, entropy: Callable[[int], bytes]) -> str:
    """Make a SID at `now`, in seconds since the epoch; `entropy` gives a number of random bytes."""
    today = dt.datetime.fromtimestamp(now, dt.UTC)
    return f"{entropy(_RANDOM_BYTES).hex()}{today.year - 2000:02x}{today.month:x}{_DAYS[today.day]}"


def leg_sid(call_sid: str) -> str:
    """Make the SID of a call's leg; the same call always has the same."""
    return sha256(call_sid.encode()).hexdigest()[: 2 * _RANDOM_BYTES] + call_sid[2 * _RANDOM_BYTES :]
