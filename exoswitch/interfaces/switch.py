"""Port: one Asterisk as a switch."""

from attrs import field, frozen
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.call.events import SwitchEvent


@frozen(kw_only=True)
class Origination:
    """An outbound call as Asterisk needs it.

    `channel_id` becomes the channel's Uniqueid, `channel` is its dial string (``PJSIP/098…@lab``), `media_host` and
    `media_port` are where Asterisk shall send the call's RTP once it is answered.
    """

    channel_id: str
    channel: str = field(repr=False)
    caller_id: str
    media_host: str
    media_port: int
    ring_s: float


class ISwitch(Interface):
    """One Asterisk, as the engine sees it: it places, bridges and ends calls, and tells events."""

    name = Attribute("The name of this Asterisk in the configuration.")
    host = Attribute("The address that its RTP comes from until it has announced the exact one.")
    ready = Attribute("Whether we are logged in and Asterisk is fully booted (bool).")

    def originate(origination: Origination) -> Deferred[None]:
        """Queue an outbound call; what becomes of it is told in events.

        Raises:
            TrunkError: Asterisk refused the request.
            BackendUnavailable: not ready, or no answer in time.
        """

    def bridge(channel_id: str, media_host: str, media_port: int) -> Deferred[None]:
        """Claim an inbound channel that waits in the dialplan, answer it, and bridge it to an RTP address.

        Raises:
            CallTaken: another gateway's name is on it.
            TrunkError: the channel is gone.
        """

    def claim(channel_id: str) -> Deferred[None]:
        """Put our name on an inbound channel that waits in the dialplan; `bridge` does so, too.

        Raises:
            CallTaken: another gateway's name is on it.
            TrunkError: the channel is gone.
        """

    def take_over(channel_id: str, media_host: str, media_port: int, *, is_bridged: bool) -> Deferred[bool]:
        """Lead a call that was another gateway's to this RTP address, and put our name on it.

        `is_bridged` says that its audio is known to be led to the other gateway; otherwise Asterisk is asked how far
        the call has come. Fires with whether its audio comes here now. False is a phone that still rings: its audio
        will come here once it is answered, and events tell of both. What waits in the dialplan is answered.

        Raises:
            TrunkError: the channel is gone.
            BackendUnavailable: not ready, or no answer in time.
        """

    def turn_away(channel_id: str) -> Deferred[None]:
        """Let an inbound channel that waits in the dialplan hear that there is no place; it then ends with cause 34.

        Raises:
            CallTaken: another gateway's name is on it.
            TrunkError: the channel is gone.
            BackendUnavailable: not ready, or no answer in time.
        """

    def hang_up(channel_id: str, cause: int) -> None:
        """See to it that the channel is hung up: now, or as soon as Asterisk can be reached again.

        A channel that turns out to have another gateway's name on it by then is left alone.
        """

    def hang_up_lost(channel_id: str, cause: int) -> None:
        """Hang up a channel whose gateway is gone for good, if it is there, and if Asterisk can be reached now."""


class ISwitchListener(Interface):
    """Whoever is told what happens at an Asterisk."""

    def switch_event(switch: ISwitch, event: SwitchEvent) -> None:
        """Take one event; events of one Asterisk come in their order."""


# --- Bots -------------------------------------------------------------------------------------------------------


# --- Metrics -----------------------------------------------------------------------------------------------------
