"""Core: what the machine of a call remembers, and the effects that wait to be carried out."""

from attrs import Factory, define

from exoswitch.call.effects import Effect
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import Ending


@define
class CallCore:
    """The memory of one call's machine; the driver drains `effects` after each input.

    `state` is the machine's state. `turn_s` is the wait for the trunk's turn; `trunk` is its name and address, for an
    operator. `attempt` counts the attempts to reach a lost bot, from 1 for each loss, and `losses` the streams that
    were lost. `is_led_away` is true from a take-over until Asterisk announces that the audio comes here, and not to
    the former gateway.
    `ending` is how the call ends, kept until Asterisk confirms the hang-up; None where only the hang-up will tell.
    """

    limits: CallLimits
    state: object = None
    effects: list[Effect] = Factory(list)
    turn_s: float = 0.0
    trunk: str = "the trunk"
    dial_status: str | None = None
    cause: int = 0
    attempt: int = 0
    losses: int = 0
    is_led_away: bool = False
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
