"""The session of a call: its times are the wall clock's, its duration is not."""

from decimal import Decimal

import pytest
from attrs import define, evolve
from twisted.logger import Logger

from exoswitch.call.charge import Charge
from exoswitch.call.session import CallStatus
from exoswitch.gateway.record import CallRecord
from exoswitch.sessions.memory import MemorySessions
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.prices import PRICES
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION


@define
class Clocks:
    wall: float = MOMENT
    monotonic: float = 50.0

    def advance(self, seconds):
        self.wall += seconds
        self.monotonic += seconds


def record(clocks, session=SESSION):
    return CallRecord(
        session=session,
        store=MemorySessions(),
        wall_clock=lambda: clocks.wall,
        monotonic=lambda: clocks.monotonic,
        prices=lambda: PRICES,
        metrics=MemoryMetrics(),
        log=Logger(),
    )


@pytest.mark.parametrize("step_s", [-3600.0, 0.0, 400 * 86_400.0])
def test_duration_is_right_although_the_clock_is_set_during_the_call(step_s):
    clocks = Clocks()
    call = record(clocks)
    call.progress(CallStatus.IN_PROGRESS)
    clocks.advance(2)
    clocks.wall += step_s
    clocks.advance(1)
    call.end(HUNG_UP)
    assert call.session.duration_s == 3.0
    assert call.session.ended_at == MOMENT + 3 + step_s


def test_resumed_call_counts_the_time_before_it_was_resumed():
    clocks = Clocks(wall=MOMENT + 20)
    call = record(clocks, evolve(SESSION, answered_at=MOMENT))
    clocks.advance(5)
    clocks.wall -= 3600
    call.end(HUNG_UP)
    assert call.session.duration_s == 25.0


def test_duration_of_a_call_that_was_answered_by_a_clock_ahead_is_not_negative():
    call = record(Clocks(), evolve(SESSION, answered_at=MOMENT + 3600))
    call.end(HUNG_UP)
    assert call.session.duration_s == 0.0
    assert evolve(SESSION, answered_at=MOMENT + 3600).ended(HUNG_UP, MOMENT).duration_s == 0.0


def test_call_that_was_never_answered_lasts_zero_seconds():
    clocks = Clocks()
    call = record(clocks)
    clocks.advance(9)
    call.end(HUNG_UP)
    assert call.session.duration_s == 0.0


def test_call_that_ends_carries_its_charge():
    clocks = Clocks()
    call = record(clocks, evolve(SESSION, trunk="lab"))
    call.progress(CallStatus.IN_PROGRESS)
    clocks.advance(60.4)
    clocks.wall -= 3600
    call.end(HUNG_UP)
    assert call.session.charge == Charge(
        amount=Decimal("0.400000"),
        currency="INR",
        billed_s=120,
        baseline=Decimal("1.000000"),
        baseline_currency="INR",
    )


def test_resumed_call_is_charged_from_its_answer():
    clocks = Clocks(wall=MOMENT + 50)
    call = record(clocks, evolve(SESSION, trunk="lab", answered_at=MOMENT))
    clocks.advance(11)
    call.end(HUNG_UP)
    assert call.session.charge.billed_s == 120


def test_call_that_was_never_answered_costs_nothing():
    call = record(Clocks(), evolve(SESSION, trunk="lab"))
    call.end(HUNG_UP)
    assert (call.session.charge.amount, call.session.charge.baseline, call.session.charge.billed_s) == (0, 0, 0)
