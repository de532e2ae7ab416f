"""Fills the table of sessions with rows that a benchmark makes, in SQLite and in PostgreSQL."""

import datetime as dt
import io
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg2

from exoswitch.sessions.notes import SESSION_COLUMNS

TIMES = ("created_at", "updated_at", "answered_at", "ended_at")
AT_ONCE = 50_000

Row = tuple[object, ...]
"""The values of a session's row, in the order of SESSION_COLUMNS."""


def fill_sqlite(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows into a file whose schema is made."""
    connection = sqlite3.connect(path)
    marks = ", ".join("?" * len(SESSION_COLUMNS))
    insert = f"INSERT INTO sessions ({', '.join(SESSION_COLUMNS)}) VALUES ({marks})"  # noqa: S608 - ours
    for batch in batches(rows):
        connection.executemany(insert, batch)
        connection.commit()
    connection.close()


def fill_postgres(address: str, rows: Iterable[Row], months: Iterable[dt.date]) -> None:
    """Write the rows by COPY, each month into a partition; then let the server count them, as its autovacuum does."""
    connection = psycopg2.connect(address)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for month in months:
            after = (month + dt.timedelta(days=31)).replace(day=1)
            bounds = f"FROM ('{month}Z') TO ('{after}Z')"
            cursor.execute(f"CREATE TABLE sessions_{month:%Y_%m} PARTITION OF sessions FOR VALUES {bounds}")
        for batch in batches(rows):
            text = io.StringIO("".join("\t".join(map(copied, SESSION_COLUMNS, row)) + "\n" for row in batch))
            cursor.copy_expert(f"COPY sessions ({', '.join(SESSION_COLUMNS)}) FROM STDIN", text)
        cursor.execute("VACUUM ANALYZE sessions")
    connection.close()


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Give the rows in batches."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    yield batch


def copied(name: str, value: object) -> str:
    """Give a value as COPY takes it."""
    if value is None:
        return "\\N"
    if name in TIMES:
        return dt.datetime.fromtimestamp(value, dt.UTC).isoformat()
    if name in {"cost", "baseline"}:
        return f"{value / 1_000_000:.6f}"
    return str(value).replace("\\", "\\\\")
