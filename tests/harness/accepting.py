"""A program that saves sessions for ever, and writes the SID of each as soon as it is told that it is kept."""

import sys
import time
from itertools import count
from pathlib import Path

from attrs import evolve

from exoswitch.sessions.durable import DurableSessions
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.sqlite import SqliteDatabase
from exoswitch.telemetry.counters import MemoryMetrics
from tests.harness.sessions import SESSION
from tests.harness.sim_live import run


async def accept(reactor):
    """Save one session after the other."""
    path = Path(sys.argv[1])
    store = DurableSessions(
        SqliteDatabase(path, reactor),
        Journal(path.with_suffix(".notes"), 1_000_000),
        keep_s=1e10,
        clock=reactor,
        wall_clock=time.time,
        in_thread=None,
        metrics=MemoryMetrics(),
    )
    await store.start()
    for number in count():
        await store.save(evolve(SESSION, call_sid=f"c{number}"))
        sys.stdout.write(f"c{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run(accept, patience_s=60)
