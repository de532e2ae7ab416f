"""Core: leases and quotas as words for Redis: in what scripts are asked, in its records, and in the entries of jobs.

The quotas of a lease are one word, which is never empty: ``[account%2Facme1,trunk%2Fsip1]``, or ``[]``.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from exoswitch.fleet.leases import Lease


def quota_word(name: str) -> str:
    """Write the name of a quota, of any characters, without any that separate."""
    return quote(name, safe="")


def quotas_word(names: Iterable[str]) -> str:
    """Write the names of quotas as one word."""
    return f"[{','.join(map(quota_word, names))}]"


def read_quotas(word: str) -> tuple[str, ...]:
    """Read the names of quotas; of no word there are none."""
    return tuple(unquote(name) for name in word[1:-1].split(",") if name)


def limit_words(quotas: Mapping[str, int]) -> list[str | int]:
    """Write quotas with how many calls there may be on each."""
    return [word for name, limit in quotas.items() for word in (quota_word(name), limit)]


def lease_words(lease: Lease) -> tuple[str, ...]:
    """Write a lease as a gateway registers with it."""
    return lease.token, lease.gateway, lease.asterisk, lease.call_sid, quotas_word(lease.quotas)
