"""Measure the list of calls: a page of 100 among a million, in SQLite and in PostgreSQL, with different filters.

    python benchmarks/calls_list.py [--calls 1000000] [--pages 40]

All calls are of one account and one month, half of them answered. Each page goes the whole way of a request but for
HTTP: the parameters are read, the store searches, and the page is written as JSON. The CPU time is that of the
reactor's thread, so it leaves out the database's.

Then a hundred calls a second are saved, without lists and with lists that follow each other without a pause: lists
must not delay the saves.
"""

import argparse
import datetime as dt
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from attrs import define, evolve
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from exoswitch.exotel.rest.calls import CallReads, no_links
from exoswitch.exotel.rest.endpoint import Asked
from exoswitch.exotel.rest.form import Form
from exoswitch.interfaces.routing import Account
from exoswitch.sessions.document import to_text
from exoswitch.sessions.durable import DurableSessions
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.notes import SESSION_COLUMNS
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase
from exoswitch.sim.latency import quantile
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.telephony.indian_time import start_of
from exoswitch.web.parameters import Parameters

sys.path.append(str(Path(__file__).parents[1]))

from arguments import at_least_one
from stored_calls import fill_postgres, fill_sqlite

from exoswitch.bench.machine import processor
from tests.harness.postgres_server import binaries, running
from tests.harness.prices import PRICES
from tests.harness.sessions import HUNG_UP, SESSION

MONTH = dt.date(2026, 4, 1)
BEGIN = start_of(MONTH)
MONTH_S = 30 * 86_400
NOW = BEGIN + MONTH_S + 60
PEOPLE = 200_000
RARE = 2000
"""One call of so many is busy, and another one is long and dear, or came to another exophone."""

RATE_HZ = 100
SAVING_S = 8.0
ACCOUNT = Account(name="acme1", api_key="k", api_token="", apps={}, numbers={}, dial_prefixes=("+91",))
PAGES: Mapping[str, Mapping[str, str]] = {
    "no filter": {},
    "a day": {"DateCreated": "gte:2026-04-10 00:00:00;lte:2026-04-10 23:59:59"},
    "oldest first": {"SortBy": "DateCreated:asc"},
    "a page in the middle": {"After": ""},
    "half of all: Status=completed": {"Status": "completed"},
    "all: To of one number": {"To": "08047491899"},
    "few: Status=busy": {"Status": "busy"},
    "few: From of one number": {"From": "+919800000077"},
    "few: From of five numbers": {"From": ",".join(f"+91980000{at:04}" for at in range(5))},
    "few: Duration=gte:3000s": {"Duration": "gte:3000s"},
    "few: Price=gte:5": {"Price": "gte:5"},
    "few: PhoneNumber": {"PhoneNumber": "08047491800"},
    "none: Status=canceled": {"Status": "canceled"},
    "none: Price=gte:500": {"Price": "gte:500"},
    "Sid of 100": {"Sid": ",".join(f"{at:032x}" for at in range(0, 100_000, 1000))},
}


def rows(calls: int) -> Iterator[tuple[object, ...]]:
    """Give the rows of so many calls, in the order of SESSION_COLUMNS."""
    rng = random.Random(1)
    ended = evolve(SESSION, trunk="lab", exophone="+918047491899", answered_at=SESSION.created_at + 8)
    ended = ended.ended(HUNG_UP, SESSION.created_at + 43.25, 35.25)
    document = to_text(evolve(ended, charge=PRICES.charge(ended)))
    for number in range(calls):
        at = round(BEGIN + rng.random() * MONTH_S, 3)
        is_rare = number % RARE == 1
        is_answered = number % 2 == 0 or is_rare
        status = "completed" if is_answered else "busy" if number % RARE == 3 else "no-answer"
        values = {
            "call_sid": f"{number:032x}",
            "account": ACCOUNT.name,
            "direction": "outbound-api",
            "status": status,
            "customer": f"+9198{number % PEOPLE:08d}",
            "exophone": "+918047491800" if is_rare else "+918047491899",
            "gateway": "gw1",
            "trunk": "lab",
            "app": "1001",
            "created_at": at,
            "updated_at": at + 43.25,
            "answered_at": at + 8 if is_answered else None,
            "ended_at": at + 43.25,
            "talked_ms": 3_100_000 if is_rare else 35_250 if is_answered else 0,
            "billed_s": 60 if is_answered else 0,
            "cost": 10_400_000 if is_rare else 200_000 if is_answered else 0,
            "currency": "INR",
            "baseline": 500_000 if is_answered else 0,
            "baseline_currency": "INR",
            "sequence": number,
            "document": document.replace('"c1"', f'"{number:032x}"', 1).replace(f"{SESSION.created_at}", f"{at}", 1),
        }
        yield tuple(values.get(name) for name in SESSION_COLUMNS)


@define(eq=False)
class Dialer:
    """A client of the account, in this process."""

    store: DurableSessions
    reads: CallReads

    @classmethod
    def of(cls, store: DurableSessions) -> "Dialer":
        """Make one; a store searches as a gateway's calls do."""
        return cls(store, CallReads(store, reactor, no_links))

    async def page(self, **parameters: str) -> Mapping[str, object]:
        """Ask for a page, and have it written."""
        asked = Asked(
            account=ACCOUNT,
            parameters=Parameters.of({"PageSize": "100", **parameters}.items()),
            path={},
            form=Form.JSON,
            base_url="http://gw",
            now=NOW,
        )
        answered = await self.reads.list(asked)
        Form.JSON.write(answered.document)
        return answered.document


async def measure_pages(dialer: Dialer, pages: int) -> None:
    """Ask for each kind of page several times; print its times."""
    middle = (await dialer.page(DateCreated="lte:2026-04-15 00:00:00"))["Metadata"]["NextPageUri"]
    place = {"After": middle.rpartition("After=")[2]}
    for what, wanted in PAGES.items():
        parameters = place if "After" in wanted else wanted
        waits_ms, cpu_s = [], 0.0
        for _ in range(pages):
            began, used = time.perf_counter(), time.thread_time()
            found = await dialer.page(**parameters)
            waits_ms.append(1000 * (time.perf_counter() - began))
            cpu_s += time.thread_time() - used
        waits_ms.sort()
        times = f"p50 {quantile(waits_ms, 0.5):6.1f} ms, p99 {quantile(waits_ms, 0.99):6.1f} ms"
        print(f"  {what:<30} {times}, CPU {1000 * cpu_s / pages:4.1f} ms, {len(found['Calls'])} calls", flush=True)


async def measure_saves(dialer: Dialer, *, is_listing: bool) -> None:
    """Save calls at an even pace, with lists or without; print the times of saves."""
    waits_ms: list[float] = []
    until = time.monotonic() + SAVING_S
    listed = 0

    async def save(number: int) -> None:
        now = time.time()
        began = time.perf_counter()
        sid = f"saved{is_listing:d}{number}"
        await dialer.store.save(evolve(SESSION, call_sid=sid, account="other1", created_at=now, updated_at=now))
        waits_ms.append(1000 * (time.perf_counter() - began))

    async def list_all() -> None:
        nonlocal listed
        while time.monotonic() < until:
            await dialer.page(Price="gte:500")  # it reads the whole index
            listed += 1

    listing = Deferred.fromCoroutine(list_all()) if is_listing else None
    saving = []
    while time.monotonic() < until:
        saving.append(Deferred.fromCoroutine(save(len(saving))))
        await task.deferLater(reactor, 1 / RATE_HZ)
    for saved in (*saving, *filter(None, [listing])):
        await saved
    waits_ms.sort()
    beside = f"{listed / SAVING_S:.1f} of the slowest lists a second" if is_listing else "no lists"
    times = f"p50 {quantile(waits_ms, 0.5):.1f} ms, p99 {quantile(waits_ms, 0.99):.1f} ms"
    print(f"  save of a call with {beside}: {times}", flush=True)


async def measure_all(
    name: str, make: Callable[[], object], fill: Callable[[], None], calls: int, pages: int
) -> None:
    """Fill a database, and measure it."""
    database = make()
    await database.open()
    database.close()
    began = time.monotonic()
    fill()
    print(f"{name}: {calls:,} calls, written in {time.monotonic() - began:.0f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        store = DurableSessions(
            make(),
            Journal(Path(folder), 1_000_000_000),
            keep_s=1e9,
            clock=reactor,
            wall_clock=time.time,
            in_thread=deferToThread,
            metrics=MemoryMetrics(),
        )
        await store.startService()
        dialer = Dialer.of(store)
        await measure_pages(dialer, pages)
        for is_listing in (False, True):
            await measure_saves(dialer, is_listing=is_listing)
        await store.stopService()


async def main(_reactor: object) -> None:
    """Measure both databases."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=at_least_one, default=1_000_000)
    options.add_argument("--pages", type=at_least_one, default=40, help="of each kind (40)")
    options.add_argument("--only", choices=["sqlite", "postgresql"], help="one of the two databases")
    chosen = options.parse_args()
    bin_folder = binaries() or sys.exit("needs PostgreSQL: apt install postgresql")
    print(f"Python {platform.python_version()}, {processor()}", flush=True)
    if chosen.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "calls.db"
            make, fill = partial(SqliteDatabase, path, reactor), partial(fill_sqlite, path, rows(chosen.calls))
            await measure_all("SQLite", make, fill, chosen.calls, chosen.pages)
    if chosen.only != "sqlite":
        with running(bin_folder) as server:
            address = server.new_database()
            make, fill = (
                partial(PostgresDatabase, address, reactor),
                partial(fill_postgres, address, rows(chosen.calls), (dt.date(2026, 3, 1), MONTH)),
            )
            await measure_all("PostgreSQL", make, fill, chosen.calls, chosen.pages)


if __name__ == "__main__":
    task.react(lambda chosen: Deferred.fromCoroutine(main(chosen)))
