"""Measures status callbacks: all delivered, in order in each call, and none late because another receiver is down.

    python benchmarks/callbacks.py [--calls 1000] [--per-s 50] [--store sqlite|postgres]

Calls answer and end at an even pace, and each asks for both callbacks. Ten servers of dialers, in a process of their
own, receive them: eight work, one answers every second request with 500, one hangs for the first `HANGS_S` and then
works. The time counts from the note of the event, and includes its transaction. The pause before the second attempt
is 0.1 s in place of 5 minutes.
"""

import argparse
import json
import multiprocessing
import platform
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from arguments import at_least_one
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.task import deferLater

from exoswitch.bench.machine import processor
from exoswitch.call.session import BotTarget, CallStatus, Direction, Ending, Session
from exoswitch.call.status_callback import StatusCallback
from exoswitch.exotel.callbacks.outgoing import Outgoing
from exoswitch.exotel.callbacks.status_callbacks import StatusCallbacks
from exoswitch.network.reach import UNLIMITED
from exoswitch.network.reactor_names import ReactorNames
from exoswitch.outbox.delivery import RetryRules
from exoswitch.outbox.postgres import PostgresOutbox
from exoswitch.outbox.recoverer import Recoverer
from exoswitch.outbox.sender import Sender
from exoswitch.outbox.sqlite import SqliteOutbox
from exoswitch.sessions.durable import DurableSessions
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase
from exoswitch.sim.latency import quantile
from exoswitch.tasks.holds import Holds
from exoswitch.telemetry.memory import MemoryMetrics

sys.path.append(str(Path(__file__).parents[1]))

from tests.harness.postgres_server import binaries, running
from tests.harness.receivers import OK, Received, Receiver, reply

WORK, FAILS, HANGS = range(8), 8, 9
RECEIVERS = 10
HANGS_S = 20.0
EVENTS = ("answered", "terminal")
TALK_S = 0.3
PATIENCE_S = 200.0
ENDED = Ending(status=CallStatus.COMPLETED, reason="the caller hung up", cause=16)

Told = tuple[int, str, str, float, bool]
"""A receiver, a SID, an event, when it came (monotonic), and whether it was accepted."""


def receive(ports: Any, told: Any) -> None:
    """Run the receivers in this process: send their ports, and then each callback."""
    reactor = EPollReactor()
    reactor.seconds = time.monotonic
    began, failures = time.monotonic(), Counter[int]()

    def answer(number: int, request: Received) -> bytes | None:
        document = json.loads(request.body)
        hangs = number == HANGS and time.monotonic() - began < HANGS_S
        failures[number] += 1
        fails = number == FAILS and failures[number] % 2 == 1
        told.put((number, document["CallSid"], document["EventType"], time.monotonic(), not (hangs or fails)))
        return None if hangs else reply("500 Sorry") if fails else OK

    servers = [
        Receiver(reactor, lambda request, number=number: answer(number, request)) for number in range(RECEIVERS)
    ]
    ports.put([server.port.getHost().port for server in servers])
    reactor.run(installSignalHandlers=False)


@define(eq=False)
class Sending:
    """A gateway's part for callbacks, over a database."""

    reactor: Any
    database: Any
    outbox: Any
    folder: Path
    metrics: MemoryMetrics = field(factory=MemoryMetrics)
    store: DurableSessions = field(init=False)
    recoverer: Recoverer = field(init=False)

    def __attrs_post_init__(self) -> None:
        reactor = self.reactor
        self.store = DurableSessions(
            self.database,
            Journal(self.folder / "journal", 10**8),
            keep_s=1e9,
            clock=reactor,
            wall_clock=time.time,
            in_thread=lambda work, *arguments: deferLater(reactor, 0, work, *arguments),
            metrics=self.metrics,
        )
        outgoing = Outgoing(reactor, names=ReactorNames(reactor), reach=lambda: UNLIMITED)
        callbacks = StatusCallbacks(outgoing, lambda _account: (), time.time)
        rules = RetryRules(first_s=0.1)
        sender = Sender(
            deliver=callbacks.deliver,
            settle=self.outbox.settle,
            holds=Holds(reactor),
            rules=lambda: rules,
            clock=reactor,
            metrics=self.metrics,
        )
        self.recoverer = Recoverer(self.outbox, sender, reactor, self.metrics)

    async def run(self, calls: int, per_s: float, ports: list[int], noted: dict[tuple[str, str], float]) -> None:
        """Note all calls, and wait until each callback is delivered."""
        await self.store.startService()
        self.recoverer.startService()
        for number in range(calls):
            self._begin(number, ports[number % RECEIVERS], noted)
            await deferLater(self.reactor, 1 / per_s)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and (await self.outbox.backlog()).waiting:
            await deferLater(self.reactor, 0.2)
        await self.recoverer.stopService()
        await self.store.stopService()

    def _begin(self, number: int, port: int, noted: dict[tuple[str, str], float]) -> None:
        now = time.time()
        url = f"http://127.0.0.1:{port}/told?call={number}"
        session = Session(
            call_sid=f"call{number:06d}",
            account=f"acme{number % RECEIVERS}",
            direction=Direction.OUTBOUND,
            customer="+919812345610",
            exophone="+918047491899",
            bot=BotTarget(url="ws://bot.example.org/ws"),
            created_at=now - 5,
            updated_at=now,
            callback=StatusCallback(url=url, events=EVENTS, content="json"),
        )
        answered = session.progressed(CallStatus.IN_PROGRESS, now)
        self._note(answered, "answered", noted)
        self.reactor.callLater(
            TALK_S, lambda: self._note(answered.ended(ENDED, time.time(), TALK_S), "terminal", noted)
        )

    def _note(self, session: Session, event: str, noted: dict[tuple[str, str], float]) -> None:
        noted[session.call_sid, event] = time.monotonic()
        self.store.note(session)


def report(calls: int, noted: dict[tuple[str, str], float], told: list[Told]) -> None:
    """Print what was delivered, in which order, and how soon."""
    accepted = [one for one in told if one[4]]
    events: dict[str, list[str]] = defaultdict(list)
    for _, sid, event, _, _ in accepted:
        events[sid].append(event)
    ordered = sum(tuple(dict.fromkeys(of_call)) == EVENTS for of_call in events.values())
    doubled = len(accepted) - len({(sid, event) for _, sid, event, _, _ in accepted})
    print(f"callbacks {len(noted)}, delivered {len(accepted) - doubled}, doubled {doubled}, attempts {len(told)}")
    print(f"calls with both callbacks in order: {ordered} of {calls}")
    for name, receivers in (("work", WORK), ("fails half the time", (FAILS,)), ("hangs, then works", (HANGS,))):
        waits = sorted(at - noted[sid, event] for number, sid, event, at, _ in accepted if number in receivers)
        if waits:
            p50, p99, longest = (quantile(waits, share) for share in (0.5, 0.99, 1.0))
            print(
                f"{name:<20} {len(waits):>5} delivered, after p50 {p50:.2f} s, p99 {p99:.2f} s, max {longest:.2f} s"
            )


def measure(asked: argparse.Namespace, address: str, folder: Path) -> None:
    """Deliver all callbacks once, and report."""
    context = multiprocessing.get_context("fork")
    ports, queue = context.Queue(), context.Queue()
    child = context.Process(target=receive, args=(ports, queue), daemon=True)
    child.start()
    reactor = EPollReactor()
    reactor.seconds = time.monotonic
    if address:
        database, outbox = PostgresDatabase(address, reactor), PostgresOutbox(address, reactor, "gw1 1")
    else:
        path = folder / "calls.db"
        database, outbox = SqliteDatabase(path, reactor), SqliteOutbox(path, reactor, "gw1 1")
    sending = Sending(reactor, database, outbox, folder)
    noted: dict[tuple[str, str], float] = {}
    where = ports.get()
    outcome: list[Any] = []

    def begin() -> None:
        running_it = Deferred.fromCoroutine(sending.run(asked.calls, asked.per_s, where, noted))
        running_it.addBoth(outcome.append).addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)
    if outcome[0] is not None:
        outcome[0].raiseException()
    told = []
    while not queue.empty():
        told.append(queue.get())
    child.terminate()
    report(asked.calls, noted, told)


def main() -> None:
    """Measure with the store that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=at_least_one, default=1000)
    parser.add_argument("--per-s", type=float, default=50.0)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    asked = parser.parse_args()
    print(f"{processor()}, Python {platform.python_version()}, {asked.store}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if asked.store == "sqlite":
            measure(asked, "", Path(folder))
            return
        bin_folder = binaries() or sys.exit("needs PostgreSQL: apt install postgresql")
        with running(bin_folder) as postgres:
            measure(asked, postgres.new_database(), Path(folder))


if __name__ == "__main__":
    main()
