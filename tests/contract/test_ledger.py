"""The contract of ILedger: sums by day in India, exact amounts, single calls, old schemas."""

from decimal import Decimal

import pytest
from attrs import evolve
from zope.interface.verify import verifyObject

from exoswitch.billing.usage import AnsweredCall, Usage
from exoswitch.call.charge import Charge
from exoswitch.call.session import CallStatus, Direction, Ending
from exoswitch.sessions.interfaces import ILedger
from exoswitch.sessions.notes import Note
from exoswitch.store.schema_versions import read_schema
from tests.harness.databases import KINDS, database_kind
from tests.harness.prices import PRICES
from tests.harness.sessions import HUNG_UP, SESSION

DAY_S = 86_400.0
MIDNIGHT = 1_700_159_400.0  # 2023-11-17 00:00:00 in India
BUSY = Ending(status=CallStatus.BUSY, reason="busy")


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    return database_kind(request, tmp_path)


def call(sid, answered_at, talked_s, *, waited_s=5.0, **values):
    """Give a call that has ended."""
    begun = evolve(SESSION, call_sid=sid, created_at=answered_at - waited_s, trunk="lab", **values)
    ended = evolve(begun, answered_at=answered_at).ended(HUNG_UP, answered_at + talked_s, talked_s)
    return evolve(ended, charge=PRICES.charge(ended))


def unanswered(sid, created_at):
    ended = evolve(SESSION, call_sid=sid, created_at=created_at, trunk="lab").ended(BUSY, created_at + 9)
    return evolve(ended, charge=PRICES.charge(ended))


def notes(*sessions):
    return [Note(number, session) for number, session in enumerate(sessions, start=1)]


LAB = Usage(
    key="",
    trunk="lab",
    currency="INR",
    baseline_currency="INR",
    calls=2,
    answered=1,
    talked_ms=35_250,
    priced_ms=35_250,
    billed_ms=35_250,
    billed_s=60,
    cost=Decimal("0.2"),
    unpriced=0,
    baseline=Decimal("0.5"),
)


def test_it_is_a_ledger(kind):
    async def scenario(database, ledger):
        verifyObject(ILedger, ledger)

    kind.run_ledger(scenario)


def test_calls_of_a_day_are_summed_up_exactly(kind):
    async def scenario(database, ledger):
        live = evolve(SESSION, call_sid="c3", created_at=MIDNIGHT + 60, answered_at=MIDNIGHT + 61)
        await database.write(notes(call("c1", MIDNIGHT + 60, 35.25), unanswered("c2", MIDNIGHT + 5), live))
        assert await ledger.usage(MIDNIGHT, MIDNIGHT + DAY_S, "trunk") == [LAB]
        assert await ledger.usage(MIDNIGHT + DAY_S, MIDNIGHT + 2 * DAY_S, "trunk") == []

    kind.run_ledger(scenario)


def test_call_belongs_to_the_day_of_its_answer_and_another_one_to_that_of_its_beginning(kind):
    over = call("c1", MIDNIGHT, 35.25, waited_s=600.0)
    before = call("c2", MIDNIGHT - 0.001, 35.25)

    async def scenario(database, ledger):
        await database.write(notes(over, before, unanswered("c3", MIDNIGHT - 1), unanswered("c4", MIDNIGHT)))
        days = [await ledger.usage(MIDNIGHT + at, MIDNIGHT + at + DAY_S, "day") for at in (-DAY_S, 0)]
        assert days == [[LAB], [LAB]]

    kind.run_ledger(scenario)


def test_calls_are_grouped_by_account_or_app_and_always_by_trunk_and_currency(kind):
    app = evolve(SESSION.bot, app="1001")
    dollars = call("c2", MIDNIGHT + 60, 5.0, account="b", bot=app)
    dollars = evolve(dollars, trunk="far", charge=evolve(dollars.charge, currency="USD", amount=Decimal("0.000001")))

    async def scenario(database, ledger):
        await database.write(notes(call("c1", MIDNIGHT + 60, 35.25, account="a"), dollars))
        found = {by: await ledger.usage(MIDNIGHT, MIDNIGHT + DAY_S, by) for by in ("account", "app")}
        for by, keys in (("account", {"a", "b"}), ("app", {"", "1001"})):
            assert {usage.key for usage in found[by]} == keys
            assert {(usage.trunk, usage.currency, usage.cost) for usage in found[by]} == {
                ("lab", "INR", Decimal("0.2")),
                ("far", "USD", Decimal("0.000001")),
            }

    kind.run_ledger(scenario)


def test_answered_call_without_a_price_is_counted_and_left_out_of_cost_and_baseline(kind):
    charge = Charge(amount=None, currency="INR", billed_s=0, baseline=Decimal("0.5"), baseline_currency="INR")
    unpriced = evolve(call("c1", MIDNIGHT, 10.0), charge=charge)
    older = evolve(call("c2", MIDNIGHT, 10.0), charge=None, trunk=None)

    async def scenario(database, ledger):
        await database.write(notes(unpriced, older, call("c3", MIDNIGHT, 10.0)))
        by_trunk = {usage.trunk: usage for usage in await ledger.usage(MIDNIGHT, MIDNIGHT + DAY_S, "trunk")}
        both, none = by_trunk["lab"], by_trunk[""]
        assert (both.calls, both.unpriced, both.talked_ms, both.priced_ms) == (2, 1, 20_000, 10_000)
        assert (both.cost, both.baseline) == (Decimal("0.2"), Decimal("0.5"))
        assert (none.calls, none.unpriced, none.currency, none.cost, none.baseline) == (1, 1, "", 0, 0)

    kind.run_ledger(scenario)


def test_inbound_call_that_costs_nothing_has_no_billed_seconds(kind):
    async def scenario(database, ledger):
        await database.write(notes(call("c1", MIDNIGHT, 35.25, direction=Direction.INBOUND)))
        (usage,) = await ledger.usage(MIDNIGHT, MIDNIGHT + DAY_S, "trunk")
        assert (usage.talked_ms, usage.billed_ms, usage.billed_s, usage.cost) == (35_250, 0, 0, 0)

    kind.run_ledger(scenario)


def test_answered_calls_are_read_one_by_one(kind):
    async def scenario(database, ledger):
        await database.write(notes(call("c1", MIDNIGHT + 0.25, 35.25), unanswered("c2", MIDNIGHT)))
        assert await ledger.answered(MIDNIGHT - 5, MIDNIGHT) == [
            AnsweredCall(
                call_sid="c1",
                trunk="lab",
                number="+919812345610",
                answered_at=MIDNIGHT + 0.25,
                talked_ms=35_250,
                billed_s=60,
                amount=Decimal("0.2"),
                currency="INR",
            )
        ]
        assert await ledger.answered(MIDNIGHT, MIDNIGHT + DAY_S) == []

    kind.run_ledger(scenario)


def test_database_without_costs_is_refused_with_the_remedy(kind):
    async def scenario(database, ledger):
        raise AssertionError("the ledger opened")

    with pytest.raises(BaseException, match="version 3, which has no costs; start a gateway"):
        kind.run_ledger(scenario, versions=read_schema(kind.dialect)[:3])
