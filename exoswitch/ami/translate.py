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
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

from attrs import define, field

from exoswitch.ami.legs import destination, is_leg
from exoswitch.ami.message import AmiMessage
from exoswitch.call.events import (
    CallArrived,
    ChannelAnswered,
    ChannelDialled,
    ChannelHungUp,
    ChannelRinging,
    DialFailed,
    DigitPressed,
    MediaAnnounced,
    OriginateFailed,
    SwitchEvent,
)

LOCAL_ADDRESS = "UNICASTRTP_LOCAL_ADDRESS"
LOCAL_PORT = "UNICASTRTP_LOCAL_PORT"
UNKNOWN = frozenset({"", "unknown", "<unknown>"})

_DIGITS = frozenset("0123456789*#ABCD")
_HALVES_KEPT = 1000  # legs with one half of their address known; the other half follows within a millisecond


@define
class EventTranslator:
    """Translates the events of one Asterisk.

    It remembers which calls have arrived, and of some legs one half of their address.
    """

    _halves: OrderedDict[str, dict[str, str]] = field(factory=OrderedDict, init=False)
    _arrived: set[str] = field(factory=set, init=False)

    def translate(self, message: AmiMessage) -> SwitchEvent | None:
        """Give what an event means for a call; None if it means nothing."""
        translation = self.TRANSLATIONS.get(message.event)
        return None if translation is None else translation(self, message)

    def arrivals(self, channels: Iterable[AmiMessage]) -> list[CallArrived]:
        """Find, in a complete CoreShowChannels list, the waiting calls whose arrival has not been told.

        They came while the link was down, or while this gateway was not running.
        """
        listed = {channel.get("Uniqueid"): channel for channel in channels}
        self._arrived &= listed.keys()
        return [
            self._arrive(channel_id, channel.get("CallerIDNum"), channel.get("Exten"))
            for channel_id, channel in listed.items()
            if channel_id not in self._arrived
            and (channel.get("Application"), channel.get("ApplicationData")) == ("AGI", "agi:async")
        ]

    def _arrive(self, channel_id: str, caller: str, callee: str) -> CallArrived:
        self._arrived.add(channel_id)
        return CallArrived(channel_id, caller="" if caller in UNKNOWN else caller, callee=callee)

    def _dial_begin(self, message: AmiMessage) -> SwitchEvent | None:
        return None if message.get("Channel") else ChannelDialled(message.get("DestUniqueid"))

    def _dial_state(self, message: AmiMessage) -> SwitchEvent | None:
        # For a phone that rings, some trunks send 180 (RINGING), and many send early media, 183 (PROGRESS).
        if message.get("Channel") or message.get("DialStatus") not in {"RINGING", "PROGRESS"}:
            return None
        return ChannelRinging(message.get("DestUniqueid"))

    def _dial_end(self, message: AmiMessage) -> SwitchEvent | None:
        if message.get("Channel"):
            return None
        channel_id, dial_status = message.get("DestUniqueid"), message.get("DialStatus")
        return ChannelAnswered(channel_id) if dial_status == "ANSWER" else DialFailed(channel_id, dial_status)

    def _originate_response(self, message: AmiMessage) -> SwitchEvent | None:
        """Name the channel by the ActionID, which is its id; the Uniqueid may be ``<unknown>``."""
        if message.get("Response") != "Failure":
            return None
        return OriginateFailed(message.action_id, _number(message.get("Reason")))

    def _hangup(self, message: AmiMessage) -> SwitchEvent | None:
        channel_id = message.get("Uniqueid")
        self._halves.pop(channel_id, None)
        self._arrived.discard(channel_id)
        if is_leg(message):
            return None
        return ChannelHungUp(channel_id, cause=_number(message.get("Cause")), text=message.get("Cause-txt"))

    def _var_set(self, message: AmiMessage) -> SwitchEvent | None:
        variable = message.get("Variable")
        if variable not in {LOCAL_ADDRESS, LOCAL_PORT} or not is_leg(message):
            return None
        half = self._halves.setdefault(message.get("Uniqueid"), {})
        half[variable] = message.get("Value")
        if len(half) < 2:
            if len(self._halves) > _HALVES_KEPT:
                self._halves.popitem(last=False)
            return None
        del self._halves[message.get("Uniqueid")]
        port = _number(half[LOCAL_PORT])
        if not 0 < port < 65536:
            return None
        leg = destination(message.get("Channel"))
        return MediaAnnounced(message.get("Linkedid"), host=half[LOCAL_ADDRESS], port=port, leg=leg)

    def _dtmf_end(self, message: AmiMessage) -> SwitchEvent | None:
        digit = message.get("Digit")
        if message.get("Direction") != "Received" or digit not in _DIGITS or is_leg(message):
            return None
        return DigitPressed(message.get("Uniqueid"), digit, duration_ms=_number(message.get("DurationMs")))

    def _async_agi_start(self, message: AmiMessage) -> SwitchEvent | None:
        environment = _environment(message.get("Env"))
        callee = environment.get("agi_dnid", "")
        if callee in UNKNOWN:
            callee = environment.get("agi_extension", message.get("Exten"))
        caller = environment.get("agi_callerid", message.get("CallerIDNum"))
        return self._arrive(message.get("Uniqueid"), caller, callee)

    TRANSLATIONS: ClassVar[Mapping[str, Callable[[Any, AmiMessage], SwitchEvent | None]]] = {
        "DialBegin": _dial_begin,
        "DialState": _dial_state,
        "DialEnd": _dial_end,
        "OriginateResponse": _originate_response,
        "Hangup": _hangup,
        "VarSet": _var_set,
        "DTMFEnd": _dtmf_end,
        "AsyncAGIStart": _async_agi_start,
    }


TRANSLATED_EVENTS = frozenset(EventTranslator.TRANSLATIONS)


def _environment(encoded: str) -> dict[str, str]:
    """Read the Env of AsyncAGIStart: URL-encoded ``agi_name: value`` lines."""
    pairs = (line.partition(": ") for line in unquote(encoded).splitlines())
    return {name: value for name, colon, value in pairs if colon}


def _number(text: str) -> int:
    """Read a decimal number; 0 if there is none, as for an unknown cause."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
