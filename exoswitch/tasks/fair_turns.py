"""Adapter: the work of many connections, in slices, so that none delays the others or a timer for long."""

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

BOTS_S = 0.005
TLS_S = 0.003
ASTERISKS_S = 0.004
HTTP_S = 0.002
"""Of one turn of the reactor, for the work that each kind of peer causes: together, three quarters of a tick."""

HTTP_REST = 2
"""After its time, HTTP rests for twice as long: a flood of requests takes a third of one core."""

_SLICE_S = 0.0005  # of one worker, before it is another's turn


class Worker(Protocol):
    """Work that can be done in small parts, as data of a connection comes."""

    def work(self) -> bool:
        """Do one part, of bounded cost; say whether another can be done now."""

    def pause(self) -> None:
        """Take no further data until `resume`: the work that has come has to wait."""

    def resume(self) -> None:
        """Take data again: all work is done."""

    def give_up(self, why: str) -> None:
        """End the connection: its work failed."""


class FairTurns:
    """Does work at once while there is time in this turn of the reactor, and in later turns beyond it.

    `turn_s` is the time of one turn. The next turn comes after `rest` times the time that this one took.

    Work that waits is done in slices, one worker after the other. A worker that waits is paused. The time of all
    workers counts from one turn that was scheduled here to the next, so it can end before the reactor's turn does.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, turn_s: float, *, rest: float = 0, slice_s: float = _SLICE_S) -> None:
        self._clock = clock
        self._now: Callable[[], float] = clock.seconds
        self._turn_s = turn_s
        self._rest = rest
        self._slice_s = slice_s
        self._spent_s = 0.0
        self._waiting: dict[Worker, None] = {}  # in their order
        self._running: Worker | None = None
        self._next_turn: IDelayedCall | None = None

    def start(self, worker: Worker) -> None:
        """Do a worker's work: now, or after the work of those that wait."""
        if worker is self._running or worker in self._waiting:
            return
        if self._next_turn is None and self._running is None and not self._run(worker):
            return
        self.queue(worker)

    def queue(self, worker: Worker) -> None:
        """Do a worker's work in one of the next turns."""
        if worker not in self._waiting:
            self._waiting[worker] = None
            self._schedule()
            worker.pause()

    def _run(self, worker: Worker) -> bool:
        """Do one slice; say whether work is left."""
        self._running = worker
        began = now = self._now()
        is_left = True
        try:
            while is_left and now - began < self._slice_s:
                is_left = worker.work()
                now = self._now()
        except Exception:  # noqa: BLE001 - an error in one connection must not stop the others
            self._log.failure("the work of a connection failed")
            is_left = False
            worker.give_up("an error in the gateway")
        finally:
            self._running = None
        self._spent_s += now - began
        if self._spent_s >= self._turn_s:
            self._schedule()
        return is_left

    def _schedule(self) -> None:
        if self._next_turn is None:
            self._next_turn = self._clock.callLater(self._rest * self._spent_s, self._turn)

    def _turn(self) -> None:
        self._next_turn = None
        self._spent_s = 0.0
        while self._waiting and self._spent_s < self._turn_s:
            worker = next(iter(self._waiting))
            del self._waiting[worker]
            if self._run(worker):
                self._waiting[worker] = None
            else:
                worker.resume()
        if self._waiting:
            self._schedule()
