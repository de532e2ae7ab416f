"""Kills a gateway at random moments around the ends of calls, and counts lost, contradicted and doubled callbacks.

    python benchmarks/callbacks_killed.py [--kills 50] [--seed 1]

A real gateway runs over SQLite, with a simulated Asterisk and a bot. In each round a dialer places calls that end in
several ways, the gateway is killed (SIGKILL) within the time in which they end, and starts again. A callback is lost
if an accepted call never had one for its end. It is contradicted if two of them tell different ends, if an answer
is told after the end, or if the REST API shows another status than the end that was told.
"""

import argparse
import json
import platform
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from arguments import at_least_one
from attrs import define, field
from machine import processor

from exoswitch.sim.asterisk import read_script

sys.path.append(str(Path(__file__).parents[1]))

from tests.harness.fleet.far_side import FarSide
from tests.harness.fleet.gateway import Gateway
from tests.harness.fleet.lone import ask_callbacks, lone_gateway, unsettled
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


@define(eq=False)
class Ledger:
    """What dialers were told of each call, in its order: events with their statuses."""

    told: dict[str, list[tuple[str, str]]] = field(factory=lambda: defaultdict(list))

    def receive(self, request: Received) -> bytes:
        """Take one callback."""
        document = json.loads(request.body)
        self.told[document["CallSid"]].append((document["EventType"], document["Status"]))
        return OK

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
    kills: int = 0

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
        self.kills += 1
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
        callbacks = Counter((sid, *told) for sid, of_call in self.ledger.told.items() for told in of_call)
        doubled = sum(count - 1 for count in callbacks.values())
        ends = Counter(self.ledger.end_of(sid) for sid in self.accepted)
        print(f"kills {self.kills}, calls accepted {len(self.accepted)}, ends told {dict(ends)}")
        print(f"callbacks {callbacks.total()}: lost {len(lost)}, contradicted {len(contradicted)}, doubled {doubled}")
        for sid in (*lost, *contradicted):
            print(f"  {sid}: {self.ledger.told.get(sid)}")


def main() -> None:
    """Start everything, kill the gateway again and again, and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=at_least_one, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=240.0, help="begin no further round after this time")
    asked = parser.parse_args()
    print(f"{processor()}, Python {platform.python_version()}\n", flush=True)
    far_side, ledger = FarSide(("pbx1",)), Ledger()
    far_side.start()
    (asterisk,) = far_side.asterisks.values()
    for number, script in SCRIPTS.items():
        asterisk.scripts[f"+91{number[1:]}"] = asterisk.scripts[number] = read_script(script)
    receiver = far_side.do(lambda: Receiver(asterisk.reactor, ledger.receive))
    with tempfile.TemporaryDirectory() as folder:
        gateway = lone_gateway(Path(folder) / "gw1", far_side)
        trial = Trial(gateway, far_side, ledger, receiver.url(), random.Random(asked.seed))
        try:
            gateway.start()
            gateway.wait_until_ready()
            ends_at = time.monotonic() + asked.seconds
            while trial.kills < asked.kills and time.monotonic() < ends_at:
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
