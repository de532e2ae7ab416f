"""The contract of ISessionDatabase: repeated and unordered notes, refusals, retention, claims."""

import pytest
from attrs import evolve
from zope.interface.verify import verifyObject

from exoswitch.errors import BackendUnavailable, CorruptRecord, RecordRefused
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.notes import Note
from tests.harness.databases import KINDS, database_kind
from tests.harness.sessions import ENDED, MOMENT, NOTES, SESSION

DAY_S = 86_400


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    return database_kind(request, tmp_path)


def test_it_is_a_database(kind):
    async def scenario(database):
        verifyObject(ISessionDatabase, database)

    kind.run(scenario)


def test_newest_note_of_a_batch_is_read_back(kind):
    async def scenario(database):
        await database.write(NOTES)
        assert await database.recall(["c1", "c2"]) == [Note(3, ENDED)]
        assert await database.recall([]) == []

    kind.run(scenario)


def test_notes_in_any_order_or_repeated_have_the_same_result(kind):
    async def scenario(database):
        for batch in (NOTES[2:], NOTES, NOTES[:2], NOTES[1:]):
            await database.write(batch)
        assert await database.recall(["c1"]) == [Note(3, ENDED)]
        assert await kind.rows(database, "SELECT call_sid, sequence, status FROM events ORDER BY sequence") == [
            ("c1", 1, "queued"),
            ("c1", 2, "ringing"),
            ("c1", 3, "completed"),
        ]
        assert await kind.rows(database, "SELECT status, sequence FROM sessions") == [("completed", 3)]

    kind.run(scenario)


def test_end_that_waited_in_a_journal_replaces_a_later_note_that_its_call_is_not_dialled(kind):
    async def scenario(database):
        for note in (Note(4, SESSION), Note(3, ENDED), Note(5, SESSION)):
            await database.write([note])
        assert await database.recall(["c1"]) == [Note(3, ENDED)]

    kind.run(scenario)


def test_end_that_the_former_gateway_of_a_call_has_noted_does_not_end_it(kind):
    taken_over = Note(10**16 + 2, evolve(SESSION, takeovers=1))

    async def scenario(database):
        for note in (taken_over, Note(3, ENDED)):
            await database.write([note])
        assert await database.recall(["c1"]) == [taken_over]

    kind.run(scenario)


def test_text_that_databases_refuse_is_read_back(kind):
    odd = evolve(SESSION, customer="a\0\ud800", gateway="g\0", custom_field="\0\ud83d", account="it's; --")

    async def scenario(database):
        await database.write([Note(1, odd)])
        assert await database.recall(["c1"]) == [Note(1, odd)]

    kind.run(scenario)


def test_notes_are_there_after_opening_again(kind):
    async def first(database):
        await database.write(NOTES)
        await database.open()

    async def second(database):
        assert await database.recall(["c1"]) == [Note(3, ENDED)]

    kind.run(first)
    kind.run(second)


def test_old_calls_are_deleted_with_their_events_and_claims_and_newer_ones_are_not(kind):
    # Half a year apart, since a database may delete by the month.
    old = [Note(number, evolve(ENDED, call_sid=f"old{number}")) for number in range(1, 1003)]
    later = MOMENT + 180 * DAY_S
    young = Note(5, evolve(SESSION, call_sid="young", created_at=later, updated_at=later))

    async def scenario(database):
        await database.write([*old, young])
        for sid, now in (("old1", MOMENT + 1), ("young", later + 1)):
            await database.claim([sid], "t1", now)
        await database.tidy(later, later - 90 * DAY_S)
        assert await kind.rows(database, "SELECT call_sid FROM sessions") == [("young",)]
        assert await kind.rows(database, "SELECT call_sid FROM events") == [("young",)]
        assert await kind.rows(database, "SELECT call_sid, token FROM claims") == [("young", "t1")]
        await database.write([Note(2000, evolve(ENDED, call_sid="late"))])
        assert len(await database.recall(["late"])) == 1

    kind.run(scenario)


def test_record_that_cannot_be_read_is_an_error_of_its_own_among_the_others(kind):
    async def scenario(database):
        await database.write([Note(1, SESSION), Note(2, evolve(SESSION, call_sid="c2"))])
        await kind.rows(database, "UPDATE sessions SET document = '{}' WHERE call_sid = 'c2'")
        note, error = sorted(await database.recall(["c1", "c2"]), key=lambda record: not isinstance(record, Note))
        assert note == Note(1, SESSION)
        assert isinstance(error, CorruptRecord)
        assert str(error).startswith("call c2: a stored session cannot be read: required field missing")

    kind.run(scenario)


REFUSED = {
    "sequence of more than 64 bits": Note(2**70, evolve(SESSION, call_sid="odd")),
    "time of no calendar": Note(2, evolve(SESSION, call_sid="odd", created_at=1e300)),
}


@pytest.mark.parametrize("odd", REFUSED.values(), ids=REFUSED)
def test_note_that_cannot_be_stored_is_refused_with_its_batch_and_the_next_batch_is_written(kind, odd):
    async def scenario(database):
        if kind.dialect == "sqlite" and odd.sequence == 2:
            return  # SQLite stores any number as a time
        with pytest.raises(RecordRefused):
            await database.write([Note(1, SESSION), odd])
        assert await database.recall(["c1", "odd"]) == []
        await database.write([Note(1, SESSION)])
        assert await database.recall(["c1"]) == [Note(1, SESSION)]

    kind.run(scenario)


def test_rule_that_an_operator_has_added_refuses_a_note_and_is_no_outage(kind):
    rules = {
        "sqlite": "CREATE TRIGGER no_acme BEFORE INSERT ON sessions WHEN NEW.account = 'acme2' "
        "BEGIN SELECT RAISE(ABORT, 'not here'); END",
        "postgres": "ALTER TABLE sessions ADD CONSTRAINT no_acme CHECK (account <> 'acme2')",
    }

    async def scenario(database):
        await kind.rows(database, rules[kind.dialect])
        with pytest.raises(RecordRefused):
            await database.write([Note(1, evolve(SESSION, account="acme2"))])
        await database.write([Note(1, SESSION)])

    kind.run(scenario)


def test_text_that_databases_refuse_in_a_question_finds_nothing(kind):
    async def scenario(database):
        await database.write([Note(1, SESSION)])
        assert await database.recall(["x\0", "\ud800"]) == []
        assert await database.unfinished("g\0\udfff") == []
        assert await database.claim(["c\0"], "t1", MOMENT) == {"c\0"}
        assert await database.recall(["c1"]) == [Note(1, SESSION)]

    kind.run(scenario)


def test_recent_calls_are_the_newest_and_the_live_ones(kind):
    old, live, new = (
        Note(number, evolve(session, call_sid=f"c{number}", created_at=MOMENT + number * 40 * DAY_S))
        for number, session in enumerate([ENDED, SESSION, ENDED])
    )

    async def scenario(database):
        assert await database.recent(5) == []
        await database.write([old, live, new])
        assert sorted(await database.recent(1), key=lambda note: note.sequence) == [live, new]
        assert len(await database.recent(5)) == 3

    kind.run(scenario)


def test_newest_call_is_known_to_its_month(kind):
    async def scenario(database):
        assert await database.newest_call_at() is None
        await database.write([Note(1, SESSION)])
        assert MOMENT <= await database.newest_call_at() <= MOMENT + 31 * DAY_S
        await database.write([Note(2, evolve(SESSION, call_sid="c2", created_at=MOMENT - 2 * DAY_S))])
        assert MOMENT <= await database.newest_call_at() <= MOMENT + 31 * DAY_S

    kind.run(scenario)


def test_calls_that_a_clock_ahead_has_dated_do_not_count_as_the_newest(kind):
    ahead = [
        Note(number, evolve(SESSION, call_sid=f"a{number}", created_at=MOMENT + (400 + number) * DAY_S))
        for number in range(2, 5)
    ]

    async def scenario(database):
        await database.write([Note(1, SESSION), *ahead])
        assert MOMENT <= await database.newest_call_at() <= MOMENT + 31 * DAY_S

    kind.run(scenario)


def test_call_may_be_claimed_before_it_has_a_row(kind):
    async def scenario(database):
        assert await database.claim(["c1"], "t1", MOMENT) == {"c1"}
        assert await database.claim(["c1"], "t2", MOMENT + 1) == frozenset()
        assert await kind.rows(database, "SELECT call_sid, token FROM claims") == [("c1", "t1")]

    kind.run(scenario)


def test_calls_that_are_claimed_together_each_have_their_own_owner(kind):
    async def scenario(database):
        assert await database.claim(["c3", "c1"], "t1", MOMENT) == {"c1", "c3"}
        assert await database.claim(["c4", "c3", "c2", "c2", "c1"], "t2", MOMENT + 1) == {"c2", "c4"}
        assert await database.claim({"c1", "c2", "c3"}, "t1", MOMENT + 2) == {"c1", "c3"}
        assert await database.claim([], "t1", MOMENT + 3) == frozenset()
        assert await kind.rows(database, "SELECT call_sid, token FROM claims ORDER BY call_sid") == [
            ("c1", "t1"),
            ("c2", "t2"),
            ("c3", "t1"),
            ("c4", "t2"),
        ]

    kind.run(scenario)


def test_closed_database_is_unavailable(kind):
    async def scenario(database):
        database.close()
        with pytest.raises(BackendUnavailable):
            await database.recall(["c1"])

    kind.run(scenario)
