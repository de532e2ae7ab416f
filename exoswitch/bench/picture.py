"""Adapter: a picture of a benchmark: processor time and delay against calls; needs the extra `plot`."""

from pathlib import Path
from textwrap import fill

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exoswitch.bench.job import Kind
from exoswitch.bench.measured import Limits, Measured
from exoswitch.bench.summary import Results, at_share
from exoswitch.bench.table import name
from exoswitch.errors import BenchmarkFailed

_COLUMNS = 160  # of small text, in the width of the picture
_INK, _FAINT, _GRID, _LIMIT = "#0f172a", "#64748b", "#cbd5e1", "#c2410c"
_COLOURS: dict[Kind, str] = {"exoswitch": "#0b7285", "floor": "#64748b", "python": "#7048e8", "plain": "#c2410c"}
_TO_BOT, _TO_PHONE = "#0b7285", "#7048e8"


def draw(results: Results, limits: Limits, title: str, path: Path) -> None:
    """Draw a row of two panels for each length of messages with a trial of exoswitch; the suffix says the format.

    Raises:
        BenchmarkFailed: there is none.
        OSError: the file cannot be written.
    """
    chunks = [chunk_ms for chunk_ms in results.chunks_ms if results.of("exoswitch", chunk_ms)]
    if not chunks:
        raise BenchmarkFailed(f"no trial of exoswitch came to its end, so {path} was not drawn")
    figure = Figure(figsize=(11, 0.8 + 3.8 * len(chunks)), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.12)
    figure.suptitle(title, x=0.015, ha="left", fontsize=13, color=_INK)
    about = [fill(at_share(results, share), _COLUMNS) for share in results.shares.values()]
    figure.supxlabel("\n".join(about), x=0.015, ha="left", fontsize=8, color=_FAINT)
    rows = figure.subplots(len(chunks), 2, squeeze=False)
    for chunk_ms, (processor, delay) in zip(chunks, rows, strict=True):
        _draw_processor(processor, results, chunk_ms)
        _draw_delay(delay, results.of("exoswitch", chunk_ms), limits, chunk_ms)
        if chunk_ms in results.shares:
            for axes in (processor, delay):
                axes.axvline(results.shares[chunk_ms].calls, color=_FAINT, linewidth=0.8, linestyle=":")
    with rc_context({"svg.fonttype": "none"}):  # texts stay texts
        figure.savefig(path, dpi=144, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw_processor(axes: Axes, results: Results, chunk_ms: int) -> None:
    _frame(axes, f"Processor time, {chunk_ms} ms messages", "% of one core")
    for kind, colour in _COLOURS.items():
        trials = results.of(kind, chunk_ms)
        if trials:
            calls, cpu = [trial.calls for trial in trials], [100 * trial.cpu for trial in trials]
            axes.plot(calls, cpu, "o-", color=colour, markersize=4, label=name(trials[0]))
    _finish(axes)


def _draw_delay(axes: Axes, trials: list[Measured], limits: Limits, chunk_ms: int) -> None:
    _frame(axes, f"Added delay, {chunk_ms} ms messages", "ms")
    calls = [trial.calls for trial in trials]
    ways = (("to the bot", _TO_BOT, "to_bot"), ("to the phone", _TO_PHONE, "to_phone"))
    for label, colour, way in ways:
        delays = [getattr(trial, way).delays for trial in trials]
        axes.plot(calls, [one.p99_ms for one in delays], "o-", color=colour, markersize=4, label=f"{label}, p99")
        axes.plot(calls, [one.p50_ms for one in delays], ":", color=colour, label=f"{label}, p50")
    axes.axhline(limits.delay_ms, color=_LIMIT, linewidth=0.8, linestyle="--", label="limit")
    _finish(axes)
    axes.set_ylim(0, 2.5 * limits.delay_ms)


def _frame(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, color=_FAINT)
    axes.set_xlabel("calls", color=_FAINT)
    axes.set_ylabel(unit, color=_FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_FAINT, length=0)
    axes.grid(color=_GRID, linewidth=0.5)
    axes.set_axisbelow(True)


def _finish(axes: Axes) -> None:
    """Let both axes begin at 0; this must follow the curves."""
    axes.set_xlim(0, 1.05 * axes.dataLim.xmax)
    axes.set_ylim(0, 1.15 * axes.dataLim.ymax)
    axes.legend(frameon=False, labelcolor=_INK, fontsize=8)
