"""The compiled plane gets no memory, or the kernel watches no further socket. Every call goes on."""

import os
import subprocess

import pytest

from tests.harness.native_leg import COMPILER, IS_SANITIZED, ROOT, SANITIZERS

ROOMS = [ROOT / "native" / room for room in ("audio", "bytes", "machine", "rtp", "tls", "ws")]
WRAPPED = ("malloc", "realloc", "epoll_ctl")
ENVIRONMENT = {**os.environ, "LD_PRELOAD": ""}  # the program has the sanitizer in it

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Give a function that runs a case, and gives the lines that it wrote."""
    program = tmp_path_factory.mktemp("refused") / "plane_refused"
    sources = [ROOT / "tests" / "harness" / "plane_refused.c", *(path for room in ROOMS for path in room.glob("*.c"))]
    flags = ["-std=gnu11", "-O0", "-g", "-Wall", "-Wextra", *(SANITIZERS if IS_SANITIZED else [])]
    links = [*(f"-Wl,--wrap={name}" for name in WRAPPED), "-lm", "-lpthread", "-ldl"]
    subprocess.run([COMPILER, *flags, *(f"-I{room}" for room in ROOMS), *sources, *links, "-o", program], check=True)

    def told(case):
        words = [program, case]
        ran = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()

    return told


@pytest.mark.parametrize(
    ("case", "event"),
    [
        ("a bot that is gone", "socket"),
        ("a bot that does not read", "socket"),
        ("an end of a drain", "finished"),
        ("a heard remote", "connect"),
    ],
)
def test_an_event_without_memory_is_told_in_the_next_tick_and_once(told, case, event):
    assert told(case) == ["without:", f"with: {event}", "with:"]


def test_a_bots_socket_waits_for_python_again_after_an_event_without_memory(told):
    assert told("a frame for python") == ["without:", "with: socket", "more: 0", "with: socket", "with:"]


def test_a_silence_of_the_caller_is_told_once_there_is_memory(told):
    assert told("a silence") == ["with:", "without:", "with: lost", "with:"]


def test_a_connection_to_a_bot_ends_where_its_bytes_have_no_memory(told):
    assert told("bytes of the bot") == ["without: socket", "0 bytes, and the end"]


def test_a_connection_to_a_bot_ends_where_bytes_for_it_have_no_memory(told):
    first, second, received = told("bytes for the bot")
    assert (first, second) == ("told: 1", "told: 0")
    assert received.endswith("bytes, and the end")


def test_a_socket_that_the_kernel_does_not_watch_keeps_its_bytes_for_the_stream(told):
    assert told("a watch of a bot") == ["served: 0", "with:", "4 bytes"]


def test_a_call_that_the_kernel_does_not_watch_leaves_the_plane(told):
    assert told("a watch of a call") == ["added: 0", "with:", "with:"]
