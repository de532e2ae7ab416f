"""Core: AMI events into the engine's vocabulary (`exoswitch.call.events`).

Measured on Asterisk 22.10. The phone's channel and the UnicastRTP channel that leads to us raise the same events,
with these differences:

* An Originate's own dial has no calling channel: its DialBegin, DialState and DialEnd have ``Dest…`` headers only.
  The dial of the UnicastRTP leg names the phone's channel as the caller (``Channel``); it is ignored.
* A ``UnicastRTP/…`` channel's ``Linkedid`` is the phone's channel. Its hang-up and its digits are not the call's.

Asterisk keeps no order among some events: OriginateFailed comes before or after DialFailed, or even after
ChannelHungUp. A ring time-out has no DialFailed at all. The DialStatus is NOANSWER for a number that does not exist
(404), for a phone that is off (480) and for a refusal (603): only the cause of ChannelHungUp tells them apart.

Ringing and answer are taken from DialState and DialEnd, and not from Newstate, so each is told once.

HangupRequest comes before Hangup if the trunk ended the call, or its silence did (timer B, RFC 3261 §17.1.1.2). Our
own Hangup raises SoftHangupRequest, and the ring time-out neither. TechCause is the SIP status (since 22.7).

The number and the extension of an inbound call are those that the event itself names. They come before those of its
AGI environment, in which a caller's display name may write lines.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import unquote

from attrs import define, field

from exoswitch.ami.legs import destination, is_leg
from exoswitch.ami.message import AmiMessage
from exoswitch.ami.names import LOCAL_ADDRESS, LOCAL_PORT
from exoswitch.call.events import (
    CallArrived,
    ChannelAnswered,
    ChannelDialled,
    ChannelEvent,
    ChannelHungUp,
    ChannelRinging,
    DialFailed,
    DigitPressed,
    MediaAnnounced,
    OriginateFailed,
)
from exoswitch.errors import RemoteProtocolError
from exoswitch.telephony.numbers import of_sip_user

CallEvent = ChannelEvent | CallArrived

UNKNOWN = frozenset({"", "unknown", "<unknown>"})

_DIGITS = frozenset("0123456789*#ABCD")
_FIRST = tuple("+0123456789")  # of a number; an extension such as s is the dialplan's own
_ID = re.compile(r"[!-~]{1,150}")  # a Uniqueid: Asterisk's AST_MAX_UNIQUEID is 149 characters with its host name
_LONGEST_NUMBER = 64  # characters; a longer caller or extension is no number, and counts as withheld
HALVES_KEPT = 1000  # legs with one half of their address known; the other half follows within a millisecond
_OF_A_TRUNK = re.compile(r"PJSIP/(.+)-[0-9a-f]{8}")  # a channel: the endpoint's name, and a number
ARRIVALS_KEPT = 20_000  # more than one Asterisk's channels
REQUESTS_KEPT = 20_000


@define
class EventTranslator:
    """Translates the events of one Asterisk.

    It remembers which calls have arrived, which channels their trunk has asked to hang up, and of some legs one half
    of their address.
    """

    _halves: OrderedDict[str, dict[str, str]] = field(factory=OrderedDict, init=False)
    _arrived: OrderedDict[str, None] = field(factory=OrderedDict, init=False)
    _ended_by_peer: OrderedDict[str, None] = field(factory=OrderedDict, init=False)

    def translate(self, message: AmiMessage) -> CallEvent | None:
        """Give what an event means for a call; None if it means nothing.

        Raises:
            RemoteProtocolError: Asterisk does not write such an event.
        """
        translation = self.TRANSLATIONS.get(message.event)
        event = None if translation is None else translation(self, message)
        if event is not None and not _ID.fullmatch(event.channel_id):
            raise RemoteProtocolError(f"a {message.event} of something that is no channel")
        return event

    def hung_up(self, channel_id: str) -> None:
        """Forget a channel that is gone."""
        self._arrived.pop(channel_id, None)
        self._ended_by_peer.pop(channel_id, None)

    def arrivals(self, channels: Iterable[AmiMessage]) -> list[CallArrived]:
        """Find, in a complete CoreShowChannels list, the waiting calls whose arrival has not been told.

        They came while the link was down, or while this gateway was not running.
        """
        listed = {channel.get("Uniqueid"): channel for channel in channels}
        self._arrived = OrderedDict.fromkeys(each for each in self._arrived if each in listed)
        self._ended_by_peer = OrderedDict.fromkeys(each for each in self._ended_by_peer if each in listed)
        return [
            self._arrive(channel, channel.get("CallerIDNum"), channel.get("Exten"))
            for channel_id, channel in listed.items()
            if channel_id not in self._arrived
            and _ID.fullmatch(channel_id)
            and (channel.get("Application"), channel.get("ApplicationData")) == ("AGI", "agi:async")
        ]

    def _arrive(self, message: AmiMessage, caller: str, callee: str) -> CallArrived:
        channel_id, channel = message.get("Uniqueid"), _OF_A_TRUNK.fullmatch(message.get("Channel"))
        self._arrived[channel_id] = None
        if len(self._arrived) > ARRIVALS_KEPT:
            self._arrived.popitem(last=False)
        trunk = "" if channel is None else channel[1]
        return CallArrived(channel_id, caller=_number_of(caller), callee=_number_of(callee), trunk=trunk)

    def _dial_begin(self, message: AmiMessage) -> CallEvent | None:
        return None if message.get("Channel") else ChannelDialled(message.get("DestUniqueid"))

    def _dial_state(self, message: AmiMessage) -> CallEvent | None:
        # For a phone that rings, some trunks send 180 (RINGING), and many send early media, 183 (PROGRESS).
        if message.get("Channel") or message.get("DialStatus") not in {"RINGING", "PROGRESS"}:
            return None
        return ChannelRinging(message.get("DestUniqueid"))

    def _dial_end(self, message: AmiMessage) -> CallEvent | None:
        if message.get("Channel"):
            return None
        channel_id, dial_status = message.get("DestUniqueid"), message.get("DialStatus")
        return ChannelAnswered(channel_id) if dial_status == "ANSWER" else DialFailed(channel_id, dial_status)

    def _originate_response(self, message: AmiMessage) -> CallEvent | None:
        """Name the channel by the ActionID, which is its id; the Uniqueid may be ``<unknown>``."""
        if message.get("Response") != "Failure":
            return None
        return OriginateFailed(message.action_id, _number(message.get("Reason")))

    def _hangup_request(self, message: AmiMessage) -> None:
        channel_id = message.get("Uniqueid")
        if _ID.fullmatch(channel_id) and not is_leg(message):
            self._ended_by_peer[channel_id] = None
            if len(self._ended_by_peer) > REQUESTS_KEPT:
                self._ended_by_peer.popitem(last=False)

    def _hangup(self, message: AmiMessage) -> CallEvent | None:
        channel_id = message.get("Uniqueid")
        if is_leg(message):
            self._halves.pop(channel_id, None)
            return None
        return ChannelHungUp(
            channel_id,
            cause=_number(message.get("Cause")),
            text=message.get("Cause-txt"),
            sip_status=_sip_status(message.get("TechCause")),
            by_peer=channel_id in self._ended_by_peer,
        )

    def _var_set(self, message: AmiMessage) -> CallEvent | None:
        variable = message.get("Variable")
        if variable not in {LOCAL_ADDRESS, LOCAL_PORT} or not is_leg(message):
            return None
        if not _ID.fullmatch(message.get("Channel")):
            raise RemoteProtocolError("a leg with a name that no channel has")
        half = self._halves.setdefault(message.get("Uniqueid"), {})
        half[variable] = message.get("Value")
        if len(half) < 2:
            if len(self._halves) > HALVES_KEPT:
                self._halves.popitem(last=False)
            return None
        del self._halves[message.get("Uniqueid")]
        return media_announced(message.get("Linkedid"), message.get("Channel"), half[LOCAL_ADDRESS], half[LOCAL_PORT])

    def _dtmf_end(self, message: AmiMessage) -> CallEvent | None:
        digit = message.get("Digit")
        if message.get("Direction") != "Received" or digit not in _DIGITS or is_leg(message):
            return None
        return DigitPressed(message.get("Uniqueid"), digit, duration_ms=_number(message.get("DurationMs")))

    def _async_agi_start(self, message: AmiMessage) -> CallEvent | None:
        environment = _environment(message.get("Env"))
        caller = message.get("CallerIDNum") or environment.get("agi_callerid", "")
        dialled = message.get("Exten"), environment.get("agi_dnid", ""), environment.get("agi_extension", "")
        callee = next((number for number in dialled if number[:1] in _FIRST), dialled[0])
        return self._arrive(message, caller, callee)

    TRANSLATIONS: ClassVar[Mapping[str, Callable[[Any, AmiMessage], CallEvent | None]]] = {
        "DialBegin": _dial_begin,
        "DialState": _dial_state,
        "DialEnd": _dial_end,
        "OriginateResponse": _originate_response,
        "HangupRequest": _hangup_request,
        "Hangup": _hangup,
        "VarSet": _var_set,
        "DTMFEnd": _dtmf_end,
        "AsyncAGIStart": _async_agi_start,
    }


TRANSLATED_EVENTS = frozenset(EventTranslator.TRANSLATIONS)


def media_announced(channel_id: str, leg: str, host: str, port: str) -> MediaAnnounced:
    """Make the event of a leg's address; `leg` is the name of its channel.

    Raises:
        RemoteProtocolError: this is no address of one machine. A host name is none: Asterisk announces numbers.
    """
    try:
        address = ip_address(host)
    except ValueError:
        raise RemoteProtocolError("a media address that is no IP address") from None
    if address.is_multicast or address.is_unspecified or not 0 < _number(port) < 65536:
        raise RemoteProtocolError("a media address that no machine can have")
    return MediaAnnounced(channel_id, host=host, port=_number(port), leg=destination(leg))


def _environment(encoded: str) -> dict[str, str]:
    """Read the Env of AsyncAGIStart: URL-encoded ``agi_name: value`` lines, each ended by a line feed.

    The first line of a name counts.
    """
    pairs = (line.partition(": ") for line in unquote(encoded).split("\n"))
    return {name: value for name, colon, value in reversed(tuple(pairs)) if colon}


def _number_of(text: str) -> str:
    """Read a caller or an extension; empty if it is withheld or no text that a phone can have."""
    number = of_sip_user(text)
    is_text = len(number) <= _LONGEST_NUMBER and number.isascii() and number.isprintable()
    return number if is_text and number not in UNKNOWN else ""


def _sip_status(text: str) -> int | None:
    """Read the status of a SIP answer that was no success; None if it is none."""
    status = _number(text)
    return status if 300 <= status < 700 else None


def _number(text: str) -> int:
    """Read a decimal number; 0 if there is none, as for an unknown cause."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
