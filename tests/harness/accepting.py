"""A program that saves sessions until it is killed, and prints the SID of each one when it is saved."""

import sys
from itertools import count
from pathlib import Path

from attrs import evolve

from exoswitch.sessions.sqlite import SqliteDatabase
from tests.harness.sessions import SESSION
from tests.harness.sim_live import run
from tests.harness.stores import durable


async def accept(reactor):
    """Save one session after another."""
    path = Path(sys.argv[1])
    store = durable(SqliteDatabase(path, reactor), path.with_suffix(".notes"), reactor)
    await store.startService()
    for number in count():
        await store.save(evolve(SESSION, call_sid=f"c{number}"))
        sys.stdout.write(f"c{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run(accept, patience_s=60)
