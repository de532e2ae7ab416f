"""The price of a call is that of the seconds which the carrier itself has counted."""

import math
import random
from decimal import Decimal

import pytest

from tests.harness.carrier.behaviours import announces, answers
from tests.harness.carrier.lab import PULSES, pulse_pair

pytestmark = pytest.mark.e2e

CALLS_EACH = 5
MINUTE_S = 60


def test_price_is_that_of_the_carriers_own_record(gateway, carrier, pairs, bot):
    """Calls last some tenths of a second more than whole seconds: both clocks then round to the same second."""
    placed = {}
    chance = random.Random(11)
    for pulse in PULSES:
        pair = pairs[pulse_pair(pulse)]
        for _ in range(CALLS_EACH):
            number = pair.number()
            pair.first.numbers[number[-10:]] = answers(talk_s=chance.choice((0, 1, 2)) + chance.uniform(0.3, 0.7))
            placed[number] = pulse, gateway.place(f"0{number[-10:]}", bot.url)
    for number, (pulse, call_sid) in placed.items():
        ended = gateway.wait_for_end(call_sid)
        assert ended["Status"] == "completed"
        (record,) = [record for record in carrier.records.cdrs if record.number == number]
        assert Decimal(ended["Price"]) == _price(pulse, math.ceil(record.seconds)), (pulse, record.seconds)


def test_call_that_nobody_answers_costs_nothing(gateway, pairs, bot):
    pair = pairs[pulse_pair("60")]
    number = pair.number()
    pair.first.numbers[number[-10:]] = announces(0.5)
    ended = gateway.wait_for_end(gateway.place(f"0{number[-10:]}", bot.url))
    assert ended["Status"] == "no-answer"
    assert Decimal(ended["Price"]) == 0


def _price(pulse, seconds):
    """Compute it in thousandths of a rupee, without the gateway's code."""
    first, _, step = pulse.partition("+")
    first, step = int(first), int(step or first)
    billed = first + max(0, math.ceil((seconds - first) / step)) * step
    thousandths = int(Decimal(PULSES[pulse]) * 1000) * billed / MINUTE_S
    return Decimal(math.floor(thousandths + 0.5)) / 1000
