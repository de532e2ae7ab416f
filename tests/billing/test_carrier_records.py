"""A carrier's CSV file: its headings, its times and lengths in many forms, and lines that cannot be read."""

import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.billing.carrier_records import CarrierRecord, delimiter_of, read_records
from exoswitch.errors import CorruptRecord, InvalidValue

AT = 1_775_016_000.0  # 2026-04-01 09:30:00 in India
RECORD = CarrierRecord(line=2, number="+919812345610", answered_at=AT, duration_s=Decimal(35), charge=Decimal("0.20"))


def read(text, **columns):
    header = text.partition("\n")[0]
    return list(read_records(io.StringIO(text, newline=""), columns, delimiter_of(header)))


@pytest.mark.parametrize(
    "number", ["+919812345610", "919812345610", "09812345610", "9812345610", "sip:9812345610@x;a=b"]
)
def test_number_is_read_in_every_form(number):
    assert read(f"Called Number,Answer Time,Duration,Amount\n{number},2026-04-01 09:30:00,35,0.20\n") == [RECORD]


@pytest.mark.parametrize(
    "answered",
    [
        "2026-04-01 09:30:00",
        "2026-04-01T04:00:00Z",
        "01-04-2026 09:30:00",
        "01/04/2026 09:30:00",
        "01-Apr-2026 09:30:00",
        "1775016000",
    ],
)
def test_time_without_a_zone_is_indian(answered):
    assert read(f"number;answered;seconds;charge\n9812345610;{answered};35;0.20\n") == [RECORD]


@pytest.mark.parametrize("duration", ["35", "35.0", "0:35", "0:00:35", "00:00:35"])
def test_duration_is_seconds_or_a_time_of_a_clock(duration):
    (record,) = read(f"number\tanswered\tduration\tcharge\n9812345610\t1775016000\t{duration}\t0.20\n")
    assert record == RECORD


def test_call_that_was_not_answered_is_no_record():
    assert read("number,answered,duration\n9812345610,,0\n") == [None]


def test_file_may_have_no_charges():
    (record,) = read("number,answered,duration\n9812345610,1775016000,35\n")
    assert record.charge is None


def test_unusual_headings_are_named_and_date_and_time_may_stand_apart():
    text = "Dst,Call Date,Call Clock,Len,Rs\n9812345610,01-04-2026,09:30:00,35,0.20\n"
    assert read(text, number="Dst", answered="Call Date+Call Clock", duration="len", charge="RS") == [RECORD]


@pytest.mark.parametrize(
    ("text", "columns", "told"),
    [
        ("a,b\n", {}, "no column is known for the number; name it, as in number=HEADING. The file has: a, b"),
        ("number,answered,duration\n", {"charge": "Rs"}, "there is no column 'rs'; the file has: number, answered"),
        ("", {}, "The file has: no header"),
        ("x" * 200_000 + ",b\n", {}, "--carrier-cdr: the first line is no header"),
        ("\x1b[2Ja,\x07b\n", {}, r"The file has: \[2Ja, b"),
    ],
)
def test_file_without_a_needed_column_is_refused_with_the_remedy(text, columns, told):
    with pytest.raises(InvalidValue, match=told):
        read(text, **columns)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("9812345610,yesterday,35,1", "line 2: the time of the answer is none, such as 2026-04-01 09:30:00"),
        ("9812345610,1970-01-01 00:00:00,35,1", "line 2: the year 1970 is none of a call"),
        ("9812345610,0001-01-01 00:00:00,35,1", "line 2: the year 1 is none of a call"),
        ("9812345610,9999-12-31T23:59:59-23:59,35,1", "line 2: the year 9999 is none of a call"),
        ("9812345610,1775016000,long,1", "line 2: the duration is none: neither seconds nor H:MM:SS"),
        ("9812345610,1775016000,35,-1", "line 2: the charge is no amount, such as 0.20"),
        ("9812345610,1775016000", "line 2: has 2 columns, which are too few"),
    ],
)
def test_line_that_cannot_be_read_is_an_error_among_the_others(line, told):
    problem, record = read(f"number,answered,duration,charge\n{line}\n9812345610,1775016000,35,0.20\n")
    assert str(problem).startswith(told)
    assert record.line == 3


def test_quote_that_is_never_closed_is_one_error_and_bounded():
    text = 'number,answered,duration\n"' + "x" * 200_000 + "\n9812345610,1775016000,35\n"
    found = read(text)
    assert isinstance(found[0], CorruptRecord)


@given(st.text(max_size=60))
def test_any_text_is_read_or_an_error_of_its_line(text):
    for record in read("number,answered,duration\n" + text):
        assert record is None or isinstance(record, CarrierRecord | CorruptRecord)
