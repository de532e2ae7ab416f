"""Core: the states of one attempt to reach a bot, and of the stream that follows.

::

    handshaking ── Opened ──► open ── Start ──► started
         │                      └─ Close, Closing ─┴──► closing ── Lost ──► closed
         └── Failed, Close, Lost ─────────────────────────────────────────► closed

`open` and `started` go straight to `closed` when the connection is lost. An input that a state does not list changes
nothing. `advance` is the whole table.
"""

from enum import Enum

from attrs import frozen

from exoswitch.call.effects import StopReason
from exoswitch.exotel.stream.observer import Side


class State(Enum):
    """The life of a connection to a bot."""

    HANDSHAKING = "handshaking"
    OPEN = "open"
    STARTED = "started"
    CLOSING = "closing"
    CLOSED = "closed"


# --- Inputs


@frozen
class Opened:
    """The handshake succeeded."""


@frozen
class Failed:
    """The bot was not reached, or not in time."""

    why: str


@frozen
class Start:
    """The call begins the stream."""


@frozen
class Close:
    """The call ends the stream, with a `stop` message if there is a reason for one."""

    stop: StopReason | None


@frozen
class Closing:
    """The closing handshake has begun, on either side."""


@frozen
class Lost:
    """The connection is gone; `by` is the side that ended it."""

    code: int | None
    reason: str
    by: Side


Input = Opened | Failed | Start | Close | Closing | Lost

# --- Effects


@frozen
class ReportOpened:
    """Tell the call that the bot can be started."""


@frozen
class ReportFailed:
    """Stop dialling, and tell the call why."""

    why: str


@frozen
class GiveUp:
    """Stop dialling, and tell the call in the next turn of the reactor."""


@frozen
class Begin:
    """Send `connected` and `start`, and connect the caller's audio."""


@frozen
class EndMedia:
    """Account for the caller's audio; with `play_rest`, play the end of the bot's audio that waits for more."""

    play_rest: bool = False


@frozen
class Disconnect:
    """Send `stop` if there is a reason, then close the WebSocket."""

    stop: StopReason | None


@frozen
class LimitClosing:
    """Limit the time of the closing handshake."""


@frozen
class ReportClosed:
    """Tell the call that the connection is gone."""

    lost: Lost


Effect = ReportOpened | ReportFailed | GiveUp | Begin | EndMedia | Disconnect | LimitClosing | ReportClosed


def advance(state: State, event: Input) -> tuple[State, tuple[Effect, ...]]:  # noqa: C901, PLR0911 - the table
    """Give the state after an input, and the effects to carry out in it, in order."""
    match state, event:
        case State.HANDSHAKING, Opened():
            return State.OPEN, (ReportOpened(),)
        case State.HANDSHAKING, Failed(why) | Lost(reason=why):
            return State.CLOSED, (ReportFailed(why),)
        case State.HANDSHAKING, Close():
            return State.CLOSED, (GiveUp(),)
        case State.OPEN, Start():
            return State.STARTED, (Begin(),)
        case State.OPEN, Close():
            return State.CLOSING, (Disconnect(None),)
        case State.STARTED, Close(stop):
            return State.CLOSING, (EndMedia(), Disconnect(stop))
        case State.STARTED, Closing():
            return State.CLOSING, (EndMedia(play_rest=True), LimitClosing())
        case ((State.OPEN | State.CLOSING), Closing()):
            return State.CLOSING, (LimitClosing(),)
        case State.STARTED, Lost():
            return State.CLOSED, (EndMedia(), ReportClosed(event))
        case ((State.OPEN | State.CLOSING), Lost()):
            return State.CLOSED, (ReportClosed(event),)
        case _:
            return state, ()
