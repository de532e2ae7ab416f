"""How databases find the calls of a day: by one index, and in PostgreSQL in the partitions of its month alone."""

import re
import sqlite3

import psycopg2
import pytest
from attrs import evolve

from exoswitch.sessions.ledger_rows import usage_question, usage_times
from exoswitch.sessions.notes import Note
from tests.harness.databases import Postgres, SqliteInTest
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

DAY_S = 86_400.0
ENDED = SESSION.ended(HUNG_UP, MOMENT + 9)
CALLS = [Note(1, evolve(ENDED, call_sid=f"c{month}", created_at=MOMENT + month * 30 * DAY_S)) for month in (-1, 0, 1)]
DAY = usage_times(MOMENT, MOMENT + DAY_S)


async def fill(database):
    await database.write(CALLS)


def test_sqlite_reads_an_index_alone(tmp_path):
    SqliteInTest(tmp_path).run(fill)
    connection = sqlite3.connect(tmp_path / "calls.db")
    plan = connection.execute("EXPLAIN QUERY PLAN " + usage_question("app", "?"), DAY).fetchall()
    connection.close()
    assert "USING COVERING INDEX sessions_ledger (created_at>? AND created_at<?)" in plan[0][-1]


@pytest.mark.loopback
def test_postgresql_reads_an_index_of_the_month_alone(postgres):
    address = postgres.new_database()
    Postgres(address).run(fill)
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")  # the tables are tiny
        cursor.execute("EXPLAIN " + usage_question("app", "to_timestamp(%s)"), DAY)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert set(re.findall(r"on (sessions_2\d{3}_\d\d)", plan)) == {"sessions_2023_11"}
    assert "Index Only Scan" in plan
