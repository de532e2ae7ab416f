"""Measure the session store over SQLite and PostgreSQL: its cost, and its losses in an outage.

    python benchmarks/sessions.py [--seconds 10] [--outage 12]

The benchmark starts a PostgreSQL on the loopback interface; a real network adds one round trip. A call is a save, a
claim and five notes. There are four parts:

1. A hundred calls a second at even intervals. `memory` keeps nothing, so its CPU time is the benchmark's own.
2. A burst of as many notes as may wait at once, into each database, and into the journal while a database is away.
3. The reads of a gateway that restarts with 1,000 live calls.
4. An outage under a hundred calls a second: PostgreSQL is stopped or paused; another process locks SQLite's file. A
   note or a confirmed save that is not in the tables afterwards is lost.
"""

import argparse
import platform
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from attrs import define, evolve, field
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, fail, gatherResults, maybeDeferred
from twisted.internet.threads import deferToThread

from exoswitch.call.session import CallStatus
from exoswitch.errors import BackendUnavailable
from exoswitch.sessions.durable import DurableSessions
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.memory import MemorySessions
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase
from exoswitch.sim.latency import quantile
from exoswitch.telemetry.memory import MemoryMetrics

sys.path.append(str(Path(__file__).parents[1]))

from arguments import duration_s

from exoswitch.bench.machine import processor
from tests.harness.postgres_server import PostgresServer, binaries, running
from tests.harness.sessions import HUNG_UP, SESSION

RATE_HZ = 100
NOTE_EVERY_S = 0.3
STEPS = (CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS, CallStatus.IN_PROGRESS)  # the end follows
BURST = 16_000
LIVE = 1000
READS = 10
BACK_WITHIN_S = 60.0
EVENTS = "SELECT call_sid, happened_at FROM events"
CLAIMS = "SELECT call_sid FROM claims"


class Away:
    """A database that cannot be opened."""

    name = "away"

    def open(self) -> Deferred[None]:
        return fail(BackendUnavailable("it is away"))

    def close(self) -> None:
        pass


@define(eq=False)
class InSqlite:
    """A SQLite file, and its kinds of outage."""

    path: Path
    _other: sqlite3.Connection | None = None

    def database(self) -> SqliteDatabase:
        return SqliteDatabase(self.path, reactor)

    def rows(self, query: str) -> list[tuple]:
        connection = sqlite3.connect(self.path)
        found = connection.execute(query).fetchall()
        connection.close()
        return found

    @property
    def outages(self) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
        return {"locked": (self._lock, self._unlock)}

    def _lock(self) -> None:
        self._other = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._other.execute("BEGIN IMMEDIATE")

    def _unlock(self) -> None:
        self._other.close()


@define(eq=False)
class InPostgres:
    """A database on a server, and its kinds of outage."""

    server: PostgresServer
    address: str

    def database(self) -> PostgresDatabase:
        return PostgresDatabase(self.address, reactor)

    def rows(self, query: str) -> list[tuple]:
        return self.server.query(self.address.rpartition("/")[2], query)

    @property
    def outages(self) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
        server = self.server
        return {"stopped": (server.stop, server.start), "paused": (server.pause, server.resume)}


@define(eq=False)
class Load:
    """Calls at even intervals, and the rows that they must leave."""

    store: object
    name: str
    saves_ms: list[float] = field(factory=list)
    claims_ms: list[float] = field(factory=list)
    events: Counter[str] = field(factory=Counter)
    claimed: set[str] = field(factory=set)
    refused: int = 0
    calls: int = 0

    async def run(self, seconds: float) -> None:
        """Begin calls for some seconds, and wait until they have ended."""
        calls = []
        due = time.monotonic()
        end = due + seconds
        while due < end:
            await task.deferLater(reactor, max(0.0, due - time.monotonic()))
            calls.append(Deferred.fromCoroutine(self._call()))
            due += 1 / RATE_HZ
        await gatherResults(calls)

    async def _call(self) -> None:
        self.calls += 1
        now = time.time()
        session = evolve(SESSION, call_sid=f"{self.name}-{self.calls}", created_at=now, updated_at=now)
        sid = session.call_sid
        try:
            await timed(self.saves_ms, self.store.save(session))
        except BackendUnavailable:
            self.refused += 1
            return
        self.events[sid] += 1
        try:
            assert await timed(self.claims_ms, self.store.claim(sid, self.name))
            self.claimed.add(sid)
        except BackendUnavailable:
            pass  # A gateway would ask again; the call goes on.
        for status in STEPS:
            await task.deferLater(reactor, NOTE_EVERY_S)
            session = evolve(session, status=status, updated_at=time.time())
            self._note(session)
        await task.deferLater(reactor, NOTE_EVERY_S)
        self._note(session.ended(HUNG_UP, time.time()))

    def _note(self, session: object) -> None:
        self.store.note(session)
        self.events[session.call_sid] += 1

    def missing(self, kind: InSqlite | InPostgres) -> tuple[int, int]:
        """Give how many records are missing from the tables, and how many are doubled."""
        rows = [row for row in kind.rows(EVENTS) if row[0] in self.events]
        distinct = Counter(call_sid for call_sid, _ in set(rows))
        lost = sum(max(0, count - distinct[sid]) for sid, count in self.events.items())
        lost += len(self.claimed - {sid for (sid,) in kind.rows(CLAIMS)})
        return lost, len(rows) - len(set(rows))


async def timed(waits_ms: list[float], asked: Deferred) -> object:
    """Wait for an answer, and add its time to a list."""
    began = time.perf_counter()
    answer = await asked
    waits_ms.append(1000 * (time.perf_counter() - began))
    return answer


def durable(database: object, folder: Path, metrics: MemoryMetrics | None = None) -> DurableSessions:
    """Give a store over a database, with its journal in a folder."""
    return DurableSessions(
        database,
        Journal(folder, 1_000_000_000),
        keep_s=1e9,
        clock=reactor,
        wall_clock=time.time,
        in_thread=deferToThread,
        metrics=metrics or MemoryMetrics(),
    )


async def measure_calls(what: str, store: object, seconds: float) -> None:
    """Make calls at an even pace; print the CPU time and the waits of one."""
    await maybeDeferred(store.startService)
    load = Load(store, f"even-{what}")
    cpu_s = time.process_time()
    await load.run(seconds)
    cpu_ms = 1000 * (time.process_time() - cpu_s) / load.calls
    assert load.refused == 0, "the database was away"
    print(f"{what:<10} {load.calls} calls: CPU {cpu_ms:.2f} ms a call{figures(load)}", flush=True)
    await maybeDeferred(store.stopService)


def figures(load: Load) -> str:
    """Give the waits as text."""
    return "".join(
        f"; {word} p50 {quantile(sorted(waits), 0.5):.1f}, p99 {quantile(sorted(waits), 0.99):.1f} ms"
        for word, waits in (("save", load.saves_ms), ("claim", load.claims_ms))
    )


async def measure_burst(what: str, store: DurableSessions, metrics: MemoryMetrics) -> None:
    """Note as many sessions as may wait at once; print how fast they are written."""
    await store.startService()
    now = time.time()
    sessions = [evolve(SESSION, call_sid=f"b{at // 4}", created_at=now, updated_at=now) for at in range(BURST)]
    began, cpu_s = time.perf_counter(), time.process_time()
    for session in sessions:
        store.note(session)
    await store.stopService()
    taken_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_s
    assert metrics.counts["session_notes_dropped_total"] == 0, "notes were lost"
    print(f"{what:<10} {BURST / taken_s:.0f} events a second, CPU {1e6 * cpu_s / BURST:.0f} us each", flush=True)


async def measure_reading(what: str, kind: InSqlite | InPostgres, folder: Path) -> None:
    """Read many live calls several times; print the time."""
    writer, reader = durable(kind.database(), folder), durable(kind.database(), folder)
    await writer.startService()
    now = time.time()
    live = [evolve(SESSION, call_sid=f"live{at}", gateway="gw1", created_at=now - at) for at in range(LIVE)]
    for session in live:
        writer.note(session)
    await writer.stopService()
    await reader.startService()
    asks: dict[str, Callable[[], Awaitable]] = {
        "recall": lambda: reader.recall([session.call_sid for session in live]),
        "unfinished": lambda: reader.unfinished("gw1"),
    }
    for word, ask in asks.items():
        waits: list[float] = []
        for _ in range(READS):
            assert len(await timed(waits, ask())) == LIVE
        print(f"{what:<10} {word} of {LIVE} live calls: p50 {quantile(sorted(waits), 0.5):.0f} ms", flush=True)
    await reader.stopService()


async def measure_outage(what: str, how: str, kind: InSqlite | InPostgres, folder: Path, outage_s: float) -> None:
    """Interrupt a database under load; print how much was refused, lost or doubled."""
    metrics = MemoryMetrics()
    store = durable(kind.database(), folder, metrics)
    await store.startService()
    load = Load(store, f"{what}-{how}")
    leave, come_back = kind.outages[how]
    loading = Deferred.fromCoroutine(load.run(outage_s + 15.0))
    await task.deferLater(reactor, 3.0)
    await deferToThread(leave)
    try:
        await task.deferLater(reactor, outage_s)
    finally:
        await deferToThread(come_back)
    await loading
    deadline = time.monotonic() + BACK_WITHIN_S
    while not store.ready or any(folder.iterdir()):  # noqa: ASYNC240 - the measurement is over
        assert time.monotonic() < deadline, "the journal stays"
        await task.deferLater(reactor, 0.1)
    await store.stopService()
    lost, doubled = load.missing(kind)
    counts = metrics.counts
    print(
        f"{what:<10} {how} for {outage_s:g} s: of {sum(load.events.values())} events and {len(load.claimed)} claims "
        f"{lost} lost, {doubled} doubled; {load.refused} of {load.calls} calls refused, "
        f"{counts['session_outages_total']} outages, {counts['session_notes_replayed_total']} notes from the journal",
        flush=True,
    )


async def measure(folder: Path, server: PostgresServer, seconds: float, outage_s: float) -> None:
    """Run all parts, and print the results."""
    print(f"{processor()}, Python {platform.python_version()}\n", flush=True)
    journals = (folder / f"journal{number}" for number in range(100))
    kinds = {"sqlite": InSqlite(folder / "calls.db"), "postgresql": InPostgres(server, server.new_database())}
    await measure_calls("memory", MemorySessions(), seconds)
    for what, kind in kinds.items():
        await measure_calls(what, durable(kind.database(), next(journals)), seconds)
    for what, make in {**{what: kind.database for what, kind in kinds.items()}, "journal": Away}.items():
        metrics = MemoryMetrics()
        await measure_burst(what, durable(make(), next(journals), metrics), metrics)
    for what, kind in kinds.items():
        await measure_reading(what, kind, next(journals))
    for what, kind in kinds.items():
        for how in kind.outages:
            journal = next(journals)
            journal.mkdir()
            await measure_outage(what, how, kind, journal, outage_s)


async def main(_reactor: object) -> None:
    """Start PostgreSQL, measure, and stop it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=duration_s, default=10.0)
    options.add_argument(
        "--outage", type=duration_s, default=12.0, help="seconds; more than 10, the limit of an answer"
    )
    chosen = options.parse_args()
    bin_folder = binaries() or sys.exit("needs PostgreSQL: apt install postgresql")
    with tempfile.TemporaryDirectory() as folder, running(bin_folder) as server:
        await measure(Path(folder), server, chosen.seconds, chosen.outage)


if __name__ == "__main__":
    reactor.seconds = time.monotonic
    task.react(lambda chosen: Deferred.fromCoroutine(main(chosen)))
