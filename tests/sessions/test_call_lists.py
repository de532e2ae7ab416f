"""Lists of calls over a database: records that cannot be read, reading in parts, outages."""

import sqlite3

import pytest
from attrs import evolve
from twisted.internet.task import Clock

from exoswitch.call.search import CallSearch, Position
from exoswitch.errors import BackendUnavailable
from exoswitch.sessions.call_lists import READ_AT_ONCE
from exoswitch.sessions.search_sql import search_question
from exoswitch.sessions.sqlite import DIALECT, _rows
from tests.harness.keeper import result
from tests.harness.sessions import MOMENT, SESSION, sids
from tests.harness.stores import InSqlite

CALLS = [evolve(SESSION, call_sid=f"c{at:03}", created_at=MOMENT + at) for at in range(60)]
SEARCH = CallSearch(account="acme1", limit=5)


def spoil(folder, *call_sids):
    connection = sqlite3.connect(folder / "calls.db")
    for call_sid in call_sids:
        connection.execute("UPDATE sessions SET document = '{}' WHERE call_sid = ?", (call_sid,))
    connection.commit()
    connection.close()


def test_records_that_cannot_be_read_are_left_out_and_the_list_goes_on_behind_them(tmp_path):
    spoilt = ["c057", "c054", "c053", "c020"]

    async def scenario(one, _other):
        await one.save(*CALLS)
        spoil(tmp_path, *spoilt)
        one.store.note(evolve(SESSION, call_sid="noted", created_at=MOMENT + 53.5))
        listed, start = [], None
        while start is not False:
            found = await one.search(evolve(SEARCH, after=start))
            listed += sids(found.sessions)
            start = Position.of(found.sessions[-1]) if found.has_after else False
        wanted = {call.call_sid: call.created_at for call in CALLS if call.call_sid not in spoilt}
        wanted["noted"] = MOMENT + 53.5
        assert listed == sorted(wanted, key=wanted.get, reverse=True)

    InSqlite(tmp_path).run(scenario)


def test_a_page_of_records_that_cannot_be_read_ends_the_list(tmp_path):
    async def scenario(one, _other):
        await one.save(*CALLS)
        spoil(tmp_path, *sids(CALLS[50:]))
        found = await one.search(SEARCH)
        assert (found.sessions, found.has_after) == ((), False)

    InSqlite(tmp_path).run(scenario)


def test_sessions_are_read_in_parts_so_that_calls_go_on_between_them(tmp_path):
    async def scenario(one, _other):
        await one.save(*CALLS)
        asked = one.store.search(evolve(SEARCH, limit=3 * READ_AT_ONCE - 1))
        assert not asked.called
        one.clock.advance(0)
        assert len((await asked).sessions) == 3 * READ_AT_ONCE - 1

    InSqlite(tmp_path).run(scenario)


def test_list_is_unavailable_while_the_database_is_away(keeper):
    keeper.database.is_away = True
    result.failureResultOf(keeper.store.search(SEARCH), BackendUnavailable)


def test_condition_without_a_value_finds_nothing_and_asks_nothing(keeper):
    keeper.database.is_away = True
    found = result.successResultOf(keeper.store.search(evolve(SEARCH, directions=frozenset())))
    assert (found.sessions, found.has_before, found.has_after) == ((), False, False)


def test_reading_that_takes_too_long_ends(tmp_path, monkeypatch):
    async def scenario(one, _other):
        await one.save(*CALLS)

    InSqlite(tmp_path, Clock()).run(scenario)
    monkeypatch.setattr("exoswitch.sessions.sqlite._LIST_S", -1.0)
    monkeypatch.setattr("exoswitch.sessions.sqlite._STEPS_BETWEEN_LOOKS", 10)
    connection = sqlite3.connect(tmp_path / "calls.db")
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        _rows(connection.cursor(), search_question(SEARCH, [], DIALECT))
    assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (60,)
    connection.close()
