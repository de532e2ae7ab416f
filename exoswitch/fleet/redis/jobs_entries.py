"""Core: a job as an entry of a gateway's stream, and a portion of the stream as jobs_take.lua returns it."""

import json
from typing import Any
from urllib.parse import quote

from attrs import frozen

from exoswitch.fleet.leases import Lease
from exoswitch.fleet.redis.codec import answer_text, quotas_word, read_quotas, understood

PLAIN = ("token", "call_sid", "gateway", "asterisk")  # required fields


@frozen
class Entry:
    """One entry of a stream; `lease` is None if it is no job, or was trimmed before it was finished."""

    id: str
    lease: Lease | None


@frozen
class Portion:
    """Some entries of a stream, oldest first; `delivered` is the ID of the entry delivered last, or empty."""

    delivered: str
    entries: tuple[Entry, ...]


def stream_part(gateway: str) -> str:
    """Give the last part of the name of a gateway's stream."""
    return quote(gateway, safe="")


def job_fields(lease: Lease) -> tuple[str, ...]:
    """Write a lease as the fields of an entry: name, value, ..."""
    plain = [text for name in PLAIN for text in (name, getattr(lease, name))]
    return *plain, "quotas", quotas_word(lease.quotas)


@understood
def read_portion(answer: str | bytes) -> Portion:
    """Read the answer of jobs_take.lua.

    Raises:
        BackendUnavailable: the answer is none of that script.
    """
    delivered, entries = json.loads(answer_text(answer))
    return Portion(delivered, tuple(Entry(key, _lease(fields)) for key, fields in entries or ()))


def _lease(flat: Any) -> Lease | None:
    fields = dict(zip(flat[::2], flat[1::2], strict=True)) if isinstance(flat, list) else {}
    plain = {name: fields.get(name, "") for name in PLAIN}
    return Lease(**plain, quotas=read_quotas(fields.get("quotas", ""))) if all(plain.values()) else None
