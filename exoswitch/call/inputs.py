"""Core: what can happen to a call (the inputs of its machine), and what the machine remembers of it."""

from typing import Protocol

from attrs import Factory, define

from exoswitch.call.effects import Effect
from exoswitch.call.endings import is_goodbye
from exoswitch.call.events import (
    ChannelAnswered,
    ChannelDialled,
    ChannelEvent,
    ChannelHungUp,
    ChannelRinging,
    ChannelTaken,
    DialFailed,
    DigitPressed,
    MediaAnnounced,
    OriginateFailed,
)
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import Ending
from exoswitch.call.stream_options import StreamOptions

MOST_LOSSES = 10
"""How many streams one call may lose: a bot that accepts each, and dies of it, is not looked for for ever."""


class CallInputs(Protocol):
    """Everything that can happen to a call."""

    def dial(self) -> None:
        """Begin an outbound call."""

    def arrive(self) -> None:
        """Begin an inbound call: it waits at an Asterisk."""

    def resume(self) -> None:
        """Begin with a call that is answered, or waits to be, and was another gateway's."""

    def attend(self) -> None:
        """Begin with a call that another gateway has dialled, and that rings."""

    def refused(self, reason: str) -> None:
        """The call may not be dialled."""

    def moved(self) -> None:
        """The call is another gateway's by now."""

    def rejected(self, reason: str) -> None:
        """Asterisk would not dial, or would not bridge."""

    def channel_dialled(self) -> None:
        """The channel towards the phone exists."""

    def channel_ringing(self) -> None:
        """The phone rings."""

    def channel_answered(self) -> None:
        """The phone was answered."""

    def dial_failed(self, dial_status: str) -> None:
        """Dialling ended without an answer; the hang-up follows."""

    def originate_failed(self, reason: int) -> None:
        """The Originate came to nothing, with or without a channel."""

    def media_announced(self, host: str, port: int) -> None:
        """Asterisk said where the call's RTP comes from and goes to."""

    def channel_hung_up(self, cause: int) -> None:
        """The channel towards the phone is gone; `cause` is Q.850's, 0 where nobody knows it."""

    def digit_pressed(self, digit: str, duration_ms: int) -> None:
        """The person on the phone pressed a key."""

    def stream_opened(self) -> None:
        """The bot shook hands."""

    def stream_failed(self, error: str) -> None:
        """An attempt to reach the bot came to nothing."""

    def stream_closed(self, code: int | None, reason: str) -> None:
        """The bot's connection is closed, and the call shall end with it."""

    def stream_lost(self, code: int | None, reason: str) -> None:
        """The bot's connection broke off, and shall be made again."""

    def bot_finished(self, code: int | None, reason: str) -> None:
        """The bot has closed its stream, and the caller shall hear the rest of what it said."""

    def playout_finished(self) -> None:
        """The caller has heard the rest."""

    def media_lost(self, silent_s: float) -> None:
        """No RTP has come for too long."""

    def hang_up(self, reason: str) -> None:
        """Somebody on our side ends the call."""

    def ring_timed_out(self) -> None:
        """Neither an answer nor a refusal came in time."""

    def handshake_timed_out(self) -> None:
        """The bot's connection reported neither success nor failure in time."""

    def duration_reached(self) -> None:
        """The call is as long as a call may be."""

    def reconnect_due(self) -> None:
        """It is time to look for a lost bot again."""

    def hang_up_timed_out(self) -> None:
        """Asterisk did not confirm a hang-up in time."""


@define
class CallCore:
    """What the machine remembers of a call; `effects` is drained by whoever drives it.

    `ending` is how the call ended while Asterisk has yet to confirm its hang-up, or None while only that will tell;
    `attempt` counts the attempts to reach a lost bot, from 1 on for each loss.
    """

    limits: CallLimits
    effects: list[Effect] = Factory(list)
    dial_status: str | None = None
    cause: int = 0
    attempt: int = 0
    ending: Ending | None = None

    def emit(self, *effects: Effect) -> None:
        """Ask the world for these things, in this order."""
        self.effects.extend(effects)

    def drain(self) -> list[Effect]:
        """Take the effects that have not been carried out yet."""
        effects, self.effects = self.effects, []
        return effects


def apply_event(life: CallInputs, event: ChannelEvent) -> None:
    """Feed an event of the call's channel to its machine."""
    match event:
        case ChannelDialled():
            life.channel_dialled()
        case ChannelRinging():
            life.channel_ringing()
        case ChannelAnswered():
            life.channel_answered()
        case DialFailed(_, dial_status):
            life.dial_failed(dial_status)
        case OriginateFailed(_, reason):
            life.originate_failed(reason)
        case MediaAnnounced(_, host, port):
            life.media_announced(host, port)
        case DigitPressed(_, digit, duration_ms):
            life.digit_pressed(digit, duration_ms)
        case ChannelHungUp(_, cause):
            life.channel_hung_up(cause)
        case ChannelTaken():
            life.moved()


def apply_close(life: CallInputs, options: StreamOptions, losses: int, code: int | None, reason: str) -> None:
    """Feed the end of an open stream to a call's machine, as what its bot's options make of it.

    `losses` are the streams of the call that were lost before.
    """
    if options.drain_on_close and is_goodbye(code):
        life.bot_finished(code, reason)
    elif options.on_stream_loss == "reconnect" and not is_goodbye(code) and losses < MOST_LOSSES:
        life.stream_lost(code, reason)
    else:
        life.stream_closed(code, reason)
