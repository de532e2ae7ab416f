"""Core: the sentences under a benchmark's table, and its whole document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import asdict, define, field, frozen

from exoswitch.bench.job import Kind
from exoswitch.bench.measured import Limits, Measured, Way
from exoswitch.bench.table import LATE_LOAD, is_load_late, name

SHARE = 0.7
"""Of the most calls that a core carries: there the delays are measured once more."""

_NAMES: dict[Kind, str] = {"plain": "the plain design", "python": "the plane in Python"}


@frozen
class Gap:
    """What a search knows: the most calls that passed, and the fewest that failed; 0 if there are none."""

    passed: int
    failed: int


@define
class Results:
    """The trials of a run, in their order; `reasons` say why a number of calls was too many.

    `gaps` are those of the searches. `shares` are the trials at 70 % of the most calls that were found, by the length
    of messages.
    """

    trials: list[Measured] = field(factory=list)
    shares: dict[int, Measured] = field(factory=dict)
    gaps: dict[tuple[Kind, int], Gap] = field(factory=dict)
    reasons: dict[tuple[Kind, int, int], str] = field(factory=dict)

    def floor(self, measured: Measured) -> Measured | None:
        """Find the floor of a trial: the same calls and messages."""
        return next(
            (
                floor
                for floor in self.of("floor", measured.chunk_ms)
                if measured.kind != "floor" and floor.calls == measured.calls
            ),
            None,
        )

    def of(self, kind: Kind, chunk_ms: int) -> list[Measured]:
        """Give the trials of one subject, by their calls."""
        found = [trial for trial in self.trials if (trial.kind, trial.chunk_ms) == (kind, chunk_ms)]
        return sorted(found, key=lambda trial: trial.calls)

    @property
    def chunks_ms(self) -> list[int]:
        """The lengths of messages that were tried."""
        return sorted({trial.chunk_ms for trial in self.trials})


def sentences(results: Results, limits: Limits) -> Iterator[str]:
    """Sum up a run."""
    for chunk_ms in results.chunks_ms:
        good = [trial for trial in results.of("exoswitch", chunk_ms) if not limits.broken(trial)]
        if good:
            yield from _about(results, good)
        if chunk_ms in results.shares:
            yield at_share(results, results.shares[chunk_ms])
    yield from results.reasons.values()
    yield from _left_out(results)
    yield from _failed_set_ups(results)
    if any(is_load_late(trial) for trial in results.trials):
        yield LATE_LOAD


def at_share(results: Results, measured: Measured) -> str:
    """Tell all figures of the trial at 70 % of the most calls."""
    floor, late = results.floor(measured), measured.late
    cost = f" ({measured.cost_ms / floor.cost_ms:.2f} x floor)" if floor is not None and floor.cost_ms else ""
    tick = f"; the tick at worst {late.max_ms:.1f} ms late" if late is not None else ""
    return (
        f"{SHARE:.0%} of the most, {measured.calls} calls with {measured.chunk_ms} ms messages, {measured.cpu:.0%} "
        f"of a core{cost}: p50/p90/p99/p99.9 of the delay {_percentiles(measured.to_bot)} ms to the bot, "
        f"{_percentiles(measured.to_phone)} ms to the phone{tick}; lost {measured.worst_loss:.2%}"
    )


def _left_out(results: Results) -> Iterator[str]:
    """Tell of the trial whose jitter buffers left out most."""
    worst = max(results.trials, key=lambda trial: trial.to_bot.left_out, default=None)
    if worst is not None and worst.to_bot.joined:
        yield (
            f"{worst.to_bot.left_out:.2%} of the audio to the bot was left out on purpose, to shorten its delay, and "
            f"is not lost ({name(worst)}, {worst.calls} calls, {worst.chunk_ms} ms messages: the most of a trial)"
        )


def _failed_set_ups(results: Results) -> Iterator[str]:
    """Tell of each trial with short calls that did not reach their bot."""
    for trial in results.trials:
        if trial.failed_set_ups:
            yield (
                f"{trial.failed_set_ups} short calls did not reach their bot in time, at {trial.set_ups:g} a second "
                f"({name(trial)}, {trial.calls} calls, {trial.chunk_ms} ms messages)"
            )


def _percentiles(way: Way) -> str:
    delays = way.delays
    return "/".join(f"{ms:.1f}" for ms in (delays.p50_ms, delays.p90_ms, delays.p99_ms, delays.p999_ms))


def _about(results: Results, good: Sequence[Measured]) -> Iterator[str]:
    fewest, most = good[0], good[-1]
    floor = results.floor(most)
    text = f"{most.chunk_ms} ms messages, {name(most)} plane: {most.calls} calls at {most.cpu:.0%} of a core"
    if floor is not None:
        text += f", {most.cost_ms / floor.cost_ms:.2f} x floor"
    yield text
    if fewest is not most:
        yield (f"a call among {most.calls} costs {most.cost_ms / fewest.cost_ms:.2f} times one among {fewest.calls}")
    others = [results.of(kind, most.chunk_ms)[:1] for kind in _NAMES]
    for other in (trial for trials in others for trial in trials if not trial.is_full):
        ours = min(good, key=lambda trial: abs(trial.calls - other.calls))
        yield (
            f"{other.calls_a_core:.0f} calls a core with {_NAMES[other.kind]} at {other.calls} calls, "
            f"{ours.calls_a_core:.0f} with exoswitch at {ours.calls}: "
            f"{ours.calls_a_core / other.calls_a_core:.1f} times as many"
        )


def document(
    results: Results, limits: Limits, machine: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Write a run for JSON."""
    rows = []
    for trial in results.trials:
        floor = results.floor(trial)
        rows.append(
            {
                **trial.document(),
                "times_floor": trial.cost_ms / floor.cost_ms if floor is not None and floor.cost_ms else None,
                "broken": "" if trial.kind == "floor" else limits.broken(trial),
            }
        )
    return {
        "machine": dict(machine),
        "options": dict(options),
        "trials": rows,
        "shares": [_share(chunk_ms, trial) for chunk_ms, trial in results.shares.items()],
        "searches": [_search(kind, chunk_ms, gap) for (kind, chunk_ms), gap in results.gaps.items()],
        "summary": list(sentences(results, limits)),
    }


def _share(chunk_ms: int, trial: Measured) -> dict[str, Any]:
    return {
        "share": SHARE,
        "chunk_ms": chunk_ms,
        "calls": trial.calls,
        "to_bot": asdict(trial.to_bot.delays),
        "to_phone": asdict(trial.to_phone.delays),
        "tick_worst_ms": trial.late.max_ms if trial.late is not None else None,
        "lost": trial.worst_loss,
        "left_out_to_bot": trial.to_bot.left_out,
    }


def _search(kind: Kind, chunk_ms: int, gap: Gap) -> dict[str, Any]:
    return {
        "kind": kind,
        "chunk_ms": chunk_ms,
        "most_that_passed": gap.passed or None,
        "fewest_that_failed": gap.failed or None,
    }
