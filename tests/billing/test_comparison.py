"""Our calls beside the carrier's records: what is missing on a side, other durations, other charges."""

from decimal import Decimal

import pytest
from attrs import evolve

from exoswitch.billing.carrier_records import CarrierRecord
from exoswitch.billing.comparison import Comparison, Kind
from exoswitch.billing.usage import AnsweredCall
from exoswitch.errors import BackendUnavailable

AT = 1_775_016_000.0
CALL = AnsweredCall(
    call_sid="c1",
    trunk="lab",
    number="+919812345610",
    answered_at=AT,
    talked_ms=35_250,
    billed_s=60,
    amount=Decimal("0.200000"),
    currency="INR",
)
RECORD = CarrierRecord(
    line=2, number="+919812345610", answered_at=AT + 1, duration_s=Decimal(36), charge=Decimal("0.20")
)


@pytest.fixture
def compare():
    """Compare calls and records; give the differences and the totals."""
    comparison = Comparison()

    def compared(calls, records, begin=AT - 60, end=AT + 60):
        comparison.add_calls(calls)
        comparison.add_records(records)
        return list(comparison.differences(begin, end))

    compared.totals = comparison.totals
    yield compared
    comparison.close()


def kinds(differences):
    return [difference.kind for difference in differences]


def test_call_with_its_record_does_not_differ(compare):
    assert compare([CALL], [RECORD]) == []
    assert (compare.totals.ours, compare.totals.carriers) == (1, 1)
    assert (compare.totals.our_amount, compare.totals.carriers_amount) == (Decimal("0.2"), Decimal("0.2"))


@pytest.mark.parametrize(("apart_s", "belongs"), [(-3, True), (3, True), (-3.5, False), (3.5, False)])
def test_record_belongs_to_a_call_that_was_answered_three_seconds_away_at_most(compare, apart_s, belongs):
    found = compare([CALL], [evolve(RECORD, answered_at=AT + apart_s)])
    assert set(kinds(found)) == (set() if belongs else {Kind.MISSING_HERE, Kind.MISSING_THERE})


def test_missing_calls_are_told_on_their_side(compare):
    here = evolve(CALL, number="+919812345611")
    (missing_here, missing_there) = compare([here], [RECORD])
    assert (missing_here.kind, missing_here.number, missing_here.line) == (Kind.MISSING_HERE, RECORD.number, 2)
    assert (missing_there.kind, missing_there.call_sid, missing_there.ours) == (
        Kind.MISSING_THERE,
        "c1",
        Decimal("35.25"),
    )


def test_calls_to_one_number_are_brought_together_in_their_order(compare):
    calls = [evolve(CALL, call_sid=f"c{number}", answered_at=AT + number * 2) for number in range(5)]
    records = [evolve(RECORD, line=number, answered_at=AT + number * 2 + 1) for number in range(5)]
    assert compare(reversed(calls), records) == []


def test_other_durations_and_charges_are_told_with_both_values(compare):
    duration, charge = compare([CALL], [evolve(RECORD, duration_s=Decimal(61), charge=Decimal("0.40"))])
    assert (duration.kind, duration.ours, duration.carriers) == (Kind.DURATION, Decimal("35.25"), Decimal(61))
    assert (charge.kind, charge.ours, charge.carriers) == (Kind.CHARGE, Decimal("0.2"), Decimal("0.40"))
    assert compare.totals.differences == {
        Kind.MISSING_HERE: 0,
        Kind.MISSING_THERE: 0,
        Kind.DURATION: 1,
        Kind.CHARGE: 1,
    }


@pytest.mark.parametrize(
    ("charge", "differs"), [("0.29", False), ("0.2917", False), ("0.291667", False), ("0.30", True)]
)
def test_charges_are_compared_with_the_decimals_that_the_carrier_writes(compare, charge, differs):
    call = evolve(CALL, amount=Decimal("0.291667"))
    assert bool(compare([call], [evolve(RECORD, charge=Decimal(charge))])) is differs


def test_record_without_a_charge_is_compared_by_its_duration_alone(compare):
    assert compare([evolve(CALL, amount=None)], [evolve(RECORD, charge=None)]) == []


def test_call_without_a_price_differs_from_a_record_with_a_charge(compare):
    assert kinds(compare([evolve(CALL, amount=None)], [RECORD])) == [Kind.CHARGE]


def test_call_for_which_nothing_is_billed_may_miss_at_the_carrier(compare):
    assert compare([evolve(CALL, billed_s=0, amount=Decimal(0))], []) == []


def test_calls_at_the_edge_of_the_time_are_brought_together_and_those_outside_are_left_out(compare):
    early = evolve(CALL, answered_at=AT - 2)
    late = evolve(CALL, call_sid="c2", number="+919812345611", answered_at=AT + 62)
    assert compare([early, late], [evolve(RECORD, answered_at=AT)], begin=AT, end=AT + 60) == []
    assert compare.totals.ours == 1


def test_full_disk_is_told_with_the_remedy():
    comparison = Comparison()
    comparison.close()
    with pytest.raises(BackendUnavailable, match="free some space, or set SQLITE_TMPDIR"):
        comparison.add_calls([CALL])
