"""Measure `exoswitch report`: its time and memory over a month of calls, in SQLite and in PostgreSQL.

    python benchmarks/report.py [--calls 1000000]

The month before has as many calls, which the report must not read. Then a CSV file with a record for each answered
call of the month is compared with them. Each command is a process of its own: its time is that of a user who waits,
with the start of Python, and its memory is the highest of the process.
"""

import argparse
import datetime as dt
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from attrs import evolve
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred

from exoswitch.call.session import CallStatus
from exoswitch.sessions.document import to_text
from exoswitch.sessions.notes import SESSION_COLUMNS
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.sessions.sqlite import SqliteDatabase
from exoswitch.telephony.indian_time import start_of

sys.path.append(str(Path(__file__).parents[1]))

from stored_calls import fill_postgres, fill_sqlite

from exoswitch.bench.machine import processor
from tests.harness.postgres_server import binaries, running
from tests.harness.prices import PRICES
from tests.harness.sessions import HUNG_UP, SESSION

MONTHS = (dt.date(2026, 3, 1), dt.date(2026, 4, 1))
DAYS = 30
FROM, TO = "2026-04-01", "2026-04-30"
CONFIG = """
sessions: {address}
asterisks:
  - {{name: pbx1, ami: "tcp:127.0.0.1:1", username: exoswitch, secret: hush, host: 127.0.0.1}}
trunks:
  - {{name: lab, provider: sip, host: 127.0.0.1, channels: 1000, cost: {{rate: "0.20", rental: 250}}}}
"""
PROGRAM = """
import sys
from exoswitch.cli import main
main(sys.argv[1:])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
"""
COMMANDS = {
    "month by trunk": ("--from", FROM, "--to", TO),
    "month by app": ("--from", FROM, "--to", TO, "--by", "app"),
    "one day": ("--from", FROM, "--to", FROM),
}


def rows(calls: int) -> Iterator[tuple[object, ...]]:
    """Give the rows of so many calls, in the order of SESSION_COLUMNS: half of them answered, of 35 s."""
    rng, ended = random.Random(1), evolve(SESSION, trunk="lab", answered_at=SESSION.created_at + 8)
    ended = ended.ended(HUNG_UP, ended.answered_at + 35.25, 35.25)
    document = to_text(evolve(ended, charge=PRICES.charge(ended)))
    for number in range(calls):
        month = MONTHS[number * len(MONTHS) // calls]
        at = start_of(month) + rng.random() * DAYS * 86_400
        is_answered = number % 2 == 0
        values = {
            "call_sid": f"{number:032x}",
            "account": f"acme{number % 7}",
            "direction": "outbound-api",
            "status": (CallStatus.COMPLETED if is_answered else CallStatus.BUSY).value,
            "customer": number_of(number),
            "exophone": "+918047491899",
            "gateway": "gw1",
            "trunk": "lab",
            "app": f"app{number % 40}",
            "created_at": at,
            "updated_at": at + 43.25,
            "answered_at": at + 8 if is_answered else None,
            "ended_at": at + 43.25,
            "talked_ms": 35_250 if is_answered else 0,
            "billed_s": 60 if is_answered else 0,
            "cost": 200_000 if is_answered else 0,
            "currency": "INR",
            "baseline": 500_000 if is_answered else 0,
            "baseline_currency": "INR",
            "parent_call_sid": None,
            "second_number": None,
            "price": None,
            "sequence": number,
            "document": document,
        }
        yield tuple(values[name] for name in SESSION_COLUMNS)


def number_of(call: int) -> str:
    """Give the number that a call dialled."""
    return f"+9198{call:08d}"


def write_cdr(path: Path, calls: int) -> int:
    """Write the carrier's records of the month, in a random order; give their number."""
    place = {name: number for number, name in enumerate(SESSION_COLUMNS)}
    lines = [
        f"{row[place['customer']][3:]},{row[place['answered_at']] + 0.5:.3f},36,0.20\n"
        for row in rows(calls)
        if row[place["answered_at"]] is not None and row[place["created_at"]] >= start_of(MONTHS[1])
    ]
    random.Random(2).shuffle(lines)
    path.write_text("Called Number,Answer Time,Duration,Amount\n" + "".join(lines))
    return len(lines)


def measure(what: str, config: Path, *options: str) -> None:
    """Run the command; print its time, its memory and its last line."""
    began = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "report", str(config), *options], capture_output=True, text=True, check=False
    )
    taken_s, memory_mb = time.monotonic() - began, int(ran.stderr.split()[-2]) / 1024
    print(f"  {what:<28} {taken_s:6.1f} s, {memory_mb:4.0f} MB: {ran.stdout.splitlines()[-1][:60]}", flush=True)


async def measure_all(name: str, address: str, database: object, fill: Callable[[], None], calls: int) -> None:
    """Fill a database, and run all commands on it."""
    await database.open()
    database.close()
    began = time.monotonic()
    fill()
    print(f"{name}: {calls:,} calls, written in {time.monotonic() - began:.0f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        config, cdr = Path(folder) / "gateway.yaml", Path(folder) / "cdr.csv"
        config.write_text(CONFIG.format(address=address))
        for what, options in COMMANDS.items():
            measure(what, config, *options)
        count = write_cdr(cdr, calls)
        measure(f"{count:,} carrier's records", config, "--carrier-cdr", str(cdr), "--trunk", "lab")


async def main(_reactor: object) -> None:
    """Measure both databases."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=1_000_000, help="in the month (1000000)")
    calls = options.parse_args().calls * len(MONTHS)
    bin_folder = binaries() or sys.exit("needs PostgreSQL: apt install postgresql")
    print(f"Python {platform.python_version()}, {processor()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.db"
        fill = partial(fill_sqlite, path, rows(calls))
        await measure_all("SQLite", f"sqlite:///{path}", SqliteDatabase(path, reactor), fill, calls)
    with running(bin_folder) as server:
        address = server.new_database()
        fill = partial(fill_postgres, address, rows(calls), (dt.date(2026, 2, 1), *MONTHS))
        await measure_all("PostgreSQL", address, PostgresDatabase(address, reactor), fill, calls)


if __name__ == "__main__":
    task.react(lambda chosen: Deferred.fromCoroutine(main(chosen)))
