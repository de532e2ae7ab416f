"""How evenly the gateways of a fleet dial on one trunk, and how much of its calls a second they reach.

    python benchmarks/cps.py [--cps 10] [--gateways 2] [--seconds 30] [--stalls | --whole]

It starts a Redis on the loopback interface, and each gateway in a process of its own. Together they ask for half more
dials than the trunk takes, at random moments. Each dial waits for its turn; a turn that comes more than 10 ms late is
taken anew, as a call does. With --stalls each process is held up now and then for up to 40 ms, as on a busy machine.
With --whole the gateways are whole ones, with a PostgreSQL and two simulated Asterisks: each dial is a call that the
REST API accepts, and its time is that at which its gateway sends the Originate.
The row shows the most dials in any sliding second, the share of the limit that was reached after the first 2 seconds,
and how long a call waits for the choice itself, apart from its turn (--whole: for the REST answer).
"""

import argparse
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, gatherResults

from exoswitch.call.inputs import LATE_S
from exoswitch.errors import NoCapacity
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.trunks.pool import LONGEST_WAIT_S
from exoswitch.fleet.trunks.status import TrunkLimits
from exoswitch.sim.latency import quantile

sys.path.append(str(Path(__file__).parents[1]))

from arguments import at_least_one, duration_s

from exoswitch.bench.machine import processor
from tests.harness.fleet.dials import most_in_a_second, rate_hz
from tests.harness.fleet.far_side import PACED, FarSide
from tests.harness.fleet.fleet import Fleet, Plan
from tests.harness.postgres_server import binaries, running
from tests.harness.redis_server import RedisServer

TRUNK = "trunk"
MORE_THAN_IT_TAKES = 1.5
STALL_MAX_S = 0.04
STALL_EVERY_S = 0.5
WARM_UP_S = 2.0  # until calls wait for their turns
OK = 200


class Dialler:
    """One gateway, which dials as often as it may."""

    def __init__(self, port: int, name: str, cps: float) -> None:
        from exoswitch.fleet.redis.trunks.pool import RedisTrunks  # noqa: PLC0415 - it installs the default reactor

        address = RedisAddress(host="127.0.0.1", port=port)
        self.pool = RedisTrunks(name, name, address=address, reactor=reactor, rng=random.Random())
        self.pool.set_limits({TRUNK: TrunkLimits(100_000, cps)})
        self.dialled_at: list[float] = []
        self.choices_ms: list[float] = []
        self.late = self.refused = 0

    async def dial(self, token: str) -> None:
        """Take a turn, wait for it, and dial; take it anew if it came too late."""
        try:
            began = time.monotonic()
            grant = await self.pool.take(token, [TRUNK])
            self.choices_ms.append(1000 * (time.monotonic() - began))
            while True:
                turn_at = time.monotonic() + grant.wait_s
                await task.deferLater(reactor, grant.wait_s)
                if time.monotonic() - turn_at <= LATE_S:
                    break
                self.late += 1
                grant = await self.pool.missed(token)
        except NoCapacity:
            self.refused += 1
        else:
            self.dialled_at.append(time.monotonic())
        self.pool.release(token)

    async def run(self, rate_hz: float, seconds: float, *, stalls: bool) -> None:
        """Dial for some seconds, and print what happened."""
        self.pool.startService()
        while not self.pool.is_shared:
            await task.deferLater(reactor, 0.01)
        calls, due = [], time.monotonic()
        end = due + seconds
        next_stall = due + random.expovariate(1 / STALL_EVERY_S)
        while due < end:
            await task.deferLater(reactor, max(0.0, due - time.monotonic()))
            calls.append(Deferred.fromCoroutine(self.dial(f"call{len(calls)}")))
            due += random.expovariate(rate_hz)
            if stalls and time.monotonic() > next_stall:
                stall()
                next_stall = time.monotonic() + random.expovariate(1 / STALL_EVERY_S)
        await gatherResults(calls)
        await self.pool.stopService()
        told = {name: getattr(self, name) for name in ("dialled_at", "choices_ms", "late", "refused")}
        print(json.dumps(told))


def stall() -> None:
    """Hold the process up, as a busy machine would."""
    time.sleep(random.uniform(0, STALL_MAX_S))


def measure(port: int, options: argparse.Namespace) -> None:
    """Run the gateways and print one row."""
    rate = MORE_THAN_IT_TAKES * options.cps / options.gateways
    words = [sys.executable, __file__, "--port", str(port), "--rate", str(rate), "--cps", str(options.cps)]
    words += ["--seconds", str(options.seconds), *(["--stalls"] if options.stalls else [])]
    gateways = [
        subprocess.Popen([*words, "--name", f"gw{number}"], stdout=subprocess.PIPE)
        for number in range(options.gateways)
    ]
    told = [json.loads(gateway.communicate()[0]) for gateway in gateways]
    times = sorted(at for one in told for at in one["dialled_at"])
    choices = sorted(ms for one in told for ms in one["choices_ms"])
    late, refused = (sum(one[name] for one in told) for name in ("late", "refused"))
    show(options, times, choices, f"{late} late turns taken anew, {refused} refused; choice")


def measure_whole(options: argparse.Namespace) -> None:
    """Run whole gateways and print one row."""
    trunk = {"name": TRUNK, "provider": "sip", "host": "127.0.0.1", "channels": 1000, "cps": options.cps}
    plan = Plan(addresses=("127.0.0.1",) * options.gateways, settings={"trunks": [trunk]})
    bin_folder = binaries() or sys.exit("needs PostgreSQL: apt install postgresql")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(bin_folder) as postgres,
        Fleet(Path(folder), RedisServer(), postgres, FarSide(), plan) as fleet,
    ):
        answers, due = [], time.monotonic()
        end = due + options.seconds
        with ThreadPoolExecutor(16) as dialers:
            while due < end:
                time.sleep(max(0.0, due - time.monotonic()))
                gateway = fleet.gateways[len(answers) % len(fleet.gateways)]
                answers.append(dialers.submit(gateway.place, PACED, fleet.far_side.bot.url))
                due += random.expovariate(MORE_THAN_IT_TAKES * options.cps)
        told = [answer.result() for answer in answers]
        time.sleep(LONGEST_WAIT_S)
        times = fleet.records.dial_times(TRUNK)
        accepted = sorted(1000 * one.took_s for one in told if one.status == OK)
        show(options, times, accepted, f"{len(told) - len(accepted)} refused; REST answer")


def show(options: argparse.Namespace, times: list[float], waits_ms: list[float], what: str) -> None:
    """Print the row of one measurement."""
    reached = rate_hz([at for at in times if at - times[0] > WARM_UP_S]) / options.cps
    print(
        f"limit {options.cps:g} a second, {options.gateways} gateways, {options.seconds:g} s: {len(times)} dials, "
        f"at most {most_in_a_second(times)} in any second, {100 * reached:.2f} % of the limit, "
        f"{what} {quantile(waits_ms, 0.5):.2f} ms (median), {quantile(waits_ms, 0.99):.2f} ms (99 %)"
    )


async def dial_as_one_gateway(options: argparse.Namespace) -> None:
    """Be one gateway of the measurement."""
    await Dialler(options.port, options.name, options.cps).run(options.rate, options.seconds, stalls=options.stalls)


def main() -> None:
    """Start Redis, measure, and stop it; or be one gateway."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--cps", type=float, default=10.0)
    arguments.add_argument("--gateways", type=at_least_one, default=2)
    arguments.add_argument("--seconds", type=duration_s, default=30.0)
    arguments.add_argument("--stalls", action="store_true")
    arguments.add_argument("--whole", action="store_true")
    for name, kind in (("port", int), ("name", str), ("rate", float)):
        arguments.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.port:
        reactor.seconds = time.monotonic
        task.react(lambda _: Deferred.fromCoroutine(dial_as_one_gateway(options)))
        return
    print(f"{processor()}, Python {platform.python_version()}")
    if options.whole:
        measure_whole(options)
        return
    server = RedisServer()
    with tempfile.TemporaryDirectory() as folder:
        server.start(folder)
        try:
            measure(server.port, options)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
