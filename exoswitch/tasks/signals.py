"""Adapter: the signals that this process gets."""

import signal
from collections.abc import Callable, Mapping
from signal import Signals
from types import FrameType
from typing import Any


def on_signals(reactor: Any, actions: Mapping[Signals, Callable[[Signals], object]]) -> None:
    """Do something on each of these signals, in the reactor's thread, from the start of the reactor on.

    Twisted sets its own handlers of SIGINT and SIGTERM when the reactor starts; these take their place.
    """

    def received(number: int, _frame: FrameType | None) -> None:
        reactor.callFromThread(actions[Signals(number)], Signals(number))

    def install() -> None:
        for number in actions:
            signal.signal(number, received)

    reactor.addSystemEventTrigger("after", "startup", install)
