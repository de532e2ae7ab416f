"""Core: whether the database of sessions can be written, and the next step after each change.

    starting ──opened──► replaying ──replayed──► writing
       │                  ▲     │                   │
       │             opened     │ write failed      │ write failed
       │ open failed      │     ▼                   │
       └───────────────► away ◄─────────────────────┘

Notes go to the database in `replaying` and `writing`, else to the journal. While it is away, the database is opened
again after a pause that grows with each attempt, until a write succeeds. `stop` ends every state.
"""

from enum import Enum, auto

from attrs import define


class State(Enum):
    """The states of the picture; a stopped store takes no notes."""

    STARTING = auto()
    REPLAYING = auto()
    WRITING = auto()
    AWAY = auto()
    STOPPED = auto()


class Input(Enum):
    """Something that happened to the database, or to the store."""

    OPENED = auto()
    OPEN_FAILED = auto()
    WRITTEN = auto()
    WRITE_FAILED = auto()
    REPLAYED = auto()
    STOP = auto()


class Effect(Enum):
    """A step that the store takes."""

    REPLAY = "write the journal to the database"
    REPORT = "log and count an outage"
    OPEN_LATER = "open the database after `pause_s`"
    CLOSE = "close the database"


_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_PAUSE_FACTOR = 1.7

_OPEN = (State.REPLAYING, (Effect.REPLAY,))
_OUTAGE = (State.AWAY, (Effect.REPORT, Effect.OPEN_LATER))
_STEPS: dict[tuple[State, Input], tuple[State, tuple[Effect, ...]]] = {
    (State.STARTING, Input.OPENED): _OPEN,
    (State.STARTING, Input.OPEN_FAILED): _OUTAGE,
    (State.REPLAYING, Input.REPLAYED): (State.WRITING, ()),
    (State.REPLAYING, Input.WRITE_FAILED): _OUTAGE,
    (State.WRITING, Input.WRITE_FAILED): _OUTAGE,
    (State.AWAY, Input.OPENED): _OPEN,
    (State.AWAY, Input.OPEN_FAILED): (State.AWAY, (Effect.OPEN_LATER,)),
    (State.STOPPED, Input.OPENED): (State.STOPPED, (Effect.CLOSE,)),
}


@define
class Availability:
    """The state of the store over its database."""

    state: State = State.STARTING
    pause_s: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether notes go to the database."""
        return self.state in {State.REPLAYING, State.WRITING}

    def feed(self, happened: Input) -> tuple[Effect, ...]:
        """Go to the next state and give the steps to take; an input that is not in the table changes nothing."""
        if happened is Input.STOP:
            self.state = State.STOPPED
            return ()
        if happened is Input.WRITTEN:
            self.pause_s = 0.0
        self.state, effects = _STEPS.get((self.state, happened), (self.state, ()))
        if Effect.OPEN_LATER in effects:
            self.pause_s = min(max(_FIRST_PAUSE_S, self.pause_s * _PAUSE_FACTOR), _LONGEST_PAUSE_S)
        return effects
