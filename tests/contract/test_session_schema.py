"""The contract of ISessionDatabase: upgrades of tables with rows."""

from decimal import Decimal

import pytest
from attrs import evolve

from exoswitch.call.charge import Charge
from exoswitch.call.search import CallSearch, Span
from exoswitch.sessions.notes import Note
from exoswitch.store.schema_versions import in_order, read_schema
from tests.harness.databases import KINDS, database_kind
from tests.harness.sessions import ENDED, HUNG_UP, MOMENT, NOTES, SESSION

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


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    return database_kind(request, tmp_path)


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


def and_next(kind, text):
    """Give the existing versions, and one more."""
    versions = read_schema(kind.dialect)
    files = {f"{version.number:04d}_{version.name}.sql": version.text for version in versions}
    return in_order({**files, f"{len(versions) + 1:04d}_next.sql": text})
