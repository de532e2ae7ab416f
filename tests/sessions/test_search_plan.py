"""How databases find the calls of a list: by an index in the order of the list, whatever the list asks for."""

import re
import sqlite3
from decimal import Decimal

import psycopg2
import pytest
from attrs import evolve

from exoswitch.call.search import CallSearch, Position, Span
from exoswitch.call.session import CallStatus, Direction
from exoswitch.sessions import postgres as in_postgres
from exoswitch.sessions import sqlite as in_sqlite
from exoswitch.sessions.notes import Note
from exoswitch.sessions.search_sql import cost_question, live_bots_question, search_question
from tests.harness.databases import Postgres, SqliteInTest
from tests.harness.sessions import MOMENT, SESSION

DAY_S = 86_400.0
CALLS = [Note(1, evolve(SESSION, call_sid=f"c{month}", created_at=MOMENT + month * 31 * DAY_S)) for month in range(3)]
MONTH = CallSearch(account="acme1", began=Span(least=MOMENT, below=MOMENT + DAY_S))
SEARCHES = {
    "all": (MONTH, "sessions_listed (account=? AND created_at>? AND created_at<?)"),
    "a page before another": (evolve(MONTH, before=Position(MOMENT, "c1")), "sessions_listed"),
    "direction": (evolve(MONTH, directions=frozenset({Direction.INBOUND})), "sessions_listed"),
    "length": (evolve(MONTH, talked_ms=Span(least=10_000, below=None)), "sessions_listed"),
    "price": (evolve(MONTH, price=Span(least=Decimal(1), below=None)), "sessions_listed"),
    "exophone": (evolve(MONTH, exophones=frozenset({"+918047491899"})), "sessions_listed"),
    "status": (evolve(MONTH, statuses=frozenset({CallStatus.BUSY})), "sessions_by_status (account=? AND status=?"),
    "from": (evolve(MONTH, from_numbers=frozenset({"+919812345610"})), "sessions_from (account=? AND customer=?"),
    "sid": (evolve(MONTH, call_sids=frozenset({"c0", "c1"})), "sqlite_autoindex_sessions_1 (call_sid=?)"),
    "to": (evolve(MONTH, to_numbers=frozenset({"+919812345610"})), "sessions_to (account=? AND <expr>=?"),
}


async def fill(database):
    await database.write(CALLS)


@pytest.mark.parametrize(("search", "index"), SEARCHES.values(), ids=SEARCHES)
def test_sqlite_reads_one_index_in_the_order_of_the_list(tmp_path, search, index):
    SqliteInTest(tmp_path).run(fill)
    question = search_question(search, [], in_sqlite.DIALECT)
    plan = [row[-1] for row in explained(tmp_path, question)]
    reading = next(step for step in plan if step.startswith("SEARCH sessions"))
    assert index in reading
    assert ("COVERING" in reading) == ("listed" in index)
    sorts = [at for at, step in enumerate(plan) if step.startswith("USE TEMP B-TREE")]  # SQLite 3.53 has none
    assert all(plan.index(reading) < at for at in sorts)
    assert "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (call_sid=?)" in plan


def test_sqlite_counts_live_calls_and_sums_costs_in_an_index(tmp_path):
    SqliteInTest(tmp_path).run(fill)
    counting = explained(tmp_path, live_bots_question("acme1", [], in_sqlite.DIALECT))
    assert any("sessions_by_status (account=? AND status=?)" in row[-1] for row in counting)
    summing = explained(tmp_path, cost_question("acme1", MOMENT, in_sqlite.DIALECT))
    assert any("COVERING INDEX sessions_listed (account=? AND created_at>?)" in row[-1] for row in summing)


def explained(folder, question):
    connection = sqlite3.connect(folder / "calls.db")
    plan = connection.execute("EXPLAIN QUERY PLAN " + question.text, question.values).fetchall()
    connection.close()
    return plan


@pytest.mark.loopback
def test_postgresql_reads_an_index_of_the_month_in_the_order_of_the_list(postgres):
    address = postgres.new_database()
    Postgres(address).run(fill)
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
        for search, _ in SEARCHES.values():
            question = search_question(search, [], in_postgres.DIALECT)
            cursor.execute("EXPLAIN " + question.text, question.values)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            reading = plan[plan.rindex("Limit") :]
            assert "sessions_2023_11_account" in reading
            assert set(re.findall(r"on (sessions_2\d{3}_\d\d)", reading)) >= {"sessions_2023_11"}
            assert "Sort" not in reading.partition("Index")[0]
