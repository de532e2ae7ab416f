"""Adapter: partitions by month of PostgreSQL tables: made before rows come, dropped when all their rows are old."""

import datetime as dt
from collections.abc import Iterable, Sequence

from exoswitch.store.months import month_after, month_of, month_of_partition, partition_name
from exoswitch.store.postgres import Ask


async def add_partitions(ask: Ask, tables: Sequence[str], months: Iterable[dt.date]) -> None:
    """Add the missing partitions of these tables; call it in a `schema_change`."""
    for month in sorted(months):
        for table in tables:
            await ask(
                f"CREATE TABLE IF NOT EXISTS {partition_name(table, month)} PARTITION OF {table} "
                f"FOR VALUES FROM ('{month} 00:00:00+00') TO ('{month_after(month)} 00:00:00+00')"
            )


async def drop_partitions(ask: Ask, tables: Sequence[str], keep_from: float) -> set[dt.date]:
    """Drop the partitions that end before `keep_from` (seconds, UTC) in a `schema_change`; give their months."""
    dropped = set()
    for month, name in await partitions(ask, *tables):
        if month < month_of(keep_from):
            dropped.add(month)
            await ask(f"DROP TABLE {name}")
    return dropped


async def partitions(ask: Ask, *tables: str) -> list[tuple[dt.date, str]]:
    """List the partitions of these tables with their months, the oldest first."""
    names = await ask(
        "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = ANY(%s::regclass[])",
        list(tables),
    )
    months = ((month_of_partition(name), name) for (name,) in names)
    return sorted((month, name) for month, name in months if month is not None)
