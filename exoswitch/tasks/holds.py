"""Adapter: calls whose dialer does not have the reply to `connect` yet: nothing is told of them until then."""

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

HELD_S = 10.0
"""The longest hold: a dialer that does not read its reply must not keep the callback."""


@define(eq=False)
class Holds:
    """The calls that are held, each for `HELD_S` at most."""

    _clock: IReactorTime
    _held: dict[str, IDelayedCall] = field(factory=dict, init=False)
    _waiting: dict[str, list[Deferred[None]]] = field(factory=dict, init=False)

    def hold(self, call_sid: str) -> None:
        """Hold a call until `release`."""
        if call_sid not in self._held:
            self._held[call_sid] = self._clock.callLater(HELD_S, self._end, call_sid)

    def release(self, call_sid: str) -> None:
        """End the hold of a call; of one that is not held, nothing happens."""
        timer = self._held.get(call_sid)
        if timer is not None:
            timer.cancel()
            self._end(call_sid)

    async def wait(self, call_sid: str) -> None:
        """Wait for the end of the hold of a call, if it is held."""
        if call_sid in self._held:
            ended: Deferred[None] = Deferred()
            self._waiting.setdefault(call_sid, []).append(ended)
            await ended

    def stop(self) -> None:
        """End all holds."""
        for call_sid in tuple(self._held):
            self.release(call_sid)

    def _end(self, call_sid: str) -> None:
        del self._held[call_sid]
        for ended in self._waiting.pop(call_sid, ()):
            ended.callback(None)
