"""Adapter: one call to a bot: its connection, its media leg and its caller."""

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
    """A call. `dial` begins it; the Deferreds of `ended` fire when its connection is gone."""

    tape: Tape
    _clock: IReactorTime
    _leg: IMediaLeg = field(init=False)
    _connection: IBotConnection = field(init=False)
    _over: Deferred[None] = field(factory=Deferred, init=False)

    def dial(self, bots: IBots, start: StreamStart, leg: IMediaLeg) -> None:
        """Connect to the bot. After it accepts, its audio goes through this leg."""
        self._leg = leg
        self._connection = bots.connect(start, leg, self)

    def ended(self) -> Deferred[None]:
        """Wait until the connection is gone."""
        waiting: Deferred[None] = Deferred()
        self._over.addCallback(waiting.callback)  # a waiter that is cancelled does not cancel the others
        return waiting

    # --- the caller's actions

    def pressed(self, digit: str) -> None:
        """Send a key to the bot."""
        self._connection.send_digit(digit, round(1000 * KEY_PRESS_S))

    def hung_up(self) -> None:
        """Hang up, or give up a call that the bot has not accepted. Does nothing when the call is over."""
        if self.tape.closed_at is None:
            self.tape.hung_up(self._clock.seconds())
            self._connection.close(StopReason.CALL_ENDED)
            self._leg.detach()

    # --- news of the connection

    def stream_opened(self) -> None:
        """Start the stream."""
        self.tape.opened_at = self._clock.seconds()
        self._connection.start()

    def stream_failed(self, error: str) -> None:
        """End the call: the bot cannot be reached, or refused."""
        self.tape.error = error
        self._end()

    def stream_closed(self, code: int | None, reason: str) -> None:
        """End the call: the connection is closed."""
        self.tape.code, self.tape.reason = code, reason
        self._end()

    def _end(self) -> None:
        self.tape.closed_at = self._clock.seconds()
        self._leg.close()
        self._over.callback(None)

    # --- news of the media

    def media_lost(self, silent_s: float) -> None:
        """Do nothing: a simulated phone is never silent."""

    def playout_began(self) -> None:
        """Do nothing: the tape tells when the bot spoke."""

    def playout_overflowed(self, dropped_ms: int) -> None:
        """Count audio that was dropped because the bot sent more than the queue holds."""
        self.tape.dropped_ms += dropped_ms

    def playout_finished(self) -> None:
        """Do nothing: no leg drains here."""
