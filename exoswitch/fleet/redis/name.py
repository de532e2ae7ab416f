"""Adapter: this gateway's name in the fleet: whether this process has it, and the services that wait for it."""

from collections.abc import Callable, Sequence
from urllib.parse import unquote

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

KILLED_S = 1.2
"""How long a name may still belong to a killed process: longer than a heartbeat lasts."""

UNANSWERED_S = 2.0
"""How long a gateway that starts waits for Redis before it works without it."""


@define(eq=False)
class Name:
    """The name of one gateway: of this process, of another process, or not known yet.

    A process that has just started may meet the last heartbeat of a killed one. A process that has had the name and
    is refused has been replaced. `on_taken` is called once, with the host and the process that has the name.
    """

    _clock: IReactorTime
    _is_redis_up: Callable[[], bool]
    _on_taken: Callable[[str], None]
    is_ours: bool = field(default=False, init=False)
    _was_ours: bool = field(default=False, init=False)
    _may_be_used: bool = field(default=False, init=False)
    _refused_since: float | None = field(default=None, init=False)
    _is_told: bool = field(default=False, init=False)
    _waiting: list[Deferred[None]] = field(factory=list, init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)

    @property
    def is_refused(self) -> bool:
        """Whether another process had the name at the last registration."""
        return self._refused_since is not None

    def wait(self) -> Deferred[None]:
        """Wait until this process has the name, or until Redis has not answered for long."""
        if self._may_be_used:
            return succeed(None)
        waiter: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiter)
        if self._timer is None:
            self._timer = self._clock.callLater(UNANSWERED_S, self._go_on_alone)
        return waiter

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def registered(self, words: Sequence[str]) -> None:
        """Take the answer of register.lua."""
        self.is_ours = words[0] != "taken"
        if self.is_ours:
            self._was_ours, self._refused_since, self._is_told = True, None, False
            self._release()
            return
        now = self._clock.seconds()
        if self._refused_since is None:
            self._refused_since = now
        is_killed_process_possible = not self._was_ours and now - self._refused_since < KILLED_S
        if not is_killed_process_possible and not self._is_told:
            self._is_told = True
            host, _, process = unquote(words[-1]).partition("@")[2].partition("/")
            self._on_taken(f"process {process} on {host}")

    def _go_on_alone(self) -> None:
        if self.is_refused and self._is_redis_up():
            self._timer = self._clock.callLater(UNANSWERED_S, self._go_on_alone)
        else:
            self._release()

    def _release(self) -> None:
        self._may_be_used = True
        self.stop()
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)
