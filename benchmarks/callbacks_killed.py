"""Kills a gateway at random moments around the ends of calls, and counts lost, contradicted and doubled callbacks.

    python benchmarks/callbacks_killed.py [--kills 50] [--seed 1] [--store sqlite|postgres]

A real gateway runs with a simulated Asterisk and a bot. In each round a dialer places calls that end in several ways,
the gateway is killed (SIGKILL) within the time in which they end, and starts again. A callback is lost if an accepted
call never had one for its end. It is contradicted if two of them tell different ends, if an answer is told after the
end, or if the REST API shows another status than the end that was told.

The ack of a callback that came twice was in flight if the gateway was killed between the two, and the store, as the
dead gateway left it, did not have its mark yet. The report gives the times of each.
"""

import argparse
import json
import platform
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

from arguments import at_least_one
from attrs import define, field, frozen

from exoswitch.bench.machine import processor
from exoswitch.sim.asterisk import read_script

sys.path.append(str(Path(__file__).parents[1]))

from tests.harness.fleet.far_side import FarSide
from tests.harness.fleet.gateway import Gateway
from tests.harness.fleet.lone import ask_callbacks, left_leased, lone_gateway, unsettled
from tests.harness.postgres_server import binaries, running
from tests.harness.receivers import OK, Received, Receiver

SCRIPTS = {
    "09812345601": "answer-after=0.1 babble hangup-after=0.5",
    "09812345602": "answer-after=0.2 babble hangup-after=1.0",
    "09812345603": "answer-after=0.3 babble hangup-after=1.5",
    "09812345604": "busy-after=0.6",
    "09812345605": "answer-after=0.1 babble hangup-after=2.0",
}
LONGEST_S = 2.4  # from the first request until the last end
FINAL = {"completed", "failed", "busy", "no-answer", "canceled"}
SETTLED_S = 60.0


@frozen
class Receipt:
    """When a callback was received, and when its answer was given to the socket; seconds of the monotonic clock."""

    received_at: float
    answered_at: float


@frozen
class Death:
    """One kill: the process was gone at `at`, and had leased callbacks whose delivery the store does not have."""

    at: float
    left: frozenset[tuple[str, str]]


@define(eq=False)
class Ledger:
    """What dialers were told of each call, in its order: events with their statuses; and when."""

    told: dict[str, list[tuple[str, str]]] = field(factory=lambda: defaultdict(list))
    receipts: dict[tuple[str, str], list[Receipt]] = field(factory=lambda: defaultdict(list))

    def receive(self, request: Received) -> bytes:
        """Take one callback."""
        received_at = time.monotonic()
        document = json.loads(request.body)
        sid, event = document["CallSid"], document["EventType"]
        self.told[sid].append((event, document["Status"]))
        self.receipts[sid, event].append(Receipt(received_at, time.monotonic()))
        return OK

    def doubled(self) -> Iterator[tuple[tuple[str, str], Receipt, Receipt]]:
        """Give each callback that came again, with the receipt before and the new one."""
        for key, receipts in self.receipts.items():
            for before, again in pairwise(receipts):
                yield key, before, again

    def end_of(self, sid: str) -> str:
        """Give the end that was told first, or an empty text."""
        return next((status for event, status in self.told.get(sid, ()) if event == "terminal"), "")

    def is_contradicted(self, sid: str) -> bool:
        """Whether callbacks of one call contradict each other."""
        told = list(dict.fromkeys(self.told[sid]))
        ends = {status for event, status in told if event == "terminal"}
        return len(ends) > 1 or ("terminal" in {event for event, _ in told[:-1]} and told[-1][0] != "terminal")


@define(eq=False)
class Trial:
    """A gateway, its far side, and the calls that it has accepted."""

    gateway: Gateway
    far_side: FarSide
    ledger: Ledger
    callback_url: str
    chance: random.Random
    accepted: list[str] = field(factory=list)
    contradicted: set[str] = field(factory=set)
    deaths: list[Death] = field(factory=list)

    def round(self) -> None:
        """Place calls, kill the gateway while they end, and start it again."""
        for number in SCRIPTS:
            answer = self.gateway.place(
                number,
                self.far_side.bot.url,
                StatusCallback=self.callback_url,
                **ask_callbacks("answered", "terminal"),
            )
            if answer.status == 200:
                self.accepted.append(answer.call_sid)
        time.sleep(self.chance.uniform(0.0, LONGEST_S))
        self.gateway.kill()
        self.deaths.append(Death(time.monotonic(), left_leased(self.gateway)))
        self.gateway.start()
        self.gateway.wait_until_ready()
        self.look(self.accepted[-10:])

    def look(self, sids: list[str]) -> None:
        """Compare what the REST API shows with what was told before."""
        for sid in sids:
            end = self.ledger.end_of(sid)
            shown = self.gateway.show(sid)
            if end and shown.status == 200 and shown.body["Call"]["Status"] != end:
                self.contradicted.add(sid)

    def settle(self) -> None:
        """Wait until all calls have ended and nothing waits in the outbox."""
        deadline = time.monotonic() + SETTLED_S
        while time.monotonic() < deadline and any(unsettled(self.gateway)):
            time.sleep(0.5)
        self.look(self.accepted)

    def report(self) -> None:
        """Print the counts."""
        lost = [sid for sid in self.accepted if not self.ledger.end_of(sid)]
        contradicted = self.contradicted | {sid for sid in self.ledger.told if self.ledger.is_contradicted(sid)}
        callbacks = sum(map(len, self.ledger.told.values()))
        doubled = [*self.ledger.doubled()]
        ends = Counter(self.ledger.end_of(sid) for sid in self.accepted)
        print(f"kills {len(self.deaths)}, calls accepted {len(self.accepted)}, ends told {dict(ends)}")
        print(f"callbacks {callbacks}: lost {len(lost)}, contradicted {len(contradicted)}, doubled {len(doubled)}")
        for sid in (*lost, *contradicted):
            print(f"  {sid}: {self.ledger.told.get(sid)}")
        for (sid, event), before, again in doubled:
            print(f"  {sid} {event} came twice: {explain(self.deaths, (sid, event), before, again)}")


def explain(deaths: list[Death], key: tuple[str, str], before: Receipt, again: Receipt) -> str:
    """Say whether the gateway died with the ack of a doubled callback in flight, and give the times."""
    death = max((death for death in deaths if death.at < again.received_at), key=lambda death: death.at, default=None)
    if death is None or key not in death.left:
        return f"NOT IN FLIGHT, again {again.received_at - before.received_at:.3f} s later"
    answered_ms, received_ms = (1000 * (death.at - at) for at in (before.answered_at, before.received_at))
    return (
        f"ack in flight: received {received_ms:.1f} ms, answered {answered_ms:.1f} ms before the gateway was dead; "
        f"not marked in the store; sent again {again.received_at - death.at:.2f} s after"
    )


def main() -> None:
    """Start everything, kill the gateway again and again, and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=at_least_one, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seconds", type=float, default=240.0, help="begin no further round after this time")
    asked = parser.parse_args()
    print(f"{processor()}, Python {platform.python_version()}, {asked.store}\n", flush=True)
    far_side, ledger = FarSide(("pbx1",)), Ledger()
    far_side.start()
    (asterisk,) = far_side.asterisks.values()
    for number, script in SCRIPTS.items():
        asterisk.scripts[f"+91{number[1:]}"] = asterisk.scripts[number] = read_script(script)
    receiver = far_side.do(lambda: Receiver(asterisk.reactor, ledger.receive))
    with ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory())
        keys = {}
        if asked.store == "postgres":
            bin_folder = binaries() or sys.exit("needs PostgreSQL: apt install postgresql")
            keys["sessions"] = held.enter_context(running(bin_folder)).new_database()
        gateway = lone_gateway(Path(folder) / "gw1", far_side, **keys)
        trial = Trial(gateway, far_side, ledger, receiver.url(), random.Random(asked.seed))
        try:
            gateway.start()
            gateway.wait_until_ready()
            ends_at = time.monotonic() + asked.seconds
            while len(trial.deaths) < asked.kills and time.monotonic() < ends_at:
                trial.round()
            trial.settle()
            trial.report()
            for complaint in gateway.complaints():
                print(f"  in the log: {complaint}")
        finally:
            gateway.kill()
            far_side.do(receiver.stop)
            far_side.stop()


if __name__ == "__main__":
    main()
