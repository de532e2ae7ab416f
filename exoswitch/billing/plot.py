"""Adapter: a picture of a report as SVG or PNG; the home of matplotlib, which the extra `plot` installs."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from attrs import evolve
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from exoswitch.billing.amounts import ZERO, rounded
from exoswitch.billing.report import Line, Report

_MOST_BARS = 20  # of trunks, accounts and apps; more are unreadable
_LONGEST_NAME = 28
_COST, _BASELINE, _LOSS = "#0b7285", "#cbd5e1", "#c2410c"
_INK, _FAINT = "#0f172a", "#64748b"


def draw(report: Report, path: Path) -> None:
    """Draw the cost of each line beside its baseline, with a panel for each currency; the suffix says the format.

    Raises:
        OSError: the file cannot be written.
    """
    panels = [(total, _of_currency(report, total.currency)) for total in report.totals]
    heights = [1.6 + (3.0 if report.by == "day" else 0.6 * len(lines)) for _, lines in panels] or [2.0]
    figure = Figure(figsize=(10, sum(heights) + 0.8), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.12, hspace=0.06)
    title = f"Cost of calls from {report.first} to {report.last}"
    figure.suptitle(title, x=0.015, ha="left", fontsize=15, color=_INK)
    handles = [Patch(color=colour, label=label) for colour, label in _legend(report)]
    figure.legend(handles=handles, loc="outside lower right", ncols=3, frameon=False, labelcolor=_FAINT)
    if panels:
        axes = figure.subplots(len(panels), squeeze=False, gridspec_kw={"height_ratios": heights})
        for (total, lines), (panel,) in zip(panels, axes, strict=True):
            _panel(panel, report, total, lines)
    with rc_context({"svg.fonttype": "none"}):  # texts stay texts: they can be searched and read aloud
        figure.savefig(path, dpi=144, metadata={"Date": None} if path.suffix == ".svg" else None)


def _of_currency(report: Report, currency: str) -> list[Line]:
    lines = [line for line in report.lines if line.currency == currency]
    if report.by == "day" or len(lines) <= _MOST_BARS:
        return lines
    lines.sort(key=lambda line: line.total, reverse=True)
    others = lines[_MOST_BARS - 1]
    for line in lines[_MOST_BARS:]:
        others = others.plus(line)
    name = f"{len(lines) - _MOST_BARS + 1} others"
    return [*lines[: _MOST_BARS - 1], evolve(others, key=name)]


def _panel(axes: Axes, report: Report, total: Line, lines: Sequence[Line]) -> None:
    axes.set_title(_headline(total), loc="left", fontsize=11, color=_FAINT, pad=12)
    if report.by == "day":
        _by_day(axes, lines)
    else:
        _by_key(axes, lines)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_BASELINE)
    axes.tick_params(colors=_FAINT, length=0)
    axes.set_axisbelow(True)


def _by_day(axes: Axes, lines: Sequence[Line]) -> None:
    places = range(len(lines))
    axes.bar(places, [float(line.baseline or ZERO) for line in lines], width=0.8, color=_BASELINE)
    axes.bar(places, [float(line.total) for line in lines], width=0.5, color=[_colour(line) for line in lines])
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: _day(lines, place)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda amount, _: f"{amount:,.0f}"))
    axes.grid(axis="y", color=_BASELINE, linewidth=0.6)


def _by_key(axes: Axes, lines: Sequence[Line]) -> None:
    places = range(len(lines))
    axes.barh(places, [float(line.baseline or ZERO) for line in lines], height=0.72, color=_BASELINE)
    axes.barh(places, [float(line.total) for line in lines], height=0.42, color=[_colour(line) for line in lines])
    for place, line in enumerate(lines):
        end = float(max(line.total, line.baseline or ZERO))
        label = axes.annotate(_saved(line), (end, place), xytext=(6, 0), textcoords="offset points", va="center")
        label.set(color=_INK, fontsize=10)
    axes.set_yticks(places, [line.key[:_LONGEST_NAME] or "(none)" for line in lines])
    axes.set_ylim(len(lines) - 0.45, -0.55)
    axes.margins(x=0.26)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda amount, _: f"{amount:,.0f}"))
    axes.grid(axis="x", color=_BASELINE, linewidth=0.6)


def _colour(line: Line) -> str:
    return _LOSS if line.savings is not None and line.savings < 0 else _COST


def _legend(report: Report) -> Iterator[tuple[str, str]]:
    yield _BASELINE, "at the baseline"
    yield _COST, "cost with rental"
    if any(_colour(line) == _LOSS for line in report.lines):
        yield _LOSS, "cost above the baseline"


def _headline(total: Line) -> str:
    if not total.baseline or total.savings is None or total.savings_percent is None:
        return f"{total.currency} {_money(total.total)}"
    word = "less" if total.savings >= 0 else "more"
    return (
        f"{total.currency} {_money(total.total)}; at the baseline {_money(total.baseline)}: "
        f"{_money(abs(total.savings))} {word} ({rounded(abs(total.savings_percent), 1)} %)"
    )


def _saved(line: Line) -> str:
    if line.savings_percent is None:
        return _money(line.total)
    word = "less" if line.savings_percent >= 0 else "more"
    return f"{_money(line.total)}  ({rounded(abs(line.savings_percent), 1)} % {word})"


def _day(lines: Sequence[Line], place: float) -> str:
    number = round(place)
    return lines[number].key[5:] if 0 <= number < len(lines) else ""


def _money(amount: Decimal) -> str:
    return f"{rounded(amount, 2):,f}"
