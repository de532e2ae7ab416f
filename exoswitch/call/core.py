"""Core: what the machine of a call remembers, and the effects that wait to be carried out."""

from enum import Enum

from attrs import Factory, define

from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.effects import Effect
from exoswitch.call.limits import CallLimits
from exoswitch.call.passthru import Passthru
from exoswitch.call.session import Ending, Session
from exoswitch.call.verdicts import AttemptEnd, End


class Role(Enum):
    """What a phone is connected to once it is answered: BOT, or another phone, as the FIRST or the SECOND of two."""

    BOT = "bot"
    FIRST = "first"
    SECOND = "second"

    @classmethod
    def of(cls, session: Session) -> "Role":
        """Give the role of a call's phone."""
        if session.parent_call_sid is not None:
            return cls.SECOND
        return cls.BOT if session.second is None else cls.FIRST


@define
class DialProgress:
    """What was heard of one attempt; `how` it ends is REFUSED until something else is known."""

    has_channel: bool = False
    has_rung: bool = False
    how: End = End.REFUSED
    sip_status: int | None = None
    cause: int | None = None
    dial_status: str | None = None

    def end(self, elapsed_s: float) -> AttemptEnd:
        """Give the facts about its end, so many seconds after the number was dialled."""
        return AttemptEnd(
            how=self.how,
            has_rung=self.has_rung,
            elapsed_s=elapsed_s,
            sip_status=self.sip_status,
            cause=self.cause,
            dial_status=self.dial_status,
        )


@define
class CallCore:
    """The memory of one call's machine; the driver drains `effects` after each input.

    `state` is the machine's state. `trunk` is that of the attempt, which `dialled` follows; None for a call that this
    gateway does not dial. `attempts` counts the dials, and `missed_turns` those that came too late for their turn.
    `failures` are the sentences about the trunks that failed; `told_of_phone` is how the call would have ended when
    one of them told something about the phone. `may_fail_over` is false once the call is to end with its attempt.
    `is_led_away` is true from a take-over until Asterisk announces that the audio comes here, and not to the former
    gateway. `reconnects` counts the attempts to reach a lost bot, from 1 for each loss, and `losses` the streams that
    were lost. `role` says what becomes of the phone once it is answered.
    `passthru` is that of the present app, and `hops` counts the apps after the first one.
    `ending` is how the call ends, kept until Asterisk confirms the hang-up, or until the next trunk is dialled
    or the next app is entered.
    """

    limits: CallLimits
    state: object = None
    effects: list[Effect] = Factory(list)
    trunk: ChosenTrunk | None = None
    dialled: DialProgress = Factory(DialProgress)
    attempts: int = 0
    missed_turns: int = 0
    failures: list[str] = Factory(list)
    told_of_phone: Ending | None = None
    may_fail_over: bool = True
    reconnects: int = 0
    losses: int = 0
    role: Role = Role.BOT
    is_led_away: bool = False
    passthru: Passthru | None = None
    hops: int = 0
    ending: Ending | None = None

    def emit(self, *effects: Effect) -> None:
        """Ask the world for these things, in this order."""
        self.effects.extend(effects)

    def drain(self) -> list[Effect]:
        """Take the effects that have not been carried out yet."""
        effects, self.effects = self.effects, []
        return effects

    def enter(self, _before: object, _what: object, state: object) -> None:
        """Note the state that an input leads to (the signature of Automat's tracers)."""
        self.state = state
