"""Core: the SQL of a search among calls, for SQLite and for PostgreSQL.

The calls of one number, or of one status, are read from an index in the order of the list, so reading ends when the
page is full. For several numbers or statuses there is one such reading for each, and the page is taken from their
results. All other conditions are checked in the index or in the rows that are read. The documents are read last, and
only those of the page.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from decimal import Decimal

from attrs import define, field, frozen

from exoswitch.call.search import CallSearch, Span
from exoswitch.call.session import CallStatus
from exoswitch.sessions.notes import storable

_TO = "coalesce(second_number, exophone)"
_PRICE = "CASE WHEN second_number IS NULL THEN cost ELSE price END"

_LISTED = "sessions_listed"
_BY_SID = "sqlite_autoindex_sessions_1"
"""SQLite's own name for the index of the table's primary key."""

_LEADS = (
    ("customer", "from_numbers", "sessions_from"),
    (_TO, "to_numbers", "sessions_to"),
    ("status", "statuses", "sessions_by_status"),
)
"""Columns with an index of their own, the condition on each, and the index; the best one is first."""

COUNTED_MAX = 100_000
"""Live calls of one account; an account has far fewer."""


@frozen(kw_only=True)
class Dialect:
    """How a database writes what the two write differently.

    `mark` stands for a value, `moment` for a time in seconds since the epoch. `any_of` and `none_of` compare a column
    with one value that holds several texts, as `texts` makes it. `has_months` says that the table has a partition for
    each month.
    """

    mark: str
    moment: str
    any_of: str
    none_of: str
    texts: Callable[[Collection[str]], object]
    amount: Callable[[Decimal], object]
    names_index: bool
    has_months: bool

    def reading(self, index: str) -> str:
        """Name the table; SQLite is told the index, since it keeps no statistics to choose one by."""
        return f"sessions INDEXED BY {index}" if self.names_index else "sessions"


@frozen
class Question:
    """A statement, and its values in order."""

    text: str
    values: tuple[object, ...]


def search_question(search: CallSearch, leaving_out: Collection[str], dialect: Dialect) -> Question:
    """Give the question for a page, and one call more: its rows are SID, sequence and document, in reading order.

    The calls in `leaving_out` are left out.
    """
    order = "ORDER BY created_at {0}, call_sid {0}".format("DESC" if search.is_descending else "ASC")
    limit = f"LIMIT {search.limit + 1:d}"
    readings = [
        _Reading(dialect, index).of(search, leaving_out, column, value).question(f"{order} {limit}")
        for column, value, index in _leads(search)
    ]
    page = " UNION ALL ".join(f"SELECT * FROM ({reading.text}) AS part" for reading in readings)  # noqa: S608 - ours
    values = [value for reading in readings for value in reading.values]
    months = _months(search.began, dialect)
    return Question(
        f"SELECT call_sid, sequence, document FROM ({page} {order} {limit}) AS page "  # noqa: S608 - ours
        f"JOIN sessions USING (call_sid, created_at) {months.text} {order}",
        (*values, *months.values),
    )


def live_bots_question(account: str, leaving_out: Collection[str], dialect: Dialect) -> Question:
    """Give the question for the number of an account's answered calls that have a bot."""
    reading = _Reading(dialect, "sessions_by_status")
    reading.add(f"account = {dialect.mark}", storable(account))
    reading.add(f"status = {dialect.mark}", CallStatus.IN_PROGRESS.value)
    reading.add("second_number IS NULL")
    reading.leave_out(leaving_out)
    part = reading.question(f"LIMIT {COUNTED_MAX:d}")
    return Question(f"SELECT count(*) FROM ({part.text}) AS live", part.values)  # noqa: S608 - ours


def cost_question(account: str, since: float, dialect: Dialect) -> Question:
    """Give the question for the costs of an account's calls that began from a time on: a sum for each currency."""
    condition = f"account = {dialect.mark} AND parent_call_sid IS NULL AND created_at >= {dialect.moment}"
    return Question(
        f"SELECT currency, sum({_PRICE}) FROM {dialect.reading(_LISTED)} "  # noqa: S608 - ours
        f"WHERE {condition} AND cost IS NOT NULL GROUP BY currency",
        (storable(account), since),
    )


def _months(began: Span[float], dialect: Dialect) -> Question:
    """Give the condition on the documents' table that spares PostgreSQL to plan for all months."""
    limits = [(">=", began.least), ("<", began.below)] if dialect.has_months else []
    conditions = [(f"sessions.created_at {compare} {dialect.moment}", at) for compare, at in limits if at is not None]
    text = "WHERE " + " AND ".join(condition for condition, _ in conditions) if conditions else ""
    return Question(text, tuple(at for _, at in conditions))


def _leads(search: CallSearch) -> list[tuple[str, str, str]]:
    """Give a column, its value and its index for each reading; no column, if no condition has an index of its own."""
    if search.call_sids is None:
        for column, name, index in _LEADS:
            wanted: frozenset[object] | None = getattr(search, name)
            if wanted is not None:
                return [(column, value, index) for value in sorted({*_texts(wanted)})]
    return [("", "", _LISTED if search.call_sids is None else _BY_SID)]


@define
class _Reading:
    """The reading of calls from one index, as it is put together."""

    _dialect: Dialect
    _index: str
    _conditions: list[str] = field(factory=lambda: ["parent_call_sid IS NULL"], init=False)
    _values: list[object] = field(factory=list, init=False)

    def of(self, search: CallSearch, leaving_out: Collection[str], column: str, value: str) -> "_Reading":
        """Add the conditions of a search; `column`, if any, has this value."""
        mark, moment = self._dialect.mark, self._dialect.moment
        self.add(f"account = {mark}", storable(search.account))
        if column:
            self.add(f"{column} = {mark}", value)
        self._within("created_at", moment, search.began.least, search.began.below)
        start = search.start
        if start is not None:
            compare = "<" if search.is_descending else ">"
            self.add(
                f"(created_at, call_sid) {compare} ({moment}, {mark})", start.created_at, storable(start.call_sid)
            )
        self._choices(search, column)
        if search.talked_ms is not None:
            self._within("talked_ms", mark, search.talked_ms.least, search.talked_ms.below)
        if search.price is not None:
            bounds = (search.price.least, search.price.below)
            self._within(_PRICE, mark, *(None if bound is None else self._dialect.amount(bound) for bound in bounds))
        self.leave_out(leaving_out)
        return self

    def add(self, condition: str, *values: object) -> None:
        """Add a condition."""
        self._conditions.append(condition)
        self._values += values

    def leave_out(self, call_sids: Collection[str]) -> None:
        """Leave some calls out."""
        if call_sids:
            texts = sorted(map(storable, call_sids))
            self.add(self._dialect.none_of.format("call_sid"), self._dialect.texts(texts))

    def question(self, end: str) -> Question:
        """Give the question for the SIDs and the beginnings of calls."""
        table, conditions = self._dialect.reading(self._index), " AND ".join(self._conditions)
        text = f"SELECT call_sid, created_at FROM {table} WHERE {conditions} {end}"  # noqa: S608 - ours
        return Question(text, tuple(self._values))

    def _choices(self, search: CallSearch, lead: str) -> None:
        choices = {
            "call_sid": search.call_sids,
            "status": search.statuses,
            "direction": search.directions,
            "customer": search.from_numbers,
            _TO: search.to_numbers,
            "exophone": search.exophones,
        }
        for column, wanted in choices.items():
            if wanted is not None and column != lead:
                self.add(self._dialect.any_of.format(column), self._dialect.texts(sorted({*_texts(wanted)})))

    def _within(self, column: str, form: str, least: object, below: object) -> None:
        """Add limits; a column without a value is within none."""
        if least is None and below is None:
            self.add(f"{column} IS NOT NULL")
        for compare, bound in ((">=", least), ("<", below)):
            if bound is not None:
                self.add(f"{column} {compare} {form}", bound)


def _texts(values: Iterable[object]) -> Iterator[str]:
    return (storable(str(getattr(value, "value", value))) for value in values)
