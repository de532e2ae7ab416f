"""Core: the table that a benchmark prints while it goes, and its bar of progress."""

from collections.abc import Iterable

from exoswitch.bench.measured import Measured, Way

_BAR = 24
_LATE_LOAD_MS = 5.0  # of its p99; twice as much of its p99.9

JITTER_MAX_MS = 200
"""The limit of a jitter buffer, if a configuration sets no other."""

_COLUMNS = {
    "calls": 5,
    "message": 7,
    "CPU": 6,
    "ms a call-s": 11,
    "x floor": 7,
    "calls a core": 12,
    "to bot p50/p99": 16,
    "to phone p50/p99": 16,
    "lost": 7,
    "tick p99/worst": 15,
    "KB a call": 9,
    "fd a call": 9,
}


def _line(subject: str, cells: Iterable[str]) -> str:
    aligned = (cell.rjust(width) for cell, width in zip(cells, _COLUMNS.values(), strict=True))
    return "  ".join((f"{subject:<9}", *aligned)).rstrip()


HEADER = _line("design", _COLUMNS)


def row(measured: Measured, floor: Measured | None) -> str:
    """Write one line; `floor` is that of the same number of calls."""
    has_audio = measured.kind != "floor"
    late = measured.late
    cells = (
        str(measured.calls),
        f"{measured.chunk_ms} ms",
        f"{measured.cpu:.1%}",
        f"{measured.cost_ms:.3f}",
        f"{measured.cost_ms / floor.cost_ms:.2f}"
        if floor is not None and floor.cost_ms and not measured.is_full
        else "",
        "full" if measured.is_full else f"{measured.calls_a_core:.0f}",
        _delays(measured.to_bot) if has_audio else "",
        _delays(measured.to_phone) if has_audio else "",
        f"{measured.worst_loss:.2%}" if has_audio else "",
        f"{late.p99_ms:.1f} / {late.max_ms:.1f} ms" if late is not None else "",
        f"{measured.memory_kb:.0f}",
        f"{measured.descriptors_call:.2f}",
    )
    return _line(name(measured), cells) + (" *" if is_load_late(measured) else "")


def _delays(way: Way) -> str:
    return f"{way.delays.p50_ms:.1f} / {way.delays.p99_ms:.1f} ms"


def name(measured: Measured) -> str:
    """Name the subject of a trial; exoswitch by its plane."""
    return measured.plane or measured.kind


def is_load_late(measured: Measured) -> bool:
    """Whether the load itself was late: then delays are its own too.

    Audio is lost by it only if it is later than the jitter buffers are long: then too much comes at once.
    """
    late = measured.load_late
    return late.p99_ms > _LATE_LOAD_MS or late.p999_ms > 2 * _LATE_LOAD_MS


LATE_LOAD = (
    f"* the load itself was late (p99 over {_LATE_LOAD_MS:.0f} ms, or p99.9 over {2 * _LATE_LOAD_MS:.0f}): "
    f"a part of the delays is its own, and of the loss too if it was late by {JITTER_MAX_MS} ms or more; "
    "end the other programs of this machine, or take one with more cores"
)


def bar(what: str, done: float, elapsed_s: float) -> str:
    """Draw the progress of one trial."""
    full = round(done * _BAR)
    return f"[{'#' * full}{'.' * (_BAR - full)}] {what}, {elapsed_s:.0f} s"
