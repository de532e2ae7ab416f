"""Core: what can happen to a call: the inputs of its machine, and which input an event is."""

from collections.abc import Callable
from typing import Protocol

from exoswitch.call import events as ev
from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.core import CallCore, Role
from exoswitch.call.endings import is_goodbye
from exoswitch.call.events import MediaAddress
from exoswitch.call.session import BotTarget, Ending
from exoswitch.call.stream_options import StreamOptions
from exoswitch.call.verdicts import AttemptEnd, Next, Verdict, judge

MOST_LOSSES = 10
"""How many streams one call may lose. A bot that accepts and then crashes is not retried endlessly."""

LATE_S = 0.01
"""A dial that is later than this after its turn comes too close to the next one; see `ITrunkPool.missed`."""

MOST_MISSED_TURNS = 5

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

    def resume_flow(self) -> None:
        """Begin with a call of another gateway whose stream has ended, and whose caller waits."""

    def adopt_ringing(self) -> None:
        """Begin with a call that another gateway has dialled, and that rings."""

    def resume_first(self) -> None:
        """Begin with the first phone of another gateway's call between two phones; it is answered."""

    def resume_second(self) -> None:
        """Begin with the second phone of another gateway's call between two phones; it is answered."""

    def abandon(self) -> None:
        """The call cannot begin; nobody was told that it was accepted."""

    # --- Before Asterisk knows of the call

    def trunk_chosen(self, trunk: ChosenTrunk) -> None:
        """A trunk has a channel and a turn for the call."""

    def no_trunk(self, reason: str) -> None:
        """No trunk can carry the call."""

    def dial(self) -> None:
        """The session is durable: dial the call."""

    def turn_came(self, spent_s: float = 0.0) -> None:
        """The trunk may dial now; the call was dialled for the first time `spent_s` seconds ago."""

    def turn_missed(self) -> None:
        """The trunk's turn came too late: the next turn is not far enough away for both."""

    def claimed(self) -> None:
        """The call is ours to dial, and no other gateway's."""

    def claimed_early(self) -> None:
        """The call is ours to dial when the trunk's turn comes."""

    def claimed_late(self) -> None:
        """The call is ours to dial, but the trunk's turn has passed meanwhile."""

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

    def answered_unseen(self) -> None:
        """The phone was answered while the link to Asterisk was down, and its leg may lead here."""

    def first_answered(self) -> None:
        """The first phone of a call between two was answered: the second one is to be dialled."""

    def second_answered(self) -> None:
        """The second phone was answered, and Asterisk connects it with the first one."""

    def dial_failed(self, dial_status: str) -> None:
        """Dialling ended without an answer; the hang-up follows."""

    def originate_failed(self, reason: int) -> None:
        """The Originate failed, with or without a channel."""

    def media_announced(self, host: str, port: int) -> None:
        """Asterisk announced the address of the call's RTP."""

    def channel_hung_up(self, cause: int, sip_status: int | None = None, by_peer: bool | None = None, /) -> None:
        """The channel towards the phone is gone; `cause` is Q.850's, 0 where it is not known.

        `sip_status` and `by_peer` are those of the event ChannelHungUp.
        """

    def post_dial_timed_out(self) -> None:
        """The trunk has given no sign of the phone in time."""

    def fail_over(self, end: AttemptEnd, verdict: Verdict) -> None:
        """The attempt failed by the trunk's fault, and another trunk may be tried."""

    def give_up(self, end: AttemptEnd, verdict: Verdict) -> None:
        """The attempt failed, and the call with it."""

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

    # --- What follows the bot's stream

    def ask_passthru(self) -> None:
        """The app has a passthru: ask it where the call goes on."""

    def passthru_answered(self, status: int | None) -> None:
        """The passthru answered with this HTTP status; None is no answer."""

    def next_app(self, bot: BotTarget) -> None:
        """The call goes on to another app."""

    def flow_over(self, why: str = "") -> None:
        """The call goes on to nothing; `why` says so if this is not what the app wants."""

    # --- The second phone

    def dial_second(self, number: str) -> None:
        """The bot's stream is over, and the person is to be connected with the phone of this number (E.164)."""

    def second_joined(self) -> None:
        """The second phone was answered: the two are connected."""

    def second_over(self, how: Ending) -> None:
        """The call of the second phone is over, whether it was answered or not."""

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

    def passthru_timed_out(self) -> None:
        """No answer of the passthru came in time."""

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
            apply_answer(inputs, core)
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
        case ev.ChannelHungUp():
            inputs.channel_hung_up(event.cause, event.sip_status, event.by_peer)
        case ev.ChannelTaken():
            inputs.moved()


def apply_answer(inputs: CallInputs, core: CallCore) -> None:
    """Feed that the phone was answered: what follows depends on what it is connected to."""
    match core.role:
        case Role.BOT:
            inputs.channel_answered()
        case Role.FIRST:
            inputs.first_answered()
        case Role.SECOND:
            inputs.second_answered()


def apply_judgement(inputs: CallInputs, core: CallCore, elapsed_s: float, spent_s: float) -> None:
    """Feed what the end of an attempt means, `elapsed_s` after its dial and `spent_s` after the call's first one."""
    end = core.dialled.end(elapsed_s)
    verdict = judge(end, frozenset() if core.trunk is None else core.trunk.own_refusals)
    is_again = verdict.next_trunk is Next.ONCE and core.told_of_phone is not None
    if verdict.next_trunk is Next.NO or is_again or not may_fail_over(core, spent_s):
        inputs.give_up(end, verdict)
    else:
        inputs.fail_over(end, verdict)


def may_fail_over(core: CallCore, spent_s: float) -> bool:
    """Whether another trunk may be dialled, `spent_s` seconds after the call's first dial."""
    has_another = core.trunk is not None and not core.trunk.is_last and core.attempts < core.limits.attempts
    return core.may_fail_over and has_another and spent_s < core.limits.budget_s


def apply_turn(inputs: CallInputs, core: CallCore, late_s: float, spent_s: float) -> None:
    """Feed the turn of a trunk, `late_s` seconds after its time."""
    if is_missed(core, late_s):
        inputs.turn_missed()
    else:
        inputs.turn_came(spent_s)


def apply_claim(inputs: CallInputs, core: CallCore, late_s: float) -> None:
    """Feed that the call is ours to dial, `late_s` seconds after the trunk's turn; negative before it."""
    if late_s < 0:
        inputs.claimed_early()
    elif is_missed(core, late_s):
        inputs.claimed_late()
    else:
        inputs.claimed()


def is_missed(core: CallCore, late_s: float) -> bool:
    """Whether a turn is too late to be used. A gateway whose turns are all late dials nevertheless."""
    return late_s > LATE_S and core.missed_turns < MOST_MISSED_TURNS


def apply_listing(
    inputs: CallInputs, core: CallCore, found: ev.SwitchReady, channel_id: str, here: MediaAddress | None
) -> None:
    """Feed what Asterisk's list of channels, which is complete, says of the call's channel."""
    if channel_id not in found.channel_ids:
        inputs.channel_hung_up(ENDED_UNSEEN)
    elif not _is_here(found.legs.get(channel_id), here):
        _led_elsewhere(inputs, core)
    elif channel_id in found.answered:
        _answered_unseen(inputs, core)


def _answered_unseen(inputs: CallInputs, core: CallCore) -> None:
    """Feed an answer that was not told; a take-over of the call finds it out itself."""
    if core.role is not Role.BOT:
        apply_answer(inputs, core)
    elif not core.is_led_away:
        inputs.answered_unseen()


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
