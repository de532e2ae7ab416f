"""The picture of a report: every line in it, or the dearest ones, for each currency."""

from decimal import Decimal

import pytest
from attrs import evolve

from tests.billing.test_report import DOLLARS, SURVEYS, price, report, terms

plot = pytest.importorskip("exoswitch.billing.plot", reason="matplotlib is an extra")


def texts(report, tmp_path):
    """Give the texts of a picture; they stay texts in it."""
    path = tmp_path / "a.svg"
    plot.draw(report, path)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("by", ["trunk", "day"])
def test_each_currency_has_a_panel_with_its_sum_and_the_savings(by, tmp_path):
    drawn = texts(report([SURVEYS, DOLLARS], [SURVEYS], by=by), tmp_path)
    assert "INR 400.00; at the baseline 1,000.00: 600.00 less (60.0 %)" in drawn
    assert "USD 1.50" in drawn
    assert "at the baseline" in drawn


def test_cost_above_the_baseline_is_told(tmp_path):
    dear = evolve(SURVEYS, cost=Decimal(600))
    drawn = texts(report([dear]), tmp_path)
    assert "600.00  (20.0 % more)" in drawn
    assert "cost above the baseline" in drawn


def test_many_lines_become_the_dearest_ones_and_the_others(tmp_path):
    usages = [evolve(SURVEYS, key=f"app-{number}", cost=Decimal(number)) for number in range(1, 31)]
    drawn = texts(report(usages, by="app"), tmp_path)
    assert "app-30" in drawn
    assert "app-11<" not in drawn
    assert "11 others" in drawn


def test_days_without_calls_are_a_picture_too(tmp_path):
    assert "Cost of calls from 2026-04-29" in texts(report([]), tmp_path)
    assert "lab" in texts(report([], lab=terms(price(rental=Decimal(30)))), tmp_path)


def test_picture_may_be_png(tmp_path):
    plot.draw(report([SURVEYS]), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
