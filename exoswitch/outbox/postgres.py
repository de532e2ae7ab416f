"""Adapter: callbacks in the PostgreSQL database of the sessions, shared by all gateways of the fleet.

Times are those of the server, so that gateways whose clocks differ agree on the end of a lease.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from exoswitch.outbox.delivery import Leased, Settlement, State
from exoswitch.outbox.interfaces import BEHIND_S, FARTHEST_DUE_S, KEEP_DELIVERED_S, KEEP_FAILED_S, LEASE_S, IOutbox
from exoswitch.outbox.rows import KEPT_COLUMNS, LEASED_COLUMNS, OUTDATED, Backlog, Kept, read_kept, read_leased
from exoswitch.store.postgres import PostgresConnection
from exoswitch.store.postgres_address import database_name
from exoswitch.tasks.deferred import deferred

_ANSWER_S = 10.0
_DELETED_AT_ONCE = 10_000

_NOW = "coalesce(to_timestamp(%s::float8), clock_timestamp())"
_MOMENT = f"moment AS MATERIALIZED (SELECT {_NOW} AS now)"


def _columns(names: Sequence[str], table: str) -> str:
    times = {"since", "due_at"}
    return ", ".join(
        f"extract(epoch FROM {table}.{name})::float8" if name in times else f"{table}.{name}" for name in names
    )


# A step in the index finds each receiver; of each, the callbacks that are due are locked, and skipped if another
# gateway has locked them. One that an earlier callback of its call precedes is looked at again later.
_LEASE = f"""
WITH RECURSIVE {_MOMENT},
names (name) AS (
    (SELECT receiver FROM callbacks WHERE state = 'waiting' ORDER BY receiver LIMIT 1)
    UNION ALL
    SELECT (SELECT receiver FROM callbacks WHERE state = 'waiting' AND receiver > names.name
            ORDER BY receiver LIMIT 1)
      FROM names WHERE names.name IS NOT NULL
),
rooms AS (SELECT * FROM unnest(%s::text[], %s::int[]) AS room (name, room)),
due AS MATERIALIZED (
    SELECT one.call_sid, one.position
      FROM names LEFT JOIN rooms USING (name) CROSS JOIN LATERAL (
           SELECT call_sid, position FROM callbacks
            WHERE state = 'waiting' AND receiver = names.name AND due_at <= (SELECT now FROM moment)
            ORDER BY due_at LIMIT coalesce(rooms.room, %s) FOR UPDATE SKIP LOCKED) AS one
     WHERE names.name IS NOT NULL AND split_part(names.name, ' ', 1) <> ALL(%s::text[])
     LIMIT %s
),
judged AS MATERIALIZED (
    SELECT due.call_sid, due.position, moment.now,
           (SELECT CASE WHEN earlier.leased_by IS NULL THEN greatest(earlier.due_at, moment.now + soon.soon)
                        ELSE moment.now + soon.soon END
              FROM callbacks AS earlier
             WHERE earlier.call_sid = due.call_sid AND earlier.position < due.position AND earlier.state = 'waiting'
             ORDER BY earlier.position LIMIT 1) AS behind
      FROM due CROSS JOIN moment CROSS JOIN (SELECT make_interval(secs => {BEHIND_S}) AS soon) AS soon
)
UPDATE callbacks SET
    due_at = coalesce(judged.behind, judged.now + make_interval(secs => {LEASE_S})),
    leased_by = CASE WHEN judged.behind IS NULL THEN %s ELSE callbacks.leased_by END,
    since = CASE WHEN judged.behind IS NULL THEN coalesce(callbacks.since, judged.now) ELSE callbacks.since END
  FROM judged
 WHERE callbacks.call_sid = judged.call_sid AND callbacks.position = judged.position
RETURNING judged.behind IS NULL, extract(epoch FROM judged.now)::float8, {_columns(LEASED_COLUMNS, "callbacks")}
"""  # noqa: S608 - ours

_SETTLE = f"""
WITH {_MOMENT}
UPDATE callbacks SET
    state = new.state, why = new.why, attempts = new.attempts, leased_by = NULL,
    due_at = moment.now + make_interval(secs => new.pause_s),
    settled_at = CASE WHEN new.state = 'waiting' THEN NULL ELSE moment.now END,
    document = CASE WHEN new.state = 'delivered' THEN '' ELSE callbacks.document END
  FROM moment CROSS JOIN unnest(%s::text[], %s::int[], %s::text[], %s::text[], %s::int[], %s::float8[])
       AS new (call_sid, position, state, why, attempts, pause_s)
 WHERE callbacks.call_sid = new.call_sid AND callbacks.position = new.position AND callbacks.state = 'waiting'
   AND (callbacks.leased_by = %s OR new.state = 'delivered')
"""  # noqa: S608 - ours
_RELEASE = (
    f"UPDATE callbacks SET due_at = {_NOW}, leased_by = NULL "  # noqa: S608 - ours
    "WHERE state = 'waiting' AND split_part(leased_by, ' ', 1) = %s"
)
_BACKLOG = (
    f"SELECT count(*), extract(epoch FROM {_NOW} - min(coalesce(since, due_at)))::float8 "  # noqa: S608 - ours
    "FROM callbacks WHERE state = 'waiting'"
)
_RESEND = (
    f"WITH {_MOMENT}, again AS (UPDATE callbacks SET state = 'waiting', attempts = 0, since = NULL, "  # noqa: S608 - ours
    f"settled_at = NULL, due_at = moment.now FROM moment WHERE state = 'failed' AND NOT {OUTDATED} "
    "AND (%s::text[] IS NULL OR call_sid = ANY(%s::text[])) RETURNING 1) SELECT count(*) FROM again"
)
_HURRY = (
    f"WITH {_MOMENT} UPDATE callbacks SET due_at = moment.now FROM moment "  # noqa: S608 - ours
    f"WHERE state = 'waiting' AND due_at > moment.now + make_interval(secs => {FARTHEST_DUE_S})"
)
_TIDY = (
    f"WITH {_MOMENT}, deleted AS (DELETE FROM callbacks WHERE (call_sid, position) IN ("  # noqa: S608 - ours
    "SELECT call_sid, position FROM callbacks CROSS JOIN moment WHERE state <> 'waiting' "
    f"AND settled_at < moment.now - make_interval(secs => {KEEP_DELIVERED_S}) AND (state = 'delivered' "
    f"OR settled_at < moment.now - make_interval(secs => {KEEP_FAILED_S}) OR {OUTDATED}) "
    f"LIMIT {_DELETED_AT_ONCE}) RETURNING 1) SELECT count(*) FROM deleted"
)
_KEPT = (
    f"SELECT {_columns(KEPT_COLUMNS, 'callbacks')} FROM callbacks WHERE state = ANY(%s::text[]) "  # noqa: S608 - ours
    "ORDER BY due_at DESC, call_sid, position LIMIT %s"
)


@implementer(IOutbox)
class PostgresOutbox:
    """The callbacks in the database at `address`; `holder` names the gateway and its process.

    `now` replaces the server's time in tests.
    """

    def __init__(
        self, address: str, reactor: Any, holder: str, *, now: Callable[[], float | None] = lambda: None
    ) -> None:
        self.name = database_name(address)
        self._connection = PostgresConnection(address, self.name, reactor, answer_s=_ANSWER_S)
        self._holder = holder
        self._now = now

    @deferred
    async def open(self) -> None:
        """Do nothing: the first question connects. The session store makes the table."""

    @deferred
    async def lease(
        self, limit: int, each: int, rooms: Mapping[str, int], full_accounts: Collection[str]
    ) -> list[Leased]:
        """Lease callbacks that are due."""
        values = ([*rooms], [*rooms.values()], each, [*full_accounts], limit, self._holder)
        rows = await self._ask(_LEASE, self._now(), *values)
        return [read_leased(row, now) for is_leased, now, *row in rows if is_leased]

    @deferred
    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Write what came of attempts."""
        rows = [
            (
                settlement.leased.call_sid,
                settlement.leased.position,
                settlement.state,
                settlement.why,
                settlement.leased.attempts + 1,
                settlement.pause_s,
            )
            for settlement in settlements
        ]
        columns = [list(column) for column in zip(*rows, strict=True)]
        if rows:
            await self._ask(_SETTLE, self._now(), *columns, self._holder)

    @deferred
    async def release(self) -> None:
        """End the leases of this gateway."""
        await self._ask(_RELEASE, self._now(), self._holder.partition(" ")[0])

    @deferred
    async def backlog(self) -> Backlog:
        """Count the callbacks that wait."""
        ((waiting, oldest_s),) = await self._ask(_BACKLOG, self._now())
        return Backlog(waiting=waiting, oldest_s=max(0.0, oldest_s or 0.0))

    @deferred
    async def kept(self, states: Collection[State], limit: int) -> list[Kept]:
        """Read callbacks in these states."""
        return [read_kept(row) for row in await self._ask(_KEPT, [*states], limit)]

    @deferred
    async def resend(self, call_sids: Collection[str] | None) -> int:
        """Let failed callbacks wait again."""
        chosen = None if call_sids is None else [*call_sids]
        ((count,),) = await self._ask(_RESEND, self._now(), chosen, chosen)
        return int(count)

    @deferred
    async def tidy(self) -> None:
        """Delete old callbacks, and hurry those that wait too long."""
        await self._ask(_HURRY, self._now())
        deleted = _DELETED_AT_ONCE
        while deleted == _DELETED_AT_ONCE:
            ((deleted,),) = await self._ask(_TIDY, self._now())

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def _ask(self, question: str, *values: object) -> Deferred[list[tuple[Any, ...]]]:
        return self._connection.run(lambda ask: ask(question, *values))
