"""What every ISessionDatabase promises: notes twice or in any order, upgrades with rows in the tables, retention."""

import pytest
from attrs import evolve
from zope.interface.verify import verifyObject

from exoswitch.backends.schema_files import read_schema, read_versions
from exoswitch.backends.schema_versions import in_order
from exoswitch.backends.session_database import ISessionDatabase
from exoswitch.backends.session_notes import Note
from exoswitch.errors import BackendUnavailable
from exoswitch.session import CallStatus
from tests.databases import Postgres, Sqlite, SqliteInTest
from tests.sessions import HUNG_UP, MOMENT, SESSION

RINGING = SESSION.progressed(CallStatus.RINGING, MOMENT + 1)
ENDED = SESSION.ended(HUNG_UP, MOMENT + 9)
NOTES = [Note(1, SESSION), Note(2, RINGING), Note(3, ENDED)]
DAY_S = 86_400


KINDS = [SqliteInTest, *(pytest.param(kind, marks=pytest.mark.loopback) for kind in (Sqlite, Postgres))]


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    if request.param is Postgres:
        return Postgres(request.getfixturevalue("postgres").new_database())
    return request.param(tmp_path)


def test_it_is_a_database(kind):
    async def scenario(database):
        verifyObject(ISessionDatabase, database)

    kind.run(scenario)


def test_newest_of_a_batch_is_found_as_it_was(kind):
    async def scenario(database):
        await database.write(NOTES)
        assert await database.find("c1") == ENDED
        assert await database.find("c2") is None

    kind.run(scenario)


def test_notes_in_any_order_and_twice_have_the_same_effect(kind):
    async def scenario(database):
        for batch in (NOTES[2:], NOTES, NOTES[:2], NOTES[1:]):
            await database.write(batch)
        assert await database.find("c1") == ENDED
        assert await kind.rows(database, "SELECT call_sid, sequence, status FROM events ORDER BY sequence") == [
            ("c1", 1, "queued"),
            ("c1", 2, "ringing"),
            ("c1", 3, "completed"),
        ]
        assert await kind.rows(database, "SELECT status, sequence FROM sessions") == [("completed", 3)]

    kind.run(scenario)


def test_text_that_databases_do_not_take_does_no_harm(kind):
    odd = evolve(SESSION, caller="a\0\ud800", custom_field="\0\ud83d", account="it's; --")

    async def scenario(database):
        await database.write([Note(1, odd)])
        assert await database.find("c1") == odd

    kind.run(scenario)


def test_what_was_written_is_there_after_opening_again(kind):
    async def first(database):
        await database.write(NOTES)
        await database.open()

    async def second(database):
        assert await database.find("c1") == ENDED

    kind.run(first)
    kind.run(second)


def test_old_calls_are_forgotten_with_their_events_and_young_ones_are_not(kind):
    # Half a year apart, for a database may forget by the month.
    old = [Note(number, evolve(ENDED, call_sid=f"old{number}")) for number in range(1, 1003)]
    later = MOMENT + 180 * DAY_S
    young = Note(5, evolve(SESSION, call_sid="young", created_at=later, updated_at=later))

    async def scenario(database):
        await database.write([*old, young])
        await database.tidy(later, later - 90 * DAY_S)
        assert await kind.rows(database, "SELECT call_sid FROM sessions") == [("young",)]
        assert await kind.rows(database, "SELECT call_sid FROM events") == [("young",)]
        await database.write([Note(2000, evolve(ENDED, call_sid="late"))])
        assert await database.find("late") is not None

    kind.run(scenario)


def test_upgrade_keeps_the_rows_that_are_there(kind):
    second = "ALTER TABLE sessions ADD COLUMN note TEXT;\nUPDATE sessions\n   SET note = 'kept -- not lost';\n"
    upgraded = in_order(
        {**texts(kind), "0002_notes.sql": "-- One more; column.\n" + second.replace(" -- not", " not")}
    )

    async def before(database):
        await database.write(NOTES)

    async def after(database):
        await database.open()
        assert await database.find("c1") == ENDED
        assert await kind.rows(database, "SELECT call_sid, note FROM sessions") == [("c1", "kept not lost")]

    kind.run(before, versions=read_schema(kind.dialect)[:1])
    kind.run(after, versions=upgraded)


def test_upgrade_that_fails_changes_nothing(kind):
    broken = "ALTER TABLE sessions ADD COLUMN note TEXT;\nALTER TABLE no_such_table ADD COLUMN note TEXT;\n"

    async def before(database):
        await database.write(NOTES)

    async def never(database):
        raise AssertionError("it cannot have been opened")

    async def after(database):
        assert await database.find("c1") == ENDED
        assert len(await kind.rows(database, "SELECT * FROM events")) == 3

    kind.run(before)
    with pytest.raises(BaseException, match="no_such_table"):
        kind.run(never, versions=in_order({**texts(kind), "0002_broken.sql": broken}))
    kind.run(after)


def test_database_of_a_later_version_is_refused_in_plain_words(kind):
    async def scenario(database):
        pass

    kind.run(scenario, versions=in_order({**texts(kind), "0002_later.sql": "CREATE TABLE later (thing TEXT);\n"}))
    with pytest.raises(BaseException, match=r"version 2, .* knows it up to 1: a newer one has been here"):
        kind.run(scenario, versions=read_schema(kind.dialect)[:1])


def test_closed_database_is_unavailable(kind):
    async def scenario(database):
        await database.close()
        with pytest.raises(BackendUnavailable):
            await database.find("c1")

    kind.run(scenario)


def texts(kind):
    return {f"{version.number:04d}_{version.name}.sql": version.text for version in read_schema(kind.dialect)[:1]}


def test_versions_are_read_from_a_folder(tmp_path):
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE a (b TEXT);\n")
    assert [version.name for version in read_versions(tmp_path)] == ["first"]
