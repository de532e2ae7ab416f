"""The queue of what the ticks of a call found, in C: bounded while Python takes nothing, and always in order."""

import os
import random
import shutil
import subprocess
from collections import deque
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = shutil.which(os.environ.get("CC", "cc"))

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    program = tmp_path_factory.mktemp("events") / "events"
    sources = [ROOT / "tests" / "harness" / "events.c", ROOT / "native" / "rtp" / "events.c"]
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'native' / 'rtp'}"]
    subprocess.run([COMPILER, *flags, *sources, "-o", program], check=True)
    return program


def told(program, slots, steps):
    """Give what the queue told of these steps, and its rooms for events and for messages after them."""
    ran = subprocess.run([program, str(slots), steps], capture_output=True, text=True, check=True)
    *lines, room, slots = ran.stdout.splitlines()
    return lines, int(room.removeprefix("room ")), int(slots.removeprefix("slots "))


def expected(slots, steps):
    """Give what a queue of unlimited memory tells."""
    waiting, lines, number = deque(), [], 0
    for step in steps:
        messages = [event for event in waiting if event[0] == "m"]
        if step in "mk":
            waiting.append(f"{step}{number}")
            number += 1
            if step == "m" and len(messages) == slots:
                waiting.remove(messages[0])
                lines.append("dropped")
        elif step == "t" and waiting:
            lines.append(waiting.popleft())
        elif step in "sp":
            wanted = messages if step == "s" else [event for event in waiting if event[0] == "k"]
            if wanted:
                waiting.remove(wanted[0])
                lines.append(wanted[0])
    return lines


def test_dropped_messages_leave_nothing_behind(program):
    lines, room, slots = told(program, 42, "kk" + 50_000 * "m" + 60 * "t")
    assert room <= 64
    assert slots == 43
    assert lines == 49_958 * ["dropped"] + ["k0", "k1"] + [f"m{number}" for number in range(49_960, 50_002)]


def test_events_that_nobody_takes_are_bounded(program):
    lines, room, _ = told(program, 42, 20_000 * "k" + "m" + "tt")
    assert room == 8192
    assert lines == ["dropped", "k0", "k1"]


def test_memory_for_messages_is_taken_as_they_wait(program):
    assert [told(program, 42, 100 * ("m" * waiting + "t" * waiting))[2] for waiting in (1, 2, 3, 20)] == [3, 3, 6, 24]


@pytest.mark.parametrize("seed", range(8))
def test_events_keep_their_order_and_their_count(program, seed):
    rng = random.Random(seed)
    slots = rng.randint(2, 9)
    steps = "".join(rng.choices("mktsp", [6, 2, rng.randint(1, 6), 1, 1], k=800)) + 1000 * "t"
    lines, *_ = told(program, slots, steps)
    assert lines == expected(slots, steps)
