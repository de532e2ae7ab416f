"""Measures the calls of two trunks while the first one is ill, and the call set-ups a second of one gateway.

    python benchmarks/failover.py [--ill 20] [--per-second 5]        # root; as for the tests in tests/e2e
    python benchmarks/failover.py --ramp

A real Asterisk and one gateway dial on a carrier of our own, all on this machine. The first trunk refuses calls with
503, then answers nothing at all, then answers only OPTIONS, then refuses its registration and all calls. After a
while it is well again. `left` is the time until the calls leave it alone, but for a probe now and then; `again` is
the time from its recovery until a call is answered there. The ramp ends with the first rate that is not carried.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from arguments import at_least_one
from attrs import define, field

from exoswitch.bench.machine import processor
from exoswitch.sim.latency import quantile
from tests.harness.carrier.behaviours import answers, is_silent, refuses
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.load import Load, first_tries
from tests.harness.carrier.pairs import Pair, Pairs
from tests.harness.carrier.rig import asterisk_section, gateway_file, http_port, loaded
from tests.harness.e2e.asterisk_root import asterisk_root
from tests.harness.e2e.asterisk_server import OPERATOR, AsteriskServer
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.gateway import GatewayProcess

PROBE_S = 5.0  # calls that try the trunk further apart than that are probes
WELL_AGAIN_WITHIN_S = 40.0
TALK_S = 0.5
STEP_S = 5.0
RATES = (5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100)
TOP_CPS = 120
SLOW_S = 1.0
OPTIONS = {"every_s": 2, "timeout_s": 1}
LOGIN = {"register": "yes", "username": "1001", "domain": "carrier.example"}
REFUSED = refuses(503, "Service Unavailable")


def refuse_calls(pair: Pair) -> None:
    """Answer 503."""
    pair.first.behaviour = REFUSED


def fall_silent(pair: Pair) -> None:
    """Answer nothing."""
    pair.first.behaviour, pair.first.options = is_silent, 0


def answer_options_only(pair: Pair) -> None:
    """Answer OPTIONS, and no call."""
    pair.first.behaviour = is_silent


def refuse_registration(pair: Pair) -> None:
    """Refuse the registration, and calls without one."""
    pair.first.registrar.refusal = 403, "Forbidden"
    pair.first.behaviour = refuses(403, "Forbidden")


def recover(pair: Pair) -> None:
    """Be well."""
    pair.first.behaviour, pair.first.options, pair.first.registrar.refusal = answers(talk_s=TALK_S), 200, None


REGISTRATION = "registration"
ILLNESSES: dict[str, Callable[[Pair], None]] = {
    "503": refuse_calls,
    "silent": fall_silent,
    "silent but OPTIONS": answer_options_only,
    REGISTRATION: refuse_registration,
}


@define(eq=False)
class Bench:
    """The carrier, the Asterisk, the gateway and the bot; a pair of trunks for each illness, and one for the ramp."""

    folder: Path
    started: ExitStack
    carrier: Carrier = field(init=False)
    pairs: Pairs = field(init=False)
    bot: Bot = field(init=False)
    asterisk: AsteriskServer = field(init=False)
    gateway: GatewayProcess = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.carrier = self.started.enter_context(Carrier())
        self.pairs = Pairs(self.carrier)
        for number, name in enumerate(ILLNESSES):
            keys = {"options": OPTIONS, "post_dial_s": 6.4} | (LOGIN if name == REGISTRATION else {})
            recover(self.pairs.add(f"ill{number}-", keys))
        self.pairs.add("ramp", {"cps": TOP_CPS, "channels": 200})
        self.bot = self.started.enter_context(Bot())
        file = gateway_file(self.folder, asterisk_section(), self.pairs.entries, bot_port=self.bot.port)
        self.asterisk = AsteriskServer(asterisk_root(print), self.folder / "asterisk", loaded(file))
        self.started.enter_context(self.asterisk)
        self.gateway = GatewayProcess(self.folder / "gateway", file.read_text(), http_port(file))
        self.started.enter_context(self.gateway)

    def measure(self, pair: Pair, illness: str, ill_s: float, per_s: float) -> None:
        """Place calls while the first trunk is well, ill, and well again; print a line of the table."""
        is_over = threading.Event()
        with Load(self.gateway, self.bot.url) as load:
            calls = threading.Thread(
                target=load.place, args=(pair.numbers(), per_s), kwargs={"until": is_over.is_set}
            )
            calls.start()
            time.sleep(2.0)
            ill_at = time.monotonic()
            ILLNESSES[illness](pair)
            if illness == REGISTRATION:
                self._register(pair.first.name)
            time.sleep(ill_s)
            well_at = time.monotonic()
            recover(pair)
            again_s = self._used_again(pair, well_at)
            is_over.set()
            calls.join()
            lost, placed = len(load.lost()), len(load.placed)
        tries = [at for trunk, at in first_tries(self.carrier.records).values() if trunk == pair.first.name]
        bad = sorted(at for at in tries if ill_at <= at < well_at)
        left_at, probes = _left(bad, ill_at)
        figures = f"{placed:>7}{lost:>6}{left_at - ill_at:>8.1f}{probes:>8}{again_s:>8.1f}"
        twice = sum(pair.prefix.endswith(number[:4]) for number in self.carrier.records.rung_twice())
        print(f"{figures}{twice:>12}", flush=True)

    def _register(self, trunk: str) -> None:
        """Let Asterisk register now, as it does by itself when the registration ends."""
        with self.asterisk.login(OPERATOR) as operator:
            operator.ask("PJSIPRegister", Registration=trunk)

    def _used_again(self, pair: Pair, well_at: float) -> float:
        deadline = well_at + WELL_AGAIN_WITHIN_S
        while time.monotonic() < deadline:
            answered = [call.answered_at for call in pair.first.calls if (call.answered_at or 0.0) > well_at]
            if answered:
                return answered[0] - well_at
            time.sleep(0.02)
        return float("inf")

    def ramp(self) -> None:
        """Place calls faster and faster; print a line for each rate."""
        pair = self.pairs["ramp"]
        pair.first.behaviour = answers(talk_s=TALK_S)
        for per_s in RATES:
            numbers = [pair.number() for _ in range(round(per_s * STEP_S))]
            with Load(self.gateway, self.bot.url) as load:
                began = time.monotonic()
                load.place(numbers, per_s)
                took_s = time.monotonic() - began
                lost = len(load.lost())
                asked = {placed.number[-10:]: placed.at for placed in load.placed}
            tries = first_tries(self.carrier.records)
            setups = sorted(tries[number][1] - at for number, at in asked.items() if number in tries)
            reached = len(numbers) / took_s
            figures = f"{per_s:>6}{reached:>9.1f}{len(numbers):>7}{lost:>6}"
            print(
                f"{figures}{1000 * statistics.median(setups):>8.0f}{1000 * quantile(setups, 0.99):>8.0f}", flush=True
            )
            if lost or reached < 0.95 * per_s or quantile(setups, 0.99) > SLOW_S:
                return


def _left(tries: list[float], since: float) -> tuple[float, int]:
    """Give the time of the last try before the first long pause, and the number of tries after it."""
    for number, (at, after) in enumerate(pairwise([since, *tries, float("inf")])):
        if after - at > PROBE_S:
            return at, len(tries) - number
    return since, 0


def main() -> None:
    """Start everything, measure, and clean up."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--ill", type=at_least_one, default=20, help="seconds of each illness")
    options.add_argument("--per-second", type=at_least_one, default=5, help="calls a second")
    options.add_argument("--ramp", action="store_true", help="measure call set-ups a second instead")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as started:
        bench = Bench(Path(folder), started)
        print(f"{processor()}, Python {platform.python_version()}\n")
        if chosen.ramp:
            print("calls/s  reached  calls  lost  p50 ms  p99 ms", flush=True)
            bench.ramp()
            return
        print(f"{'':<20}  calls  lost  left s  probes again s  rung twice", flush=True)
        for name, pair in zip(ILLNESSES, bench.pairs.pairs.values(), strict=False):
            print(f"{name:<20}", end="", flush=True)
            bench.measure(pair, name, chosen.ill, chosen.per_second)


if __name__ == "__main__":
    main()
