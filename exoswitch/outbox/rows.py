"""Core: callbacks as the databases give them, and as a person sees them; times are seconds since the epoch."""

from collections.abc import Sequence
from typing import Any

from attrs import field, fields, frozen

from exoswitch.outbox.delivery import Leased, State

LEASED_COLUMNS = ("call_sid", "position", "event", "leg", "account", "receiver", "attempts", "since", "document")

OUTDATED = (
    "EXISTS (SELECT 1 FROM callbacks AS later WHERE later.call_sid = callbacks.call_sid "
    "AND later.position > callbacks.position AND later.state = 'delivered' AND later.event <> 'passthru')"
)
"""SQL: whether a later callback of the call was delivered, so that this one must not follow it."""


@frozen(kw_only=True)
class Backlog:
    """The callbacks that wait: their number, and for how long the oldest one has been due."""

    waiting: int = 0
    oldest_s: float = 0.0


@frozen(kw_only=True)
class Kept:
    """A callback as a person sees it; `since` is its first attempt, in seconds since the epoch, or None."""

    call_sid: str
    event: str
    leg: int
    account: str
    receiver: str
    state: State
    attempts: int
    since: float | None
    due_at: float
    why: str
    document: str = field(repr=False)


KEPT_COLUMNS = tuple(column.name for column in fields(Kept))


def read_leased(row: Sequence[Any], now: float) -> Leased:
    """Read a row of LEASED_COLUMNS, which was leased just now."""
    *begin, since, document = row
    call_sid, position, event, leg, account, receiver, attempts = begin
    return Leased(
        call_sid=call_sid,
        position=position,
        event=event,
        leg=leg,
        account=account,
        receiver=receiver,
        attempts=attempts,
        age_s=max(0.0, now - since),
        document=document,
    )


def read_kept(row: Sequence[Any]) -> Kept:
    """Read a row of KEPT_COLUMNS."""
    return Kept(**dict(zip(KEPT_COLUMNS, row, strict=True)))
