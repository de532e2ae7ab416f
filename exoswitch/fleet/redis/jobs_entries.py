"""Core: what a job looks like in the stream of a gateway, and a portion of that stream as a script tells it."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from attrs import frozen

from exoswitch.fleet.leases import Lease
from exoswitch.fleet.redis.codec import quotas_word, read_quotas

PLAIN = ("token", "call_sid", "gateway", "asterisk")  # no lease is without any of these


@frozen
class Entry:
    """One entry of a stream; without a lease where it is no job, or was cut off before it was done with."""

    id: str
    lease: Lease | None


@frozen
class Portion:
    """Some entries of a stream, oldest first; `delivered` is the one that its gateway was given last, if any."""

    delivered: str
    entries: tuple[Entry, ...]


def stream_part(gateway: str) -> str:
    """Give the part of a stream's name that says whose it is."""
    return quote(gateway, safe="")


def job_fields(lease: Lease) -> tuple[str, ...]:
    """Write a lease as an entry's names and values."""
    plain = [text for name in PLAIN for text in (name, getattr(lease, name))]
    return *plain, "quotas", quotas_word(lease.quotas)


def read_portion(answer: str | bytes) -> Portion:
    """Read what jobs_take.lua tells; the client leaves it in bytes where some entry is not in UTF-8."""
    text = answer if isinstance(answer, str) else answer.decode(errors="replace")
    delivered, entries = json.loads(text)
    return Portion(delivered, tuple(Entry(key, _lease(fields)) for key, fields in entries or ()))


def _lease(flat: Any) -> Lease | None:
    fields = _by_name(flat) if isinstance(flat, list) else {}
    told = {name: fields.get(name, "") for name in PLAIN}
    return Lease(**told, quotas=read_quotas(fields.get("quotas", ""))) if all(told.values()) else None


def _by_name(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
