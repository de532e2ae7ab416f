"""Delayed calls and open sockets of this process, so that a test can be blamed for those that it leaves behind."""

import functools
import os
import sys

from twisted.internet.base import ReactorBase

from tests.harness.e2e import ports

# autobahn's timer, which serves all connections of the process and cannot be cancelled.
HARMLESS = "_BatchedTimer."

_reactors: list[ReactorBase] = []  # those that the running test has made; all are for real sockets
_make = ReactorBase.__init__


@functools.wraps(_make)
def _made(reactor: ReactorBase) -> None:
    _make(reactor)
    _reactors.append(reactor)


ReactorBase.__init__ = _made  # type: ignore[method-assign]


def begin() -> set[object]:
    """Give the delayed calls and the sockets that exist before a test."""
    _reactors.clear()
    return _delayed_calls() | _open_sockets()


def since(before: set[object]) -> list[str]:
    """Name the delayed calls and the sockets that the test has left behind."""
    left = map(str, (_delayed_calls() | _open_sockets()) - before)
    return [one for one in left if HARMLESS not in one]


def _delayed_calls() -> set[object]:
    installed = sys.modules.get("twisted.internet.reactor")
    reactors = [*_reactors, installed] if installed else _reactors
    return {call for reactor in reactors for call in reactor.getDelayedCalls()}


def _open_sockets() -> set[object]:
    links = set()
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - pathlib costs a second in all
        try:
            links.add(os.readlink(f"/proc/self/fd/{number}"))  # noqa: PTH115 - a link to no path
        except FileNotFoundError:  # the descriptor of listdir itself
            continue
    return {link for link in links if link.startswith("socket:")} - ports.lock()
