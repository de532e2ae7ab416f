"""Core: the messages that a bot gets in one stream, read and checked by Exotel's protocol.

The rules are from Exotel's article 3000108630 (Stream and Voicebot applets) and from captures of real traffic:
`connected`, then `start`, then other events, then `stop`. Counters are strings and count from 1 without a gap.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections import deque
from collections.abc import Mapping
from json import JSONDecodeError, loads
from typing import Any

from attrs import Factory, define, field, frozen

_RECORDED_EVENTS = 1000
_RECORDED_BYTES = 16_000 * 600
_FAULTS = 20


@frozen
class Connected:
    """The first message."""


@frozen(kw_only=True)
class Started:
    """The fields of `start`."""

    stream_sid: str
    call_sid: str
    account_sid: str
    caller: str = field(repr=False)
    callee: str = field(repr=False)
    media_format: Mapping[str, str]
    custom_parameters: Mapping[str, str] = Factory(dict)


@frozen
class Media:
    """A piece of the caller's audio, in base64 and decoded."""

    payload: str = field(repr=False)
    pcm: bytes = field(repr=False)
    timestamp_ms: int


@frozen
class Digit:
    """A key of the caller."""

    digit: str
    duration_ms: int


@frozen
class Mark:
    """A mark that came back: the audio before it has been played."""

    name: str


@frozen
class Stopped:
    """The end of the stream, with Exotel's reason."""

    reason: str


@frozen
class Nonsense:
    """A message that the protocol does not have."""

    text: str


Told = Connected | Started | Media | Digit | Mark | Stopped | Nonsense


@define
class Conversation:
    """One stream from the bot's side: its events, the caller's audio, and the faults of the gateway."""

    started: Started | None = field(init=False, default=None)
    stopped: Stopped | None = field(init=False, default=None)
    events: deque[tuple[float, Told]] = field(init=False, factory=lambda: deque(maxlen=_RECORDED_EVENTS))
    recording: bytearray = field(init=False, factory=bytearray, repr=False)
    faults: list[str] = field(init=False, factory=list)
    first_media_at: float | None = field(init=False, default=None)
    media_count: int = field(init=False, default=0)
    _is_connected: bool = field(init=False, default=False)
    _sequence: int = field(init=False, default=0)
    _timestamp_ms: int = field(init=False, default=-1)

    def feed(self, text: str, now: float) -> Told:
        """Read one message. A broken rule is added to `faults` (the first 20), never raised."""
        told = self._read(text)
        if isinstance(told, Media):
            if self.first_media_at is None:
                self.first_media_at = now
            if len(self.recording) < _RECORDED_BYTES:
                self.recording += told.pcm
        else:
            self.events.append((now, told))
        return told

    def told(self, kind: type[Told]) -> list[Told]:
        """Give the recorded events of one kind, in order. Media is in `recording`."""
        return [event for _, event in self.events if isinstance(event, kind)]

    def summary(self, code: int | None) -> str:
        """Tell in words of a stream that closed with this code."""
        sid = self.started.call_sid if self.started else "(no start)"
        ended = "the connection broke" if code is None else f"closed with code {code}"
        faults = f"; faults of the gateway: {'; '.join(self.faults)}" if self.faults else ""
        return f"call {sid}: {ended} after {max(self._timestamp_ms, 0) / 1000:.1f} s of audio{faults}"

    def _read(self, text: str) -> Told:
        try:
            message = loads(text)
            event = message["event"]
            self._check_order(event, message)
            return self._read_event(event, message)
        except (JSONDecodeError, Base64Error, KeyError, TypeError, ValueError, AttributeError) as error:
            self._fault(f"{text[:80]!r} cannot be read: {error!r}")
            return Nonsense(text[:200])

    def _check_order(self, event: str, message: dict[str, Any]) -> None:
        if self.stopped:
            self._fault(f"{event} after stop")
        if event == "connected":
            if self._is_connected:
                self._fault("connected twice")
            self._is_connected = True
            return
        if not self._is_connected:
            self._fault(f"{event} before connected")
        if (event == "start") is (self.started is not None):
            self._fault("start twice" if self.started else f"{event} before start")
        self._sequence += 1
        self._expect(event, "sequence_number", message["sequence_number"], str(self._sequence))
        if self.started:
            self._expect(event, "stream_sid", message["stream_sid"], self.started.stream_sid)

    def _read_event(self, event: str, message: dict[str, Any]) -> Told:
        match event:
            case "connected":
                return Connected()
            case "start":
                self.started = self._read_start(message)
                return self.started
            case "media":
                return self._read_media(message["media"])
            case "dtmf":
                return Digit(message["dtmf"]["digit"], int(message["dtmf"]["duration"]))
            case "mark":
                return Mark(message["mark"]["name"])
            case "stop":
                self.stopped = Stopped(message["stop"]["reason"])
                return self.stopped
        raise ValueError(f"unknown event {event!r}")

    def _read_start(self, message: dict[str, Any]) -> Started:
        start = message["start"]
        self._expect("start", "start.stream_sid", start["stream_sid"], message["stream_sid"])
        return Started(
            stream_sid=start["stream_sid"],
            call_sid=start["call_sid"],
            account_sid=start["account_sid"],
            caller=start["from"],
            callee=start["to"],
            media_format=start["media_format"],
            custom_parameters=start.get("custom_parameters", {}),
        )

    def _read_media(self, media: dict[str, str]) -> Media:
        self.media_count += 1
        self._expect("media", "chunk", media["chunk"], str(self.media_count))
        told = Media(media["payload"], b64decode(media["payload"], validate=True), int(media["timestamp"]))
        if not told.pcm or len(told.pcm) % 320:
            self._fault(f"media of {len(told.pcm)} bytes, no multiple of 320")
        if told.timestamp_ms <= self._timestamp_ms:
            self._fault(f"media timestamp {told.timestamp_ms} after {self._timestamp_ms}")
        self._timestamp_ms = told.timestamp_ms
        return told

    def _expect(self, event: str, name: str, found: object, expected: object) -> None:
        if found != expected:
            self._fault(f"{event}: {name} is {found!r} instead of {expected!r}")

    def _fault(self, text: str) -> None:
        if len(self.faults) < _FAULTS:
            self.faults.append(text)
