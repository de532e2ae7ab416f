"""What a scrape of /metrics costs: CPU of the whole page and of its longest part, and of one count.

    python benchmarks/scrape.py [--calls 1000] [--trunks 10]

The longest part is the time by which a scrape can delay the tick of all calls. Nothing but the metrics runs: the legs
of the calls are idle.
"""

import argparse
import gc
import platform
import random
import time
from collections.abc import Callable, Iterator
from itertools import product
from statistics import median

from arguments import at_least_one

from exoswitch.bench.machine import processor
from exoswitch.interfaces.metrics import Reading
from exoswitch.rtp.leg import MediaLeg
from exoswitch.rtp.session import LegSettings
from exoswitch.rtp.totals import MediaTotals
from exoswitch.telemetry.prometheus import PrometheusMetrics

PAGES, COUNTS = 50, 100_000


def filled(calls: int, trunks: int) -> PrometheusMetrics:
    """Make metrics as they are after a day: each trunk has had calls with every ending."""
    metrics, rng, totals = PrometheusMetrics(), random.Random(1), MediaTotals()
    legs = [MediaLeg(LegSettings(source_host="192.0.2.1"), rng) for _ in range(calls)]
    metrics.read_from(lambda: totals.readings([leg.counts() for leg in legs]))
    names = [f"trunk{n}" for n in range(trunks)]
    metrics.read_from(lambda: active(names, calls))
    endings = product(
        ("inbound", "outbound"), ("completed", "failed", "busy", "no-answer"), ("user", "network", "bot")
    )
    for direction, status, by in endings:
        for name in names:
            metrics.add("calls_total", direction=direction, trunk=name, status=status, ended_by=by)
    for name in names:
        for stage in ("ringing", "answer"):
            metrics.observe("call_setup_seconds", 1, trunk=name, stage=stage)
        for cause in ("16", "17", "18", "19", "20", "21", "34", "38"):
            metrics.add("hangup_cause_total", trunk=name, cause=cause)
    return metrics


def active(names: list[str], calls: int) -> Iterator[Reading]:
    """Give the live calls of each trunk."""
    for name in names:
        yield Reading("calls_active", calls / len(names), {"direction": "outbound", "trunk": name})


def parts_ms(metrics: PrometheusMetrics) -> list[float]:
    """Write a page; give the CPU time of each part."""
    parts, times, begun = metrics.parts(), [], time.process_time()
    for _ in parts:
        times.append(1000 * (time.process_time() - begun))
        begun = time.process_time()
    return times


def count_us(count: Callable[[], None]) -> float:
    """Give the CPU time of one count."""
    begun = time.process_time()
    for _ in range(COUNTS):
        count()
    return 1e6 * (time.process_time() - begun) / COUNTS


def main() -> None:
    """Measure everything and print it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=at_least_one, default=1000)
    options.add_argument("--trunks", type=at_least_one, default=10)
    chosen = options.parse_args()
    metrics = filled(chosen.calls, chosen.trunks)
    gc.collect()
    gc.freeze()
    pages = [parts_ms(metrics) for _ in range(PAGES)]
    lines = b"".join(metrics.parts()).count(b"\n")
    print(f"{processor()}, Python {platform.python_version()}; {chosen.calls} calls, {chosen.trunks} trunks\n")
    print(f"page           {median(map(sum, pages)):6.1f} ms  ({lines} lines in {len(pages[0])} parts)")
    print(f"longest part   {median(map(max, pages)):6.1f} ms  (worst {max(map(max, pages)):.1f} ms)")
    print(f"add            {count_us(lambda: metrics.add('rtp_failures_total')):6.2f} us")
    print(f"add, a label   {count_us(lambda: metrics.add('bot_faults_total', kind='binary')):6.2f} us")
    print(f"observe        {count_us(lambda: metrics.observe('tick_lateness_seconds', 0.0007)):6.2f} us")


if __name__ == "__main__":
    main()
