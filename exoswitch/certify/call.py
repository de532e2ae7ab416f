"""Adapter: one call to a bot: the connection, the line, and the caller who hangs up in the end."""

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from exoswitch.call.effects import StopReason
from exoswitch.call.stream_start import StreamStart
from exoswitch.certify.tape import Tape
from exoswitch.interfaces.bots import IBotConnection, IBots, IStreamListener
from exoswitch.interfaces.media import IMediaLeg, IMediaListener
from exoswitch.sim.script import KEY_PRESS_S


@implementer(IStreamListener, IMediaListener)
@define(eq=False)
class Call:
    """A call that has begun to dial with `dial`, and is over when `ended` says so."""

    tape: Tape
    _clock: IReactorTime
    _leg: IMediaLeg | None = field(default=None, init=False)
    _connection: IBotConnection | None = field(default=None, init=False)
    _is_over: bool = field(default=False, init=False)
    _waiting: list[Deferred[None]] = field(factory=list, init=False)

    def dial(self, bots: IBots, start: StreamStart, leg: IMediaLeg) -> None:
        """Call the bot; once it has accepted, its audio goes through this leg."""
        self._leg = leg
        self._connection = bots.connect(start, leg, self)

    def ended(self) -> Deferred[None]:
        """Wait until the connection is gone."""
        waiting: Deferred[None] = Deferred()
        if self._is_over:
            waiting.callback(None)
        else:
            self._waiting.append(waiting)
        return waiting

    # --- what the caller does

    def pressed(self, digit: str) -> None:
        """Tell the bot of a key."""
        if self._connection is not None:
            self._connection.send_digit(digit, round(1000 * KEY_PRESS_S))

    def hung_up(self) -> None:
        """End the call as a caller does, or give it up before it was accepted; harmless once it is over."""
        if self._connection is None or self._is_over:
            return
        self.tape.hung_up(self._clock.seconds())
        self._connection.close(StopReason.CALL_ENDED)
        if self._leg is not None:
            self._leg.detach()

    # --- what becomes of the connection

    def stream_opened(self) -> None:
        """Begin to talk."""
        self.tape.opened(self._clock.seconds())
        if self._connection is not None and self._leg is not None:
            self._connection.start()
            self._leg.attach(self._connection)

    def stream_failed(self, error: str) -> None:
        """There will be no call."""
        self.tape.failed(error, self._clock.seconds())
        self._end()

    def stream_closed(self, code: int | None, reason: str) -> None:
        """The call is over."""
        self.tape.closed(code, reason, self._clock.seconds())
        self._end()

    def _end(self) -> None:
        self._is_over = True
        if self._leg is not None:
            self._leg.close()
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    # --- what the media plane noticed

    def media_lost(self, silent_s: float) -> None:
        """Do nothing: a simulated phone is never away."""

    def playout_overflowed(self, dropped_ms: int) -> None:
        """Note that the bot sent more than is kept."""
        self.tape.dropped_ms += dropped_ms

    def playout_finished(self) -> None:
        """Do nothing: no line is told to drain."""
