import datetime as dt
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.exotel.sids import leg_sid, new_sid, sid_date

NOON_21_NOV_2024 = dt.datetime(2024, 11, 21, 12, tzinfo=dt.UTC).timestamp()


def test_a_sid_is_28_hex_digits_and_the_day_in_exotels_code():
    assert new_sid(NOON_21_NOV_2024, lambda size: bytes(range(size))) == "000102030405060708090a0b0c0d18bl"


@pytest.mark.parametrize(
    ("code", "day"), [("18bl", (2024, 11, 21)), ("19bh", (2025, 11, 17)), ("162l", (2022, 2, 21))]
)
def test_the_day_of_a_real_sid_is_read(code, day):
    assert sid_date("0" * 28 + code) == dt.date(*day)


@pytest.mark.parametrize("text", ["", "0" * 32, "CA0123456789abcdef", "0" * 28 + "182v", "0" * 28 + "18BL", "0" * 33])
def test_a_text_that_is_no_sid_has_no_day(text):
    assert sid_date(text) is None


@settings(deadline=None, max_examples=50)
@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2200, 1, 1)), st.binary(min_size=14, max_size=14))  # noqa: DTZ001
def test_every_sid_has_32_lower_case_characters_and_its_utc_day(moment, random):
    sid = new_sid(moment.replace(tzinfo=dt.UTC).timestamp(), lambda _size: random)
    assert re.fullmatch(r"[0-9a-z]{32}", sid)
    assert sid_date(sid) == moment.date()


def test_the_sid_of_a_leg_is_derived_from_its_calls_and_has_the_same_day():
    call_sid = "8a2b1d3c4e5f60718293a4b5c6d718bl"
    assert leg_sid(call_sid) == leg_sid(call_sid) != call_sid
    assert sid_date(leg_sid(call_sid)) == sid_date(call_sid)
