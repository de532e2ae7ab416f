"""Measures the silence of callers, and the lost calls, when their gateway dies, or stops and hands its calls over.

    python benchmarks/takeover.py [--calls 50] [--rounds 3]

Three gateways run, in processes of their own, with a Redis, a PostgreSQL and two simulated Asterisks; their bot talks
all the time. All calls are on one gateway, which is killed (SIGKILL) or stopped (SIGTERM, with on_stop: hand-over).
A silence ends when the bot is heard again, not when packets come. Redis and PostgreSQL have to be installed.
"""

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from arguments import at_least_one

from exoswitch.bench.machine import processor
from exoswitch.sim.latency import quantile

sys.path.append(str(Path(__file__).parents[1]))

from tests.harness.fleet.far_side import FarSide
from tests.harness.fleet.fleet import Fleet, Plan
from tests.harness.fleet.gateway import Gateway
from tests.harness.postgres_server import binaries, running
from tests.harness.redis_server import RedisServer

DEAD_S = 1.0  # after that a killed gateway gets no more calls
PATIENCE_S = 15.0
UNDER_WAY_S = 0.1  # after that all packets of the dead gateway have arrived
SETTLED_S = 5.0  # before that a new gateway takes no calls over
WAYS: dict[str, Callable[[Gateway], object]] = {"killed": Gateway.kill, "stopped": Gateway.stop}


def fill(fleet: Fleet, calls: int) -> list[str]:
    """Place all calls on the first gateway, then start the others."""
    first, *others = fleet.gateways
    for gateway in others:
        gateway.kill()
    time.sleep(DEAD_S)
    sids = fleet.place(calls, first)
    fleet.start(*others)
    time.sleep(SETTLED_S)
    return sids


def lose(fleet: Fleet, sids: list[str], way: Callable[[Gateway], object]) -> tuple[list[float], float]:
    """End the first gateway; give the silences of the surviving calls, and the longest pause of the far side."""
    began = fleet.far_side.now
    way(fleet.gateways[0])
    gone = fleet.far_side.now + UNDER_WAY_S
    while fleet.deaf(sids, gone) and fleet.far_side.now - gone < PATIENCE_S:
        time.sleep(0.05)
    own_s = fleet.far_side.stalled_s(began)
    return fleet.silences_s(set(sids) - fleet.deaf(sids, gone), began), own_s


def measure(fleet: Fleet, calls: int, rounds: int) -> None:
    """End the gateway many times, and print the effect on its callers."""
    for name, way in WAYS.items():
        for _ in range(rounds):
            sids = fill(fleet, calls)
            silences, own_s = lose(fleet, sids, way)
            p50, longest = quantile(silences, 0.5), quantile(silences, 1.0)
            print(
                f"{name:<8} {len(sids):>5} calls  {len(sids) - len(silences):>4} lost  silence p50 {p50:.2f} s, "
                f"max {longest:.2f} s  (this program stood still for up to {own_s:.2f} s)",
                flush=True,
            )
            fleet.clear()
            fleet.start(fleet.gateways[0])


def main() -> None:
    """Start everything, measure, and clean up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=at_least_one, default=50)
    parser.add_argument("--rounds", type=at_least_one, default=3)
    asked = parser.parse_args()
    bin_folder = binaries() or sys.exit("needs PostgreSQL: apt install postgresql")
    plan = Plan(settings={"gateway": {"on_stop": "hand-over", "stop_wait_s": PATIENCE_S}})
    print(f"{processor()}, Python {platform.python_version()}\n", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(bin_folder) as postgres,
        Fleet(Path(folder), RedisServer(), postgres, FarSide(), plan) as fleet,
    ):
        measure(fleet, asked.calls, asked.rounds)


if __name__ == "__main__":
    main()
