"""Core: what can happen to a call: the inputs of its machine."""

from typing import Protocol

from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.session import BotTarget, Ending
from exoswitch.call.verdicts import AttemptEnd, Verdict


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
