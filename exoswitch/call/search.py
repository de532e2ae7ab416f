"""Core: a search among the calls of an account: which ones, in which order, and which page of them.

A page begins after a position or ends before one. A position is that of a call, so it stays right while calls are
added. The calls of second phones are left out: the call that they belong to tells of them.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Generic, TypeVar

from attrs import field, frozen

from exoswitch.call.session import CallStatus, Direction, Session

_Value = TypeVar("_Value", float, int, Decimal)


@frozen(order=True)
class Position:
    """The place of a call in a list: calls are in the order of their beginning, and then of their SIDs."""

    created_at: float
    call_sid: str

    @classmethod
    def of(cls, session: Session) -> "Position":
        """Give the position of a call."""
        return cls(session.created_at, session.call_sid)


@frozen(kw_only=True)
class Span(Generic[_Value]):
    """The values from `least` on and below `below`; None is no limit."""

    least: _Value | None = None
    below: _Value | None = None

    def has(self, value: _Value | None) -> bool:
        """Whether a value is in it; a value that is not known is in no span."""
        return (
            value is not None
            and (self.least is None or self.least <= value)
            and (self.below is None or value < self.below)
        )


@frozen(kw_only=True)
class CallSearch:
    """The calls that an account wants to see; None sets no condition, and a set needs one member that matches.

    `began` is in seconds since the epoch, `talked_ms` the length that is shown, in milliseconds, `price` the price of
    a call with its second phone's. `from_numbers`, `to_numbers` and `exophones` are as sessions hold them. At most
    one of `after` and `before` is set; both are positions of the list, whichever its order.
    """

    account: str
    began: Span[float] = Span()
    call_sids: frozenset[str] | None = None
    statuses: frozenset[CallStatus] | None = None
    directions: frozenset[Direction] | None = None
    from_numbers: frozenset[str] | None = field(default=None, repr=False)
    to_numbers: frozenset[str] | None = field(default=None, repr=False)
    exophones: frozenset[str] | None = None
    talked_ms: Span[int] | None = None
    price: Span[Decimal] | None = None
    newest_first: bool = True
    limit: int = 50
    after: Position | None = None
    before: Position | None = None

    @property
    def is_descending(self) -> bool:
        """Whether calls are read from the newest on: a page before a position is read backwards."""
        return self.newest_first == (self.before is None)

    @property
    def start(self) -> Position | None:
        """The position at which reading begins; the call there is not read."""
        return self.after if self.before is None else self.before

    @property
    def is_void(self) -> bool:
        """Whether a condition has no value that could match."""
        conditions = (self.call_sids, self.statuses, self.directions)
        numbers = (self.from_numbers, self.to_numbers, self.exophones)
        return any(wanted is not None and not wanted for wanted in (*conditions, *numbers))

    def matches(self, session: Session) -> bool:
        """Whether a call meets the conditions, wherever it is in the list."""
        return (
            session.account == self.account
            and session.parent_call_sid is None
            and self.began.has(session.created_at)
            and _is_one_of(session.call_sid, self.call_sids)
            and _is_one_of(session.status, self.statuses)
            and _is_one_of(session.direction, self.directions)
            and _is_one_of(session.customer, self.from_numbers)
            and _is_one_of(to_number(session), self.to_numbers)
            and _is_one_of(session.exophone, self.exophones)
            and (self.talked_ms is None or self.talked_ms.has(talked_ms(session)))
            and (self.price is None or self.price.has(price(session)))
        )

    def first(self, sessions: Iterable[Session]) -> list[Session]:
        """Give the sessions that match and are to be read, in the order of reading: one more than a page at most."""
        start = self.start
        found = [session for session in sessions if self.matches(session)]
        if start is not None:
            found = [session for session in found if _is_beyond(Position.of(session), start, self.is_descending)]
        return self.in_order(found)

    def in_order(self, found: Iterable[Session]) -> list[Session]:
        """Put sessions that match into the order of reading: one more than a page at most."""
        return sorted(found, key=Position.of, reverse=self.is_descending)[: self.limit + 1]

    def page(self, found: Sequence[Session], *, has_more: bool = False) -> "CallPage":
        """Make the page of the sessions that were read; see `first`. With `has_more` the list goes on in any case."""
        sessions = tuple(found[: self.limit])
        has_more = has_more or len(found) > self.limit
        if self.before is None:
            return CallPage(sessions, has_before=self.after is not None, has_after=has_more)
        return CallPage(sessions[::-1], has_before=has_more, has_after=True)


@frozen
class CallPage:
    """Some calls in the order of the list, and whether the list has calls before and after them."""

    sessions: tuple[Session, ...]
    has_before: bool
    has_after: bool


def to_number(session: Session) -> str:
    """Give the number that the REST API shows as `To`: the exophone, or the second phone's if there was no bot."""
    return session.exophone if session.second is None or session.bot is not None else session.second.number


def talked_ms(session: Session) -> int | None:
    """Give the milliseconds from answer to end; None until the call has ended."""
    return None if session.duration_s is None else round(session.duration_s * 1000)


def price(session: Session) -> Decimal | None:
    """Give the cost of both phones; None until the end, or if a trunk has no price."""
    charges = [session.charge] if session.second is None else [session.charge, session.second.charge]
    amounts = [charge.amount for charge in charges if charge is not None]
    if session.charge is None or None in amounts:
        return None
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


def has_live_bot(session: Session) -> bool:
    """Whether a call is answered, and has a bot."""
    is_alone = session.second is None and session.parent_call_sid is None
    return is_alone and session.status is CallStatus.IN_PROGRESS


def _is_one_of(value: object, wanted: frozenset[object] | None) -> bool:
    return wanted is None or value in wanted


def _is_beyond(position: Position, start: Position, is_descending: bool) -> bool:
    return position < start if is_descending else position > start
