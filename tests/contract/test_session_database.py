"""The contract of ISessionDatabase: repeated and unordered notes, upgrades of tables with rows, retention."""

from decimal import Decimal

import pytest
from attrs import evolve
from zope.interface.verify import verifyObject

from exoswitch.call.charge import Charge
from exoswitch.call.search import CallSearch, Span
from exoswitch.call.session import CallStatus
from exoswitch.errors import BackendUnavailable, CorruptRecord, RecordRefused
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.notes import Note
from exoswitch.store.schema_versions import in_order, read_schema
from tests.harness.databases import Postgres, Sqlite, SqliteInTest
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

RINGING = SESSION.progressed(CallStatus.RINGING, MOMENT + 1)
ENDED = SESSION.ended(HUNG_UP, MOMENT + 9)
NOTES = [Note(1, SESSION), Note(2, RINGING), Note(3, ENDED)]
DAY_S = 86_400

# The rows of SESSION in the first version of the schema.
_DOCUMENT = (
    '{"version":1,"call_sid":"c1","account":"acme1","direction":"outbound-api","caller":"+919812345610",'
    '"callee":"08047491899","exophone":"08047491899","bot":{"url":"ws://bot.example.org/ws","options":{}},'
    '"created_at":1700000000.0,"updated_at":1700000000.0,"status":"queued","stream_sid":"s1","custom_field":null,'
    '"answered_at":null,"ended_at":null,"trunk":null,"asterisk":null,"ending":null}'
)
_SESSION = (
    "INSERT INTO sessions VALUES ('c1', 'acme1', 'outbound-api', 'queued', '+919812345610', '08047491899', "
    "'08047491899', {0}, {0}, NULL, NULL, 1, '{1}')"
)
_EVENT = "INSERT INTO events VALUES ('c1', 1, {0}, {0}, 'queued', '{{}}')"
_PARTITION = (
    "CREATE TABLE {0}_2023_11 PARTITION OF {0} FOR VALUES FROM ('2023-11-01 00:00Z') TO ('2023-12-01 00:00Z')"
)
FIRST_VERSIONS_ROWS = {
    "sqlite": [row.format("1700000000.0", _DOCUMENT) for row in (_SESSION, _EVENT)],
    "postgres": [
        *map(_PARTITION.format, ("sessions", "events")),
        *(row.format("to_timestamp(1700000000.0)", _DOCUMENT) for row in (_SESSION, _EVENT)),
    ],
}

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


def test_upgrade_keeps_existing_rows(kind):
    statements = "ALTER TABLE sessions ADD COLUMN note TEXT;\nUPDATE sessions\n   SET note = 'kept; not lost';\n"

    async def before(database):
        await database.write(NOTES)

    async def after(database):
        await database.open()
        assert await database.recall(["c1"]) == [Note(3, ENDED)]
        assert await kind.rows(database, "SELECT call_sid, note FROM sessions") == [("c1", "kept; not lost")]

    kind.run(before)
    kind.run(after, versions=and_next(kind, "-- One more; column.\n" + statements))


def test_calls_of_the_first_version_are_kept_and_then_belong_to_a_gateway(kind):
    taken = evolve(SESSION, gateway="gw1", channel_id="c1-1")

    async def before(database):
        for statement in FIRST_VERSIONS_ROWS[kind.dialect]:
            await kind.rows(database, statement)

    async def after(database):
        assert await database.recall(["c1"]) == [Note(1, SESSION)]
        assert await database.unfinished("gw1") == []
        await database.write([Note(2, taken)])
        assert await database.unfinished("gw1") == ["c1"]
        assert await database.recall(["c1"]) == [Note(2, taken)]
        assert len(await kind.rows(database, "SELECT * FROM events")) == 2
        assert await database.claim(["c1"], "t1", MOMENT)

    kind.run(before, versions=read_schema(kind.dialect)[:1])
    kind.run(after)


def test_calls_of_the_second_version_keep_the_persons_number_under_its_new_name(kind):
    async def before(database):
        for statement in FIRST_VERSIONS_ROWS[kind.dialect]:
            await kind.rows(database, statement)

    async def at_the_second_version(database):
        await kind.rows(database, "UPDATE sessions SET gateway = 'gw1'")

    async def after(database):
        assert await database.unfinished("gw1") == ["c1"]
        assert await database.recall(["c1"]) == [Note(1, SESSION)]
        numbers = await kind.rows(database, "SELECT customer, exophone FROM sessions")
        assert numbers == [("+919812345610", "08047491899")]

    kind.run(before, versions=read_schema(kind.dialect)[:1])
    kind.run(at_the_second_version, versions=read_schema(kind.dialect)[:2])
    kind.run(after)


def test_ended_call_has_its_cost_in_columns_of_its_own(kind):
    charge = Charge(
        amount=Decimal("0.200001"), currency="INR", billed_s=60, baseline=Decimal("0.5"), baseline_currency="INR"
    )
    bot = evolve(SESSION.bot, app="1001")
    live = evolve(SESSION, trunk="bsnl1", bot=bot, answered_at=MOMENT + 1)
    ended = evolve(live.ended(HUNG_UP, MOMENT + 36.5, 35.25), charge=charge)
    question = (
        "SELECT trunk, app, talked_ms, billed_s, cost, currency, baseline, baseline_currency FROM sessions "
        "WHERE call_sid = 'c1'"
    )

    async def scenario(database):
        await database.write([Note(1, live)])
        assert await kind.rows(database, question) == [("bsnl1", "1001", *[None] * 6)]
        await database.write(
            [Note(2, ended), Note(3, evolve(ended, call_sid="c2", charge=evolve(charge, amount=None)))]
        )
        (row,) = await kind.rows(database, question)
        amounts = (200_001, 500_000) if kind.dialect == "sqlite" else (Decimal("0.200001"), Decimal("0.500000"))
        assert row == ("bsnl1", "1001", 35_250, 60, amounts[0], "INR", amounts[1], "INR")
        assert await kind.rows(database, "SELECT cost FROM sessions WHERE call_sid = 'c2'") == [(None,)]

    kind.run(scenario)


def test_calls_of_the_third_version_keep_their_trunk_and_their_time(kind):
    ended = {
        "clock": (f"{MOMENT + 5}", '{"trunk":"bsnl-1","talked_s":4.25}', ("bsnl-1", 4250)),
        "moment": (f"{MOMENT + 5}", '{"trunk":"bsnl-1","talked_s":1e-05}', ("bsnl-1", 0)),
        "earlier": (f"{MOMENT + 5}", '{"trunk":null,"talked_s":null}', (None, 4000)),
        "unanswered": ("NULL", '{"trunk":"lab"}', ("lab", 0)),
    }
    moment = "{}" if kind.dialect == "sqlite" else "to_timestamp({})"
    insert = (
        "INSERT INTO sessions (call_sid, account, direction, status, customer, exophone, created_at, updated_at, "
        "answered_at, ended_at, sequence, document) VALUES ('{0}', 'a', '', '', '', '', {1}, {1}, {2}, {3}, 1, '{4}')"
    )

    async def before(database):
        if kind.dialect == "postgres":
            await kind.rows(database, _PARTITION.format("sessions"))
        for sid, (answered, document, _) in ended.items():
            at = [f"{MOMENT}", answered, f"{MOMENT + 9}"]
            await kind.rows(database, insert.format(sid, *map(moment.format, at), document))
        await kind.rows(database, insert.format("odd", *map(moment.format, at), "no JSON"))

    async def after(database):
        found = await kind.rows(database, "SELECT call_sid, trunk, talked_ms FROM sessions WHERE call_sid <> 'odd'")
        assert {sid: rest for sid, *rest in found} == {sid: [*facts] for sid, (*_, facts) in ended.items()}

    kind.run(before, versions=read_schema(kind.dialect)[:3])
    kind.run(after)


def test_calls_of_the_fourth_version_are_listed_by_the_exophone_and_the_price_that_they_have(kind):
    charge = (
        "('c1', 'acme1', '', 'completed', '+919812345610', '+918047491899', {0}, {0}, {0}, {0}, 1, '{{}}', 200000)"
    )
    columns = (
        "call_sid, account, direction, status, customer, exophone, created_at, updated_at, answered_at, ended_at"
    )
    row = f"INSERT INTO sessions ({columns}, sequence, document, cost) VALUES {charge}"  # noqa: S608 - ours
    if kind.dialect == "postgres":
        row = row.replace("{0}", "to_timestamp({0})").replace("200000", "0.2")
    search = CallSearch(
        account="acme1",
        to_numbers=frozenset({"+918047491899"}),
        price=Span(least=Decimal("0.1995"), below=Decimal("0.2005")),
    )

    async def before(database):
        if kind.dialect == "postgres":
            await kind.rows(database, _PARTITION.format("sessions"))
        await kind.rows(database, row.format(f"{MOMENT}"))

    async def after(database):
        assert [(sid, document) for sid, _, document in await database.search(search, [])] == [("c1", "{}")]
        assert await database.search(search, ["c1"]) == []

    kind.run(before, versions=read_schema(kind.dialect)[:4])
    kind.run(after)


def test_upgrade_that_fails_changes_nothing(kind):
    broken = "ALTER TABLE sessions ADD COLUMN note TEXT;\nALTER TABLE no_such_table ADD COLUMN note TEXT;\n"

    async def before(database):
        await database.write(NOTES)

    async def never(database):
        raise AssertionError("the database opened")

    async def after(database):
        assert await database.recall(["c1"]) == [Note(3, ENDED)]
        assert len(await kind.rows(database, "SELECT * FROM events")) == 3

    kind.run(before)
    with pytest.raises(BaseException, match="no_such_table"):
        kind.run(never, versions=and_next(kind, broken))
    kind.run(after)


def test_database_of_a_later_version_is_refused_in_plain_words(kind):
    async def scenario(database):
        pass

    known = len(read_schema(kind.dialect))
    kind.run(scenario, versions=and_next(kind, "CREATE TABLE later (thing TEXT);\n"))
    told = rf"version {known + 1}, .* knows versions up to {known}: a newer exoswitch"
    with pytest.raises(BaseException, match=told):
        kind.run(scenario)


def test_closed_database_is_unavailable(kind):
    async def scenario(database):
        database.close()
        with pytest.raises(BackendUnavailable):
            await database.recall(["c1"])

    kind.run(scenario)


def and_next(kind, text):
    """Give the existing versions, and one more."""
    versions = read_schema(kind.dialect)
    files = {f"{version.number:04d}_{version.name}.sql": version.text for version in versions}
    return in_order({**files, f"{len(versions) + 1:04d}_next.sql": text})
