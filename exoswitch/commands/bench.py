"""Root: `exoswitch bench`: how many calls this machine carries, what each costs, and how late its audio comes."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from exoswitch.bench import table
from exoswitch.bench.job import Kind
from exoswitch.bench.machine import describe
from exoswitch.bench.measured import Limits, Measured
from exoswitch.bench.ramp import Ramp
from exoswitch.bench.summary import SHARE, Gap, Results, document, sentences
from exoswitch.bench.trial import Settings, length_s, run_trial
from exoswitch.commands import outputs
from exoswitch.errors import BenchmarkFailed, CannotStart
from exoswitch.rtp.planes import TickPlace, choose_plane, choose_tick

_SEARCH_S = 120.0
"""The time to look for the most calls, for each design and length of messages."""

_MANY = 2000  # calls: the plan is made for these

_SEARCH_TRIAL_S = 3.0
"""The length of one of its trials, at most."""


def run(options: argparse.Namespace) -> int:
    """Measure, and print each figure as it comes; the exit status is 0.

    Raises:
        CannotStart: this install has no compiled load, or not the plane that is wanted.
        InvalidValue: a file cannot be written, or matplotlib is missing for the picture.
    """
    outputs.check([("--json", options.json), ("--plot", options.plot)])
    _check_install(options)
    limits = Limits(delay_ms=options.limit_ms, loss=options.limit_loss / 100)
    machine = describe()
    print(_headline(machine, options), *_plan(options), "", table.HEADER, sep="\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="exoswitch-bench-") as folder:
        bench = Bench(options, limits, _settings(options, Path(folder)))
        for chunk_ms in options.chunk_ms:
            if options.calls:
                bench.measure(options.calls, chunk_ms)
            else:
                bench.search(chunk_ms)
    print("", *sentences(bench.results, limits), sep="\n")
    _write(options, limits, machine, bench.results)
    return 0


def _check_install(options: argparse.Namespace) -> None:
    try:
        from exoswitch.bench._load import has_tls
    except ImportError:
        raise CannotStart(
            "this install has no compiled load generator", "Install exoswitch again where there is a C compiler."
        ) from None
    if options.wss and not has_tls():
        raise CannotStart("--wss: this machine has no OpenSSL library (libssl.so.3)", "Install its package, libssl3.")
    _tick_place(options)
    if options.plot:
        outputs.check_drawing()


def _settings(options: argparse.Namespace, folder: Path) -> Settings:
    certificate, key = "", ""
    if options.wss:
        from exoswitch.bench.certificate import write_certificate
        from exoswitch.bench.subject import HOST

        certificate, key = write_certificate(folder, HOST)
    return Settings(
        seconds=options.seconds,
        plane=options.plane,
        tick=options.tick,
        set_ups=options.set_ups,
        certificate=certificate,
        key=key,
    )


def _headline(machine: dict[str, Any], options: argparse.Namespace) -> str:
    way = "wss (TLS 1.3)" if options.wss else "ws"
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, {machine['system']}, Python "
        f"{machine['python']}; load average {machine['load_average']:g}\n"
        f"G.711, audio both ways, {way}, loopback; {_told_tick(options)}; {options.seconds:g} s each; "
        f"limits: delay p99 {options.limit_ms:g} ms, lost {options.limit_loss:g} %"
    )


def _tick_place(options: argparse.Namespace) -> TickPlace:
    return choose_tick(options.tick, choose_plane(options.plane, key="--plane"), keys=("--tick", "--plane"))


def _told_tick(options: argparse.Namespace) -> str:
    return f"ticks in {'a thread of their own' if _tick_place(options) == 'thread' else 'the reactor'}"


def _plan(options: argparse.Namespace) -> Iterator[str]:
    """Say how long a search takes at most: its trials are not known before."""
    if options.calls:
        return
    searches = len(options.chunk_ms) * (1 + len(options.compare))
    minutes = (searches * _SEARCH_S + len(options.chunk_ms) * 2 * length_s(_MANY, options.seconds)) / 60
    yield (
        f"looks for the most calls, in trials of {min(_SEARCH_TRIAL_S, options.seconds):g} s, then measures "
        f"{SHARE:.0%} of them: {ceil(minutes)} minutes at most"
    )


@define
class Bench:
    """One run: trials of exoswitch, the floor beside each, and the plain design if it is compared."""

    _options: argparse.Namespace
    _limits: Limits
    _settings: Settings
    results: Results = field(factory=Results, init=False)

    def measure(self, numbers: Sequence[int], chunk_ms: int) -> None:
        """Measure with these numbers of calls, and one length of messages."""
        for calls in numbers:
            for kind in ("floor", "exoswitch", *self._options.compare):
                self._try(kind, calls, chunk_ms, self._settings)

    def search(self, chunk_ms: int) -> None:
        """Look for the most calls with one length of messages, and measure a share of them."""
        most = self._search("exoswitch", chunk_ms)
        if share := round(most * SHARE):
            print(f"{SHARE:.0%} of the most calls:", flush=True)
            self._try("floor", share, chunk_ms, self._settings)
            measured = self._try("exoswitch", share, chunk_ms, self._settings)
            if measured is not None:
                self.results.shares[chunk_ms] = measured
        for kind in self._options.compare:
            self._search(kind, chunk_ms)

    def _search(self, kind: Kind, chunk_ms: int) -> int:
        """Give the most calls that break no limit; the search ends in time, or when it knows them well enough."""
        settings = evolve(self._settings, seconds=min(_SEARCH_TRIAL_S, self._settings.seconds))
        ramp, ends_at = Ramp(), time.monotonic() + _SEARCH_S
        for calls in iter(ramp.next, None):
            if time.monotonic() + length_s(calls, settings.seconds) > ends_at:
                print(f"{calls} calls are not tried, for lack of time", flush=True)
                break
            measured = self._try(kind, calls, chunk_ms, settings)
            if measured is None:
                ramp.tried(calls, is_good=False)
                continue
            is_good, is_sure = not self._limits.broken(measured), not table.is_load_late(measured)
            ramp.tried(calls, is_good=is_good, cpu=measured.cpu, is_sure=is_sure)
        self._keep_reason(kind, chunk_ms, ramp.bad)
        self.results.gaps[kind, chunk_ms] = Gap(ramp.good, ramp.bad)
        return ramp.good

    def _keep_reason(self, kind: Kind, chunk_ms: int, calls: int) -> None:
        """Keep the reason of the smallest number that was too many, and no other."""
        kept = self.results.reasons.get((kind, chunk_ms, calls))
        for key in [key for key in self.results.reasons if key[:2] == (kind, chunk_ms)]:
            del self.results.reasons[key]
        if kept is not None:
            self.results.reasons[kind, chunk_ms, calls] = kept

    def _try(self, kind: Kind, calls: int, chunk_ms: int, settings: Settings) -> Measured | None:
        """Run one trial, print its line, and note which limit it breaks; None: a program of it failed."""
        began = time.monotonic()

        def progress(what: str, done: float) -> None:
            if sys.stderr.isatty():
                words = table.bar(f"{kind}, {calls} calls: {what}", done, time.monotonic() - began)
                print(f"\r{words:<78}", end="", file=sys.stderr, flush=True)

        try:
            measured = run_trial(kind, calls, chunk_ms, settings, progress)
        except BenchmarkFailed as problem:
            self.results.reasons[kind, chunk_ms, calls] = f"{kind}, {calls} calls: {problem}"
            return None
        finally:
            if sys.stderr.isatty():
                print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)
        self.results.trials.append(measured)
        print(table.row(measured, self.results.floor(measured)), flush=True)
        broken = "" if kind == "floor" else self._limits.broken(measured)
        if broken:
            also = "; the load itself was late" if table.is_load_late(measured) else ""
            text = f"{kind}, {chunk_ms} ms messages, {calls} calls are too many: {broken}{also}"
            self.results.reasons[kind, chunk_ms, calls] = text
        return measured


def _write(options: argparse.Namespace, limits: Limits, machine: dict[str, Any], results: Results) -> None:
    if options.json:
        chosen = {
            name: getattr(options, name)
            for name in ("calls", "chunk_ms", "seconds", "wss", "compare", "plane", "tick", "set_ups")
        }
        text = json.dumps(document(results, limits, machine, chosen), indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
        print(f"figures: {options.json}")
    if options.plot:
        from exoswitch.bench.picture import draw

        draw(results, limits, f"{machine['processor']}, {machine['system']}", options.plot)
        print(f"picture: {options.plot}")
