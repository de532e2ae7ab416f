"""Months follow each other, and recognise their partitions by name."""

import pytest

from exoswitch.store.months import Month

NOVEMBER = 1_700_000_000.0  # 2023-11-14, 22:13:20 UTC


def test_moment_is_in_its_month_of_utc():
    assert Month.of(NOVEMBER) == Month(2023, 11)
    assert Month.of(1_701_388_799.999) == Month(2023, 11)
    assert Month.of(1_701_388_800.0) == Month(2023, 12)


def test_december_is_followed_by_january():
    assert Month(2023, 12).next == Month(2024, 1)
    assert Month(2023, 11).next.begins == "2023-12-01 00:00:00+00"


@pytest.mark.parametrize("name", ["sessions", "sessions_2023", "sessions_2023_11_old", "x"])
def test_name_of_another_form_is_not_one_of_our_partitions(name):
    assert Month.of_partition(name) is None


def test_partition_is_named_for_its_month_and_recognised_by_its_name():
    assert Month(2023, 2).partition("events") == "events_2023_02"
    assert Month.of_partition("events_2023_02") == Month(2023, 2)


def test_month_is_before_the_months_of_later_moments_only():
    assert not Month(2023, 11) < Month.of(NOVEMBER)
    assert Month(2023, 10) < Month.of(NOVEMBER)
    assert Month(2022, 12) < Month.of(NOVEMBER)
