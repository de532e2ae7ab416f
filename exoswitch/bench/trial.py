"""Adapter: one trial: a load and a subject in processes of their own, a number of calls, and their figures."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import ceil
from typing import Any

from attrs import evolve, frozen

from exoswitch.bench.job import SHORT_S, Job, Kind
from exoswitch.bench.measured import Delays, Lateness, Measured, Way
from exoswitch.bench.programs import Program
from exoswitch.bench.subject import OPENED_A_SECOND
from exoswitch.rtp.jitter import SETTLED_S

SETTLE_S: dict[Kind, float] = {"exoswitch": SETTLED_S, "python": SETTLED_S, "floor": 3.0, "plain": 3.0}
"""From the last call that was opened to the measurement: while calls are opened, packets come late to their ticks."""

_CALLS_OF_A_LOAD = 1500  # beyond that its own core is full
_BEGIN_AND_END_S = 5.0  # of the programs, and for the last frames
_START_S = 20.0
_SLACK_S = 15.0
_PACKETS_A_SECOND = 50
_MODULES: dict[Kind, str] = {
    "exoswitch": "gateway",
    "python": "gateway",
    "floor": "floor",
    "plain": "plain",
}

Progress = Callable[[str, float], None]
"""Is told the part of a trial that goes on, and its share that is done."""


@frozen(kw_only=True)
class Settings:
    """The settings of a trial; `plane`, `tick` and `set_ups` are those of exoswitch with the compiled plane."""

    seconds: float
    plane: str
    tick: str
    set_ups: float
    certificate: str = ""
    key: str = ""


def length_s(calls: int, seconds: float) -> float:
    """Estimate how long a trial takes at most."""
    return _BEGIN_AND_END_S + calls / OPENED_A_SECOND + max(SETTLE_S.values()) + seconds


def run_trial(kind: Kind, calls: int, chunk_ms: int, settings: Settings, progress: Progress) -> Measured:
    """Carry a number of calls, and measure.

    Raises:
        BenchmarkFailed: a program failed, or was too slow to open the calls.
    """
    set_ups = settings.set_ups if kind == "exoswitch" else 0.0
    job = Job(
        calls=calls,
        chunk_ms=chunk_ms,
        short_calls=ceil(2 * set_ups * SHORT_S),
        set_ups=set_ups,
        plane="python" if kind == "python" else settings.plane,
        tick="reactor" if kind == "python" else settings.tick,
        certificate=settings.certificate,
        key=settings.key,
    )
    with ExitStack() as running:
        loads = [_start(running, "load") for _ in range(_loads_of(calls))]
        ends = _begin_loads(loads, job)
        subject = _start(running, _MODULES[kind])
        opening_s = calls / OPENED_A_SECOND
        subject.tell({"job": job.document(), "ends": ends})
        subject.hear(2 * opening_s + _SLACK_S, _watch(progress, "opening calls", opening_s + 1))
        _wait(SETTLE_S[kind], _watch(progress, "settling", SETTLE_S[kind]))
        for program in (*loads, subject):
            program.tell({"measure": settings.seconds})
        watch = _watch(progress, "measuring", settings.seconds)
        own = subject.hear(settings.seconds + _SLACK_S, watch)
        counted = [load.hear(_SLACK_S, watch) for load in loads]
    return _measured(kind, job, settings.seconds, own, counted)


def _start(running: ExitStack, module: str) -> Program:
    program = Program(module)
    running.callback(program.end)
    return program


def _loads_of(calls: int) -> int:
    """Choose the number of loads: as many as the cores beside the subject's allow, if one is not enough."""
    return max(1, min(ceil(calls / _CALLS_OF_A_LOAD), (os.cpu_count() or 1) - 1))


def _begin_loads(loads: Sequence[Program], job: Job) -> list[tuple[int, int]]:
    """Let each load open its share of the calls; give their ends, those of short calls last."""
    steady: list[tuple[int, int]] = []
    short: list[tuple[int, int]] = []
    for n, load in enumerate(loads):
        calls = _share(job.calls, n, len(loads))
        load.tell(evolve(job, calls=calls, short_calls=_share(job.short_calls, n, len(loads))).document())
        opened = load.hear(_START_S)
        ends = [(phone, opened["bot"]) for phone in opened["phones"]]
        steady += ends[:calls]
        short += ends[calls:]
    return steady + short


def _share(whole: int, n: int, parts: int) -> int:
    return whole // parts + (n < whole % parts)


def _watch(progress: Progress, what: str, length_s: float) -> Callable[[], None]:
    began = time.monotonic()
    return lambda: progress(what, min(1.0, (time.monotonic() - began) / length_s))


def _wait(length_s: float, meanwhile: Callable[[], None]) -> None:
    until = time.monotonic() + length_s
    while time.monotonic() < until:
        time.sleep(0.1)
        meanwhile()


def _measured(kind: Kind, job: Job, seconds: float, own: dict[str, Any], loads: Sequence[dict[str, Any]]) -> Measured:
    calls = job.calls
    packets = sum(load["packets_at_phones"] for load in loads)
    messages = sum(load["messages_at_bots"] for load in loads)
    expected = calls * seconds * _PACKETS_A_SECOND
    late = None
    if "late_p99_ms" in own:
        late = Lateness(p50_ms=own["late_p50_ms"], p99_ms=own["late_p99_ms"], max_ms=own["late_max_ms"])
    return Measured(
        kind=kind,
        calls=calls,
        chunk_ms=job.chunk_ms,
        seconds=seconds,
        cpu=own["cpu_s"] / own["wall_s"],
        to_bot=Way.of([load["to_bot"] for load in loads]),
        to_phone=Way.of([load["to_phone"] for load in loads]),
        carried=min(packets / expected, messages * job.frames / expected),
        memory_kb=own["grown"]["memory_bytes"] / 1024 / calls,
        descriptors=own["before"]["descriptors"],
        descriptors_call=own["grown"]["descriptors"] / calls,
        load_cpu=sum(load["cpu_s"] for load in loads) / seconds,
        load_late=Delays.of(load["late"] for load in loads),
        late=late,
        plane=own.get("plane", ""),
        tick=own.get("tick", ""),
        set_ups=job.set_ups,
        failed_set_ups=own.get("failed_set_ups", 0),
        counts=own.get("counts", {}),
    )
