"""Port: one Asterisk as a switch."""

from attrs import field, frozen
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.call.events import SwitchEvent


@frozen(kw_only=True)
class Origination:
    """An outbound call as Asterisk needs it.

    `channel_id` becomes the channel's Uniqueid, `channel` is its dial string (``PJSIP/098…@lab``), `media_host` and
    `media_port` are where Asterisk shall send the call's RTP once it is answered. With `joins`, Asterisk connects it
    with this channel instead, as soon as it is answered, and ends each of the two with the other. `variables` are set
    on the channel before its INVITE goes out: plain names, or ``PJSIP_HEADER(add,NAME)`` for a SIP header.
    """

    channel_id: str
    channel: str = field(repr=False)
    caller_id: str
    ring_s: float
    media_host: str = ""
    media_port: int = 0
    joins: str | None = None
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class ISwitch(Interface):
    """One Asterisk, as the engine sees it: it places, bridges and ends calls, and tells events.

    ChannelGone means that Asterisk itself says so. TrunkRefused means that the channel may be up.
    """

    name = Attribute("The name of this Asterisk in the configuration.")
    host = Attribute("The address that its RTP comes from until it has announced the exact one.")
    ready = Attribute("Whether we are logged in and Asterisk is fully booted (bool).")

    def originate(origination: Origination) -> Deferred[None]:
        """Queue an outbound call; events tell what becomes of it.

        Raises:
            TrunkRefused: Asterisk refused the request, or a variable cannot be written.
            BackendUnavailable: not ready, or no answer in time.
        """

    def bridge(channel_id: str, media_host: str, media_port: int) -> Deferred[None]:
        """Claim an inbound channel that waits in the dialplan, answer it, and bridge it to an RTP address.

        Raises:
            CallTaken: another gateway's name is on it.
            ChannelGone: the caller has hung up.
            TrunkRefused: Asterisk refused a request; the caller may still wait.
            BackendUnavailable: not ready, or no answer in time.
        """

    def is_waiting(channel_id: str) -> Deferred[bool]:
        """Say whether an inbound channel still waits in the dialplan: no gateway has bridged it or turned it away.

        Raises:
            ChannelGone: the caller has hung up.
            TrunkRefused: Asterisk refused the question.
            BackendUnavailable: not ready, or no answer in time.
        """

    def claim(channel_id: str) -> Deferred[None]:
        """Put our name on an inbound channel that waits in the dialplan; `bridge` does so, too.

        Raises:
            CallTaken: another gateway's name is on it.
            ChannelGone: the caller has hung up.
            TrunkRefused: Asterisk refused a request; the caller may still wait.
            BackendUnavailable: not ready, or no answer in time.
        """

    def take_over(channel_id: str, media_host: str, media_port: int, *, is_bridged: bool) -> Deferred[bool]:
        """Put our name on a call that was another gateway's, and send its audio to this RTP address.

        `is_bridged` says that the call's audio is known to go to the other gateway; otherwise Asterisk is asked how
        far the call has come. Fires with whether the audio comes here now. False means that the phone still rings:
        the audio comes once it is answered, and events tell of both. A call that waits in the dialplan is answered.

        Raises:
            ChannelGone: the call has ended; if its phone is dialled later, it is hung up.
            TrunkRefused: Asterisk refused a request; the call may be up, and its name may be ours already.
            BackendUnavailable: not ready, or no answer in time.
        """

    def adopt(channel_id: str) -> Deferred[bool]:
        """Put our name on a phone of a call between two phones that was another gateway's; its audio stays.

        Fires with whether the phone was answered. False means that it still rings; events tell of its answer.

        Raises:
            ChannelGone: the phone's call has ended; if the phone is dialled later, it is hung up.
            TrunkRefused: Asterisk refused a request; the call may be up, and its name may be ours already.
            BackendUnavailable: not ready, or no answer in time.
        """

    def tap(
        tap_id: str, channel_id: str, media_host: str, media_port: int, *, one_side: bool = False
    ) -> Deferred[None]:
        """Have a copy of a channel's audio sent to this RTP address: of both sides, mixed. Nothing is played back.

        With `one_side` it is only what the channel's own phone says. Both sides are sure to be there only at the
        channel of a second phone. The tap is a channel with the id `tap_id`, which does not begin with
        another one's; its address is announced as that of any channel. It ends with `hang_up`, and with the channel
        that it listens to.

        Raises:
            TrunkRefused: Asterisk refused the request.
            BackendUnavailable: not ready, or no answer in time.
        """

    def turn_away(channel_id: str) -> Deferred[None]:
        """Claim an inbound channel that waits in the dialplan, and play it congestion; it then ends with cause 34.

        Raises:
            CallTaken: another gateway's name is on it.
            ChannelGone: the caller has hung up.
            TrunkRefused: Asterisk refused a request; the caller may still wait.
            BackendUnavailable: not ready, or no answer in time.
        """

    def hang_up(channel_id: str, cause: int) -> None:
        """Hang the channel up now, or as soon as Asterisk can be reached again; raises nothing.

        The hang-up stays pending until Asterisk says that the channel is gone. A refused one is tried again for some
        minutes, then given up and logged. A channel with another gateway's name on it is left alone.
        """

    def hang_up_lost(channel_id: str, cause: int) -> None:
        """Put our name on a channel whose gateway is lost, and hang it up; raises nothing.

        If Asterisk cannot be reached now, this happens as soon as it can.
        """

    def qualify(trunk: str) -> None:
        """Have Asterisk ask a trunk now whether it answers, at most once a second; raises nothing.

        Asterisk does not dial a trunk that did not answer the last time.
        """


class ISwitchListener(Interface):
    """A receiver of an Asterisk's events."""

    def switch_event(switch: ISwitch, event: SwitchEvent) -> None:
        """Take one event; events of one Asterisk come in their order."""
