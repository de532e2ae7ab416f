"""Core: what can happen to a call: the inputs of its machine, and which input an event is."""

from collections.abc import Callable
from typing import Protocol

from exoswitch.call import events as ev
from exoswitch.call.core import CallCore
from exoswitch.call.endings import is_goodbye
from exoswitch.call.events import MediaAddress
from exoswitch.call.stream_options import StreamOptions

MOST_LOSSES = 10
"""How many streams one call may lose. A bot that accepts and then crashes is not retried endlessly."""

ENDED_UNSEEN = 0
"""The cause of a hang-up that this gateway did not see."""


class CallInputs(Protocol):
    """Everything that can happen to a call."""

    # --- Beginnings

    def accept(self) -> None:
        """Begin an outbound call: it needs a trunk."""

    def arrive(self) -> None:
        """Begin an inbound call: it waits at an Asterisk."""

    def resume(self) -> None:
        """Begin with a call of another gateway that is answered, or that waits at an Asterisk."""

    def adopt_ringing(self) -> None:
        """Begin with a call that another gateway has dialled, and that rings."""

    def abandon(self) -> None:
        """The call cannot begin; nobody was told that it was accepted."""

    # --- Before Asterisk knows of the call

    def trunk_chosen(self, wait_s: float, trunk: str) -> None:
        """A trunk has a channel for the call, and may dial in `wait_s` seconds; `trunk` names it to an operator."""

    def no_trunk(self, reason: str) -> None:
        """No trunk can carry the call."""

    def dial(self) -> None:
        """The session is durable: dial the call."""

    def turn_came(self) -> None:
        """The trunk may dial now."""

    def claimed(self) -> None:
        """The call is ours to dial, and no other gateway's."""

    def refused(self, reason: str) -> None:
        """Whether the call is ours to dial could not be found out."""

    def moved(self) -> None:
        """Another gateway has the call now."""

    # --- What Asterisk answers and tells

    def originate_queued(self) -> None:
        """Asterisk accepted the Originate."""

    def rejected(self, reason: str) -> None:
        """Asterisk refused to dial, to bridge or to take over."""

    def channel_dialled(self) -> None:
        """The channel towards the phone exists."""

    def channel_ringing(self) -> None:
        """The phone rings."""

    def channel_answered(self) -> None:
        """The phone was answered."""

    def dial_failed(self, dial_status: str) -> None:
        """Dialling ended without an answer; the hang-up follows."""

    def originate_failed(self, reason: int) -> None:
        """The Originate failed, with or without a channel."""

    def media_announced(self, host: str, port: int) -> None:
        """Asterisk announced the address of the call's RTP."""

    def channel_hung_up(self, cause: int) -> None:
        """The channel towards the phone is gone; `cause` is Q.850's, 0 where it is not known."""

    def digit_pressed(self, digit: str, duration_ms: int) -> None:
        """The person on the phone pressed a key."""

    # --- What the bot does

    def stream_opened(self) -> None:
        """The bot accepted the WebSocket handshake."""

    def stream_failed(self, error: str) -> None:
        """An attempt to reach the bot failed."""

    def stream_closed(self, code: int | None, reason: str) -> None:
        """The bot's connection is closed, and the call ends with it."""

    def stream_lost(self, code: int | None, reason: str) -> None:
        """The bot's connection was lost, and is to be made again."""

    def bot_finished(self, code: int | None, reason: str) -> None:
        """The bot closed its stream, and the caller hears the rest of its audio."""

    # --- Media, time and this gateway

    def playout_finished(self) -> None:
        """The caller has heard the rest."""

    def media_lost(self, silent_s: float) -> None:
        """No RTP has come for too long."""

    def hang_up(self, reason: str) -> None:
        """This gateway ends the call."""

    def ring_timed_out(self) -> None:
        """Neither an answer nor a refusal came in time."""

    def handshake_timed_out(self) -> None:
        """The bot's connection reported neither success nor failure in time."""

    def duration_reached(self) -> None:
        """The call has reached its longest duration."""

    def reconnect_due(self) -> None:
        """It is time to connect to a lost bot again."""

    def hang_up_timed_out(self) -> None:
        """Asterisk did not confirm a hang-up in time."""


def apply_event(inputs: CallInputs, core: CallCore, event: ev.ChannelEvent, here: MediaAddress | None) -> None:  # noqa: C901 - one line for each event
    """Feed an event of the call's channel to its machine; `here` is our RTP address."""
    match event:
        case ev.ChannelDialled():
            inputs.channel_dialled()
        case ev.ChannelRinging():
            inputs.channel_ringing()
        case ev.ChannelAnswered():
            inputs.channel_answered()
        case ev.DialFailed(_, dial_status):
            inputs.dial_failed(dial_status)
        case ev.OriginateFailed(_, reason):
            inputs.originate_failed(reason)
        case ev.MediaAnnounced(_, host, port) if _is_here(event.leg, here):
            inputs.media_announced(host, port)
        case ev.MediaAnnounced():
            _led_elsewhere(inputs, core)
        case ev.DigitPressed(_, digit, duration_ms):
            inputs.digit_pressed(digit, duration_ms)
        case ev.ChannelHungUp(_, cause):
            inputs.channel_hung_up(cause)
        case ev.ChannelTaken():
            inputs.moved()


def apply_listing(
    inputs: CallInputs, core: CallCore, found: ev.SwitchReady, channel_id: str, here: MediaAddress | None
) -> None:
    """Feed what Asterisk's list of channels, which is complete, says of the call's channel."""
    if channel_id not in found.channel_ids:
        inputs.channel_hung_up(ENDED_UNSEEN)
    elif not _is_here(found.legs.get(channel_id), here):
        _led_elsewhere(inputs, core)


def _is_here(leg: MediaAddress | None, here: MediaAddress | None) -> bool:
    return leg is None or here is None or leg == here


def _led_elsewhere(inputs: CallInputs, core: CallCore) -> None:
    """Take audio that is led to another gateway as its claim of the call, unless we have just taken it over."""
    if not core.is_led_away:
        inputs.moved()


def apply_close(inputs: CallInputs, core: CallCore, options: StreamOptions, code: int | None, reason: str) -> None:
    """Feed the end of an open stream to a call's machine, as its bot's options say."""
    ended: Callable[[int | None, str], None] = inputs.stream_closed
    if options.drain_on_close and is_goodbye(code):
        ended = inputs.bot_finished
    elif options.on_stream_loss == "reconnect" and not is_goodbye(code) and core.losses < MOST_LOSSES:
        ended = inputs.stream_lost
    ended(code, reason)
