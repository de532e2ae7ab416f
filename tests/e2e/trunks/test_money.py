"""The price of a call is that of the seconds which the carrier itself has counted."""

import random
from decimal import Decimal

import pytest

from tests.harness.carrier.behaviours import announces, answers
from tests.harness.carrier.lab import PULSES, pulse_pair
from tests.harness.carrier.price import price, talk_s

pytestmark = pytest.mark.e2e

CALLS_EACH = 5
LATE_S = 0.25


def test_price_is_that_of_the_carriers_own_record(gateway, carrier, pairs, bot):
    placed = {}
    chance = random.Random(11)
    for pulse in PULSES:
        pair = pairs[pulse_pair(pulse)]
        for _ in range(CALLS_EACH):
            number = pair.number()
            pair.first.numbers[number[-10:]] = answers(talk_s=talk_s(chance, most=2))
            placed[number] = pulse, gateway.place(f"0{number[-10:]}", bot.url)
    for number, (pulse, call_sid) in placed.items():
        ended = gateway.wait_for_end(call_sid)
        assert ended["Status"] == "completed"
        (record,) = [record for record in carrier.records.cdrs if record.number == number]
        # Only a call that a busy machine has made longer or shorter may have two prices.
        about = {price(pulse, PULSES[pulse], record.seconds + late_s) for late_s in (-LATE_S, 0.0, LATE_S)}
        assert Decimal(ended["Price"]) in about, (pulse, record.seconds)


def test_call_that_nobody_answers_costs_nothing(gateway, pairs, bot):
    pair = pairs[pulse_pair("60")]
    number = pair.number()
    pair.first.numbers[number[-10:]] = announces(0.5)
    ended = gateway.wait_for_end(gateway.place(f"0{number[-10:]}", bot.url))
    assert ended["Status"] == "no-answer"
    assert Decimal(ended["Price"]) == 0
