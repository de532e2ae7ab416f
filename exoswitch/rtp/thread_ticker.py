"""Adapter: the 20 ms tick of all calls in a thread of the compiled plane: a blocked reactor does not delay it."""

from collections.abc import Callable
from typing import Protocol

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.errors import CannotStart
from exoswitch.rtp.ticker import Lateness, LatenessOfTicks

_REVIEW_S = 1.0


class ThreadTicks(Protocol):
    """The ticks of a plane in a thread; see `_plane.Ticking`."""

    @property
    def skipped(self) -> int:
        """The number of ticks that were left out: the machine was too slow, or the reactor hung for 10 s and more."""

    def fileno(self) -> int:
        """Give a descriptor that can be read when there is something to deliver."""

    def start(self) -> None:
        """Begin; an OSError says that the kernel gives no thread."""

    def stop(self) -> None:
        """End, after the tick in progress."""

    def deliver(self) -> None:
        """Tell of all that the ticks found."""

    def take_lateness_s(self) -> list[float]:
        """Give how late the ticks began since the last call."""


@implementer(IReadDescriptor)
@define(eq=False)
class ThreadTicker:
    """Runs the ticks, and delivers what they found in the reactor's turns; `observe` is told how late each began."""

    _reactor: IReactorFDSet
    _ticks: ThreadTicks
    _observe: Callable[[float], None]
    _lateness: LatenessOfTicks = field(factory=LatenessOfTicks, init=False)
    _review: IDelayedCall | None = field(default=None, init=False)

    _log = Logger()

    def start(self) -> None:
        """Start; the first tick is 20 ms from now.

        Raises:
            CannotStart: the kernel gives this process no thread.
        """
        try:
            self._ticks.start()
        except OSError as problem:
            raise CannotStart(
                f"the media plane gets no thread of its own: {problem.strerror}",
                "Raise the limit of this user's processes (ulimit -u; LimitNPROC and TasksMax of a systemd unit), or "
                "set rtp.tick to reactor.",
            ) from problem
        self._reactor.addReader(self)
        self._look_again()

    def stop(self) -> None:
        """Stop, after the tick in progress, and deliver what it found; without effect if it is not running."""
        self._reactor.removeReader(self)
        if self._review is not None and self._review.active():
            self._review.cancel()
        self._review = None
        self._ticks.stop()
        self.doRead()
        self._note_lateness()

    @property
    def skipped(self) -> int:
        """The number of ticks that were left out; see `ThreadTicks`."""
        return self._ticks.skipped

    def lateness(self) -> Lateness:
        """Summarise the lateness of ticks, up to a second ago; this sorts the last minute's."""
        return self._lateness.summary()

    def _look_again(self) -> None:
        self._note_lateness()
        self._review = IReactorTime(self._reactor).callLater(_REVIEW_S, self._look_again)

    def _note_lateness(self) -> None:
        for late_s in self._ticks.take_lateness_s():
            self._observe(late_s)
            self._lateness.note(late_s)

    # --- called by the reactor

    def doRead(self) -> None:
        """Deliver; an error must not end it, because the reactor drops a reader that fails."""
        try:
            self._ticks.deliver()
        except Exception:  # noqa: BLE001 - the audio of all calls depends on the next delivery
            self._log.failure("the delivery of the media ticks failed")

    def fileno(self) -> int:
        """Give the descriptor that wakes the reactor."""
        return self._ticks.fileno()

    def logPrefix(self) -> str:
        """Name it in Twisted's log."""
        return "ticks"

    def connectionLost(self, reason: Failure) -> None:
        """Note that the reactor is stopping: the service stops the ticks itself."""
