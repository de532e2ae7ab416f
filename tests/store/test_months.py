"""Months follow each other, and recognise their partitions by name."""

from datetime import date

import pytest

from exoswitch.store.months import month_after, month_of, month_of_partition, partition_name


def test_moment_is_in_its_month_of_utc():
    assert month_of(1_700_000_000.0) == date(2023, 11, 1)  # 2023-11-14, 22:13:20 UTC
    assert month_of(1_701_388_799.999) == date(2023, 11, 1)
    assert month_of(1_701_388_800.0) == date(2023, 12, 1)


def test_december_is_followed_by_january():
    assert month_after(date(2023, 11, 1)) == date(2023, 12, 1)
    assert month_after(date(2023, 12, 1)) == date(2024, 1, 1)


@pytest.mark.parametrize("name", ["sessions", "sessions_2023", "sessions_2023_11_old", "x", "x_0000_01", "x_2023_13"])
def test_name_of_another_form_is_not_one_of_our_partitions(name):
    assert month_of_partition(name) is None


def test_partition_is_named_for_its_month_and_recognised_by_its_name():
    assert partition_name("events", date(2023, 2, 1)) == "events_2023_02"
    assert month_of_partition("events_2023_02") == date(2023, 2, 1)


def test_months_are_ordered():
    assert date(2022, 12, 1) < date(2023, 10, 1) < month_of(1_700_000_000.0)
