import datetime as dt
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.exotel.sids import leg_sid, new_sid

NOON_21_NOV_2024 = dt.datetime(2024, 11, 21, 12, tzinfo=dt.UTC).timestamp()


def test_a_sid_is_28_hex_digits_and_the_day_in_exotels_code():
    assert new_sid(NOON_21_NOV_2024, lambda size: bytes(range(size))) == "000102030405060708090a0b0c0d18bl"


@pytest.mark.parametrize(
    ("code", "day"), [("18bl", (2024, 11, 21)), ("19bh", (2025, 11, 17)), ("162l", (2022, 2, 21))]
)
def test_the_day_is_written_as_in_real_sids(code, day):
    assert new_sid(dt.datetime(*day, tzinfo=dt.UTC).timestamp(), bytes) == "0" * 28 + code


@settings(deadline=None, max_examples=50)
@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2200, 1, 1)), st.binary(min_size=14, max_size=14))  # noqa: DTZ001 - as the code takes them
def test_every_sid_has_32_lower_case_characters_and_its_utc_day(moment, random):
    sid = new_sid(moment.replace(tzinfo=dt.UTC).timestamp(), lambda _size: random)
    year, month, day = re.fullmatch(r"[0-9a-f]{28}([0-9a-f]{2})([1-9a-c])([1-9a-v])", sid).groups()
    assert dt.date(2000 + int(year, 16), int(month, 16), int(day, 36)) == moment.date()


def test_the_sid_of_a_leg_is_derived_from_its_calls_and_has_the_same_day():
    call_sid = "8a2b1d3c4e5f60718293a4b5c6d718bl"
    assert leg_sid(call_sid) == leg_sid(call_sid) != call_sid
    assert leg_sid(call_sid)[28:] == call_sid[28:]
