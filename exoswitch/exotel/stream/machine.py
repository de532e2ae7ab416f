"""Core: the states of one attempt to reach a bot, and of the stream that follows.

::

    handshaking ── OPENED ──► open ── START ──► started
         │                      └─ Close, CLOSING ─┴──► closing ── Lost ──► closed
         └── Failed, Close, Lost ─────────────────────────────────────────► closed

`open` and `started` go straight to `closed` when the connection is lost. `advance` is the whole table.
"""

from enum import Enum, auto

from attrs import frozen

from exoswitch.call.effects import StopReason
from exoswitch.exotel.stream.observer import Side


class State(Enum):
    """The life of a connection to a bot."""

    HANDSHAKING = auto()
    OPEN = auto()
    STARTED = auto()
    CLOSING = auto()
    CLOSED = auto()


class Signal(Enum):
    """The inputs without data: handshake done, stream begun by the call, closing handshake begun by either side."""

    OPENED = auto()
    START = auto()
    CLOSING = auto()


@frozen
class Failed:
    """The bot was not reached in time, or at all."""

    why: str


@frozen
class Close:
    """The call ends the stream, with a `stop` message if there is a reason for one."""

    stop: StopReason | None


@frozen
class Lost:
    """The connection is gone; `by` is the side that ended it."""

    code: int | None
    reason: str
    by: Side


class Do(Enum):
    """The effects without data.

    `REPORT_OPENED` tells the call that the bot can be started; `BEGIN` sends `connected` and `start` and attaches the
    leg. `GIVE_UP` stops dialling and tells the call in the next turn of the reactor. `END_MEDIA` counts the caller's
    audio that was dropped, `PLAY_REST` plays the end of the bot's audio, `LIMIT_CLOSING` times the closing handshake.
    """

    REPORT_OPENED = auto()
    BEGIN = auto()
    GIVE_UP = auto()
    END_MEDIA = auto()
    PLAY_REST = auto()
    LIMIT_CLOSING = auto()


Input = Signal | Failed | Close | Lost
Effect = Do | Failed | Close | Lost
"""An input as an effect: report that the attempt failed, disconnect, report that the connection is gone."""


def advance(state: State, event: Input) -> tuple[State, tuple[Effect, ...]]:  # noqa: C901, PLR0911 - the table
    """Give the state after an input, and the effects to carry out in it; a pair that is not listed has none."""
    match state, event:
        case State.HANDSHAKING, Signal.OPENED:
            return State.OPEN, (Do.REPORT_OPENED,)
        case State.HANDSHAKING, Failed(why) | Lost(reason=why):
            return State.CLOSED, (Failed(why),)
        case State.HANDSHAKING, Close():
            return State.CLOSED, (Do.GIVE_UP,)
        case State.OPEN, Signal.START:
            return State.STARTED, (Do.BEGIN,)
        case State.OPEN, Close():
            return State.CLOSING, (Close(None),)
        case State.STARTED, Close():
            return State.CLOSING, (Do.END_MEDIA, event)
        case State.STARTED, Signal.CLOSING:
            return State.CLOSING, (Do.END_MEDIA, Do.PLAY_REST, Do.LIMIT_CLOSING)
        case ((State.OPEN | State.CLOSING), Signal.CLOSING):
            return State.CLOSING, (Do.LIMIT_CLOSING,)
        case State.STARTED, Lost():
            return State.CLOSED, (Do.END_MEDIA, event)
        case ((State.OPEN | State.CLOSING), Lost()):
            return State.CLOSED, (event,)
        case _:
            return state, ()
