"""Measures the lost calls and the silence of callers when the gateway of their calls is killed.

    python benchmarks/takeover_asterisk.py [--calls 50] [--inbound]        # root; as for the tests in tests/e2e

Two gateways run as `twistd exoswitch` beside a real Asterisk, a real Redis and a real PostgreSQL, all on this
machine. The calls are on the first of them, their bots talk all the time, and it gets SIGKILL. A silence is the
longest time between two voice packets at a phone; those of the seconds before show what this machine itself costs.
"""

import argparse
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from arguments import at_least_one

from exoswitch.bench.machine import processor
from exoswitch.config.model import CallsConfig
from exoswitch.sim.latency import quantile
from tests.harness.e2e.asterisk_root import asterisk_root
from tests.harness.e2e.asterisk_server import AsteriskServer, lab_config
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.network import Network
from tests.harness.e2e.pair import EXOPHONE, Pair
from tests.harness.e2e.phone import Address, Phone
from tests.harness.e2e.ports import free_port
from tests.harness.e2e.talks import VOICE
from tests.harness.postgres_server import binaries, running

CALLS_A_S = 10
BEFORE_S = 2.0
AFTER_S = 5.0
PATIENCE_S = 30.0
STILL_HEARD_S = 0.5  # a call without a voice for that time is lost


class Bench:
    """Everything but the gateways: Asterisk, network, phones, bot."""

    def __init__(self, folder: Path, started: ExitStack, calls: int) -> None:
        self.calls = calls
        asterisk = AsteriskServer(asterisk_root(print), folder / "asterisk", lab_config(2 * calls, CallsConfig()))
        started.enter_context(asterisk)
        bin_folder = binaries() or sys.exit("needs PostgreSQL: apt install postgresql")
        postgres = started.enter_context(running(bin_folder))
        self.ami = started.enter_context(asterisk.login())
        self.phone = started.enter_context(Phone())
        self.bot = started.enter_context(Bot(port=free_port(), says=VOICE))
        self.network = Network(asterisk, self.ami, folder, started)
        self.pair = started.enter_context(Pair(folder, asterisk, postgres, self.bot.port))

    def call_out(self) -> list[Address]:
        """Let the first gateway place the calls; give the phone's lines."""
        answering = self.network.answer(self.phone)
        for number in range(self.calls):
            assert self.pair.first.place(f"0981234{number:04}", self.bot.url).status == 200, self.pair.first.log()
            time.sleep(1 / CALLS_A_S)
        answering.wait_for("ANSWERED", PATIENCE_S, count=self.calls)
        return list(self.phone.lines)

    def call_in(self) -> list[Address]:
        """Let the calls come in; give the phone's lines."""
        calling = self.network.many_calls(EXOPHONE, self.phone, count=self.calls, per_s=CALLS_A_S)
        calling.wait_for("ANSWERED", PATIENCE_S, count=self.calls)
        return list(self.phone.lines)

    def silences_s(self, lines: list[Address], since: float) -> list[float]:
        """Give the longest silence of each line since a moment, the shortest first."""
        return sorted(self.phone.longest_silence_s(line, since) for line in lines)

    def lost(self, lines: list[Address]) -> int:
        """Count the lines without a voice."""
        since = time.monotonic() - STILL_HEARD_S
        return sum(not any(packet.is_voice for packet in self.phone.came_on(line, since=since)) for line in lines)


def measure(bench: Bench, *, inbound: bool) -> None:
    """Make the calls on the only gateway, then start a second one and kill the first."""
    pair = bench.pair
    pair.second.stop()
    lines = bench.call_in() if inbound else bench.call_out()
    pair.start(pair.second)
    pair.wait_until_settled()
    time.sleep(BEFORE_S)
    assert pair.holders() == {pair.first.name: bench.calls}, pair.holders()
    report("before", bench.lost(lines), bench.silences_s(lines, time.monotonic() - BEFORE_S))
    killed_at = time.monotonic()
    pair.first.kill()
    time.sleep(AFTER_S)
    report("killed", bench.lost(lines), bench.silences_s(lines, killed_at))
    print(f"\nplaces held: {dict(pair.holders())}, sessions in progress: {len(pair.records.live())}")


def report(moment: str, lost: int, silences_s: list[float]) -> None:
    """Print a line of the table."""
    figures = "".join(f"{1000 * quantile(silences_s, share):>9.0f}" for share in (0.5, 0.99, 1.0))
    print(f"{moment:<8}{len(silences_s):>7}{lost:>7}{figures}", flush=True)


def main() -> None:
    """Start everything, measure, and clean up."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=at_least_one, default=50)
    options.add_argument("--inbound", action="store_true", help="measure inbound calls instead of outbound ones")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as started:
        bench = Bench(Path(folder), started, chosen.calls)
        direction = "inbound" if chosen.inbound else "outbound"
        print(f"{processor()}, Python {platform.python_version()}; {direction}; longest silences in ms\n")
        print(f"{'':<8}{'calls':>7}{'lost':>7}{'p50':>9}{'p99':>9}{'max':>9}", flush=True)
        try:
            measure(bench, inbound=chosen.inbound)
        except AssertionError:
            print(bench.pair.logs(), file=sys.stderr)
            raise


if __name__ == "__main__":
    main()
