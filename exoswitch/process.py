"""Root: the process that the program runs in: its clock, its garbage collector, its open files, its exit status."""

import atexit
import gc
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger

from exoswitch.config.model import Config

_LOG = Logger(namespace="exoswitch")
_DESCRIPTORS_PER_CALL = 3  # an RTP port, a bot, and its resolver or its trace
_OTHER_DESCRIPTORS = 128
_TURN_OF_A_THREAD_S = 0.0005
_NEVER = 2**31 - 1


def use_monotonic_time(reactor: Any, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Let a reactor schedule by the monotonic clock; call it before anything is scheduled.

    A reactor's own clock is the wall clock, and a step of that back in time stops every timer and every call's
    audio for as long (Twisted issue 2424, open since 2007).
    """
    reactor.seconds = monotonic


def freeze_start(reactor: Any) -> None:
    """Let Python's garbage collector pass over the modules and everything else that exists once the reactor runs.

    These 110,000 objects live as long as the process. A full collection that walks them stops the audio of all calls
    for 100 ms (measured on Python 3.11), and any flood of requests sets one off.

    The thresholds stay Python's own. With 200 calls that were replaced 1,500 times, a collection of the second
    generation took at most 2 ms; with 2,000, 5,000 and 10,000 in place of 700 it took 8, 44 and 171 ms. What costs is
    the cycles of calls that are over, so the media of a call has none.
    """

    def freeze() -> None:
        gc.collect()
        gc.freeze()

    reactor.callWhenRunning(freeze)


@contextmanager
def behind_audio() -> Iterator[None]:
    """Do long work in a thread so that the reactor's thread comes first.

    At each of its packets the reactor's thread waits until this one lets it go on, 5 ms by default, and a full
    garbage collection that this one sets off stops both. While a file of 250 kB was read, audio waited 87 ms; now
    13 ms (measured on Python 3.11, 2 cores).

    The collections of young objects go on. Without them, the first one afterwards walks all that the work has made:
    30 ms after a reload of 5,000 accounts, and now 7 ms at most.
    """
    before, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(_TURN_OF_A_THREAD_S)
    gc.set_threshold(*thresholds[:2], _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(before)


def reserve_descriptors(config: Config) -> None:
    """Raise this process's limit of open files to its need: a common default, 1024, is some 300 calls."""
    needed = config.gateway.capacity * _DESCRIPTORS_PER_CALL + config.http_limits.connections + _OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        _LOG.warn(
            "this process may open {allowed} files, and gateway.capacity and http_limits.connections need {needed}: "
            "raise LimitNOFILE of its systemd unit, or the hard limit (ulimit -Hn)",
            allowed=allowed,
            needed=needed,
        )


def end_with_error(reactor: Any, problem: str) -> None:
    """Stop the reactor in order, and end the process with status 1 and a message.

    twistd itself ends with status 0, and then a supervisor such as systemd takes the end for a success.
    """
    _LOG.critical("{problem}", problem=problem)
    atexit.register(_exit, problem)
    with suppress(ReactorNotRunning):  # it is already stopping
        reactor.stop()


def _exit(problem: str) -> None:
    print(problem, file=sys.__stderr__)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(1)
