"""How long Redis takes to give a place to a call, and how evenly calls are spread over a fleet.

    python benchmarks/allocation.py [--seconds 20] [--allocations 10000]

It starts a Redis on the loopback interface; a real network adds one round trip. The first part asks one gateway for
places at random moments, 100 a second on average, each on the quota of one of 20 accounts, and releases each after
some seconds. The second part starts and ends calls at four gateways with four Asterisks of different capacities, most
places taken, and measures the difference between the highest and the lowest load: at random moments, and at the end.
The third part lets one of many gateways die, and measures how long Redis is busy with the periodic requests of the
others: before, and when they adopt the calls of the dead one.
"""

import argparse
import platform
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, gatherResults

from exoswitch.fleet.leases import FleetView, Lease
from exoswitch.fleet.timings import FleetTimings
from exoswitch.sim.latency import quantile
from exoswitch.telemetry.memory import MemoryMetrics

sys.path.append(str(Path(__file__).parents[1]))

from arguments import at_least_one, duration_s

from exoswitch.bench.machine import processor
from tests.harness.redis_server import RedisServer

RATE_HZ = 100
CALL_S = 3.0
GATEWAYS = {"gw1": 1000, "gw2": 1000, "gw3": 500, "gw4": 250}
ASTERISKS = {"pbx1": 600, "pbx2": 600, "pbx3": 400, "pbx4": 200}
LIVE = 1200  # of 1,800 places on the Asterisks
LOOKS = 20
QUOTAS = [{f"account/acme{at}": 1000} for at in range(20)]
MANY = 30
ORPHANS = 600
CALLS = 6000


class Fleet:
    """The gateways on one Redis."""

    def __init__(self, server: RedisServer, capacities: dict[str, int], asterisks: dict[str, int]) -> None:
        from exoswitch.fleet.redis.allocator import RedisNodes  # noqa: PLC0415 - it installs the default reactor

        self.asterisks = asterisks
        self.metrics = MemoryMetrics()
        self.gateways = {
            name: RedisNodes(
                name,
                capacity,
                asterisks,
                lambda: secrets.token_hex(16),
                address=server.address,
                reactor=reactor,
                rng=random.Random(),
                metrics=self.metrics,
                timings=FleetTimings(settle_s=0.0),
            )
            for name, capacity in capacities.items()
        }

    async def start(self) -> None:
        """Start all gateways, and wait until all are registered."""
        for nodes in self.gateways.values():
            nodes.startService()
            for asterisk in self.asterisks:
                nodes.set_health(asterisk, healthy=True)
        while not all(nodes.is_shared for nodes in self.gateways.values()):
            await task.deferLater(reactor, 0.01)
        for nodes in self.gateways.values():
            await nodes.renew()

    async def stop(self) -> None:
        """Stop all gateways."""
        await gatherResults([nodes.stopService() for nodes in self.gateways.values()])


async def waits_ms(fleet: Fleet, seconds: float, ask: Callable[[], Deferred[Lease]]) -> list[float]:
    """Ask for places at random moments; return the sorted waits."""
    waits: list[float] = []

    async def call() -> None:
        began = time.monotonic()
        lease = await ask()
        waits.append(1000 * (time.monotonic() - began))
        await task.deferLater(reactor, random.expovariate(1 / CALL_S))
        for nodes in fleet.gateways.values():
            await nodes.release(lease)

    calls = []
    now = time.monotonic()
    due, end = now, now + seconds
    while due < end:
        await task.deferLater(reactor, max(0.0, due - time.monotonic()))
        calls.append(Deferred.fromCoroutine(call()))
        due += random.expovariate(RATE_HZ)
    await gatherResults(calls)
    return sorted(waits)


def spread(view: FleetView) -> tuple[float, float]:
    """Return the highest minus the lowest load in percent: of gateways, of Asterisks."""
    gateways = [one.used / one.status.capacity for one in view.gateways.values()]
    asterisks = [view.asterisks.get(name, 0) / places for name, places in ASTERISKS.items()]
    return 100 * (max(gateways) - min(gateways)), 100 * (max(asterisks) - min(asterisks))


async def imbalance(fleet: Fleet, allocations: int, *, any_gateway: bool) -> tuple[list[tuple[float, float]], float]:
    """Start and end calls; return the spread at some moments and at the end, and the allocations a second."""
    live: list[tuple[str, Lease]] = []
    looks = []
    began = time.monotonic()
    for name in dialled(allocations, any_gateway=any_gateway):
        nodes = fleet.gateways[name]
        live.append((name, await nodes.allocate(secrets.token_hex(16), any_gateway=any_gateway)))
        if len(live) > LIVE:
            place = random.randrange(len(live))
            live[place], live[-1] = live[-1], live[place]
            holder, lease = live.pop()
            await fleet.gateways[holder].release(lease)
        if len(live) == LIVE and random.random() < LOOKS / allocations:
            looks.append(spread(await nodes.view()))
    rate = allocations / (time.monotonic() - began)
    looks.append(spread(await fleet.gateways["gw1"].view()))
    for holder, lease in live:
        await fleet.gateways[holder].release(lease)
    return looks, rate


def dialled(count: int, *, any_gateway: bool) -> Iterator[str]:
    """Name the gateway of each call: random, or weighted by capacity."""
    weights = None if any_gateway else list(GATEWAYS.values())
    yield from random.choices(list(GATEWAYS), weights, k=count)


async def measure(fleet: Fleet, seconds: float, allocations: int) -> None:
    """Run the first two parts and print the results."""
    await fleet.start()
    print(f"{processor()}, Python {platform.python_version()}\n")
    nodes = fleet.gateways["gw1"]
    for what, ask in {
        "places": lambda: nodes.allocate(secrets.token_hex(16), quotas=random.choice(QUOTAS)),
        "arrivals": lambda: nodes.receive(
            random.choice(list(ASTERISKS)),
            secrets.token_hex(16),
            secrets.token_hex(16),
            quotas=random.choice(QUOTAS),
        ),
    }.items():
        waits = await waits_ms(fleet, seconds, ask)
        shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        figures = ", ".join(f"{name} {quantile(waits, share):.2f}" for name, share in shares.items())
        print(f"{len(waits)} {what} at {len(waits) / seconds:.0f} a second: ms {figures}")
    for any_gateway, whose in ((False, "of the gateway asked"), (True, "of any gateway")):
        looks, rate = await imbalance(fleet, allocations, any_gateway=any_gateway)
        for place, nodes in enumerate(("gateways", "Asterisks")):
            worst, end = max(look[place] for look in looks), looks[-1][place]
            print(f"{allocations} pairs {whose}: {nodes} {end:.1f} % apart in the end, {worst:.1f} % at worst")
        print(f"  one after the other, each with a release: {rate:.0f} a second")
    assert not fleet.metrics.counts, "Redis was away"
    await fleet.stop()


def busy_ms(server: RedisServer) -> float:
    """Return how long Redis has run scripts so far."""
    words = server.call("INFO", "commandstats").decode().partition("cmdstat_evalsha:")[2]
    return int(words.partition("usec=")[2].partition(",")[0]) / 1000


async def measure_adoption(fleet: Fleet, server: RedisServer) -> None:
    """Let a gateway with many calls die; print how long Redis is busy while the others adopt them."""
    await fleet.start()
    first, *others = fleet.gateways.values()
    for nodes, count in [(first, ORPHANS), *((nodes, (CALLS - ORPHANS) // len(others)) for nodes in others)]:
        await gatherResults([nodes.allocate(secrets.token_hex(16)) for _ in range(count)])
    nodes = others[0]
    for what, ask in {"heartbeat": nodes.renew, "adoption of nothing": nodes.adopt}.items():
        before = busy_ms(server)
        for _ in range(100):
            await ask()
        each_ms = (busy_ms(server) - before) / 100
        print(f"{what}, in a fleet of {len(fleet.gateways)} with {CALLS} calls: Redis {each_ms:.3f} ms")
    server.call("ZADD", "exoswitch:heartbeats", 1, "gw0")
    before, began = busy_ms(server), time.monotonic()
    adopted = [len(leases) for nodes in (*others, *others) for leases in [await nodes.adopt()]]
    print(
        f"{sum(adopted)} calls of a dead gateway adopted: {1000 * (time.monotonic() - began):.0f} ms for all gateways"
        f" after each other, Redis {busy_ms(server) - before:.0f} ms"
    )


async def main(_reactor: object) -> None:
    """Start Redis, measure, and stop it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=duration_s, default=20.0)
    options.add_argument("--allocations", type=at_least_one, default=10_000)
    chosen = options.parse_args()
    server = RedisServer()
    with tempfile.TemporaryDirectory() as folder:
        server.start(folder)
        try:
            await measure(Fleet(server, GATEWAYS, ASTERISKS), chosen.seconds, chosen.allocations)
            many = {f"gw{at}": ORPHANS for at in range(MANY)}
            await measure_adoption(Fleet(server, many, {f"pbx{at}": CALLS for at in range(4)}), server)
        finally:
            server.stop()


if __name__ == "__main__":
    reactor.seconds = time.monotonic
    task.react(lambda chosen: Deferred.fromCoroutine(main(chosen)))
