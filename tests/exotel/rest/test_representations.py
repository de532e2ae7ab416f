from decimal import Decimal

import pytest
from attrs import evolve

from exoswitch.call.charge import Charge
from exoswitch.call.session import BotTarget, CallStatus, Direction, Ending, Session
from exoswitch.exotel.rest.representations import call_record

NOON_UTC = 1_700_136_000.0  # 2023-11-16 12:00:00 UTC

SESSION = Session(
    call_sid="8a2b1d3c4e5f60718293a4b5c6d717bg",
    stream_sid="5b4e5fbb46b3f42ed1fce7b3f5c617bg",
    account="acme1",
    direction=Direction.OUTBOUND,
    customer="+919812345610",
    exophone="+918047491899",
    bot=BotTarget(url="ws://bot.example.org/ws"),
    created_at=NOON_UTC,
    updated_at=NOON_UTC + 1,
)

# Spec §6.2, in its order.
KEYS = (
    "Sid ParentCallSid DateCreated DateUpdated AccountSid To From PhoneNumberSid Status StartTime EndTime "
    "Duration Price Direction AnsweredBy ForwardedFrom CallerName Uri RecordingUrl"
)


def test_a_call_has_exotels_keys_in_exotels_order():
    record = call_record(SESSION)
    assert list(record) == ["Call"]
    assert list(record["Call"]) == KEYS.split()


def test_a_new_call_is_shown_in_indian_time_with_national_numbers():
    call = call_record(SESSION)["Call"]
    assert (call["DateCreated"], call["DateUpdated"]) == ("2023-11-16 17:30:00", "2023-11-16 17:30:01")
    assert (call["From"], call["To"], call["PhoneNumberSid"]) == ("09812345610", "08047491899", "08047491899")
    assert (call["Status"], call["Direction"]) == ("queued", "outbound-api")
    assert (call["EndTime"], call["Duration"], call["Price"]) == (None, None, None)
    assert call["Uri"] == "/v1/Accounts/acme1/Calls.json/8a2b1d3c4e5f60718293a4b5c6d717bg"


def test_an_ended_call_has_its_end_and_its_duration_as_text():
    talking = SESSION.progressed(CallStatus.IN_PROGRESS, NOON_UTC + 5)
    call = call_record(talking.ended(Ending(status=CallStatus.COMPLETED, reason="hung up"), NOON_UTC + 22.4))["Call"]
    assert (call["Status"], call["Duration"]) == ("completed", "17")
    assert call["EndTime"] == call["DateUpdated"] == "2023-11-16 17:30:22"


def test_an_unanswered_call_has_duration_zero():
    call = call_record(SESSION.ended(Ending(status=CallStatus.BUSY, reason="busy"), NOON_UTC + 9))["Call"]
    assert (call["Status"], call["Duration"]) == ("busy", "0")


@pytest.mark.parametrize(("amount", "price"), [("0.2", "0.200"), ("0.291666", "0.292"), ("0", "0.000"), (None, None)])
def test_an_ended_call_has_its_price_as_text_unless_its_trunk_has_none(amount, price):
    charge = Charge(
        amount=None if amount is None else Decimal(amount),
        currency="INR",
        billed_s=60,
        baseline=Decimal("0.5"),
        baseline_currency="INR",
    )
    ended = SESSION.ended(Ending(status=CallStatus.COMPLETED, reason="hung up"), NOON_UTC + 22)
    assert call_record(evolve(ended, charge=charge))["Call"]["Price"] == price
    assert call_record(ended)["Call"]["Price"] is None
