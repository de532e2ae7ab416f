"""Core: the messages of a stream as Exotel writes them to a bot (spec §2.1, capture R1).

They are compact JSON, all counters are strings, and `custom_parameters` is absent where there are none. The media
plane writes the `media` messages, after the MediaEncoding that is made here.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from exoswitch.audio.frames import FRAME_MS
from exoswitch.call.bot_address import BotAddress
from exoswitch.call.effects import StopReason
from exoswitch.call.media import MediaEncoding
from exoswitch.call.session import Direction
from exoswitch.call.stream_start import StreamStart
from exoswitch.exotel.sids import leg_sid
from exoswitch.telephony.numbers import written

_SAMPLE_BITS = 16  # one channel
_START_NUMBER = 1


def media_encoding(start: StreamStart, sample_rate_hz: int) -> MediaEncoding:
    """Describe the `media` messages of a stream.

    The first `timestamp` is the end of the first chunk, or 0 by option: Exotel has not published it (spec §2.3).
    """
    options = start.bot.options
    sid = json.dumps(start.stream_sid).encode("ascii").replace(b"%", b"%%")
    return MediaEncoding(
        template=b'{"event":"media","stream_sid":' + sid + b',"sequence_number":"%d",'
        b'"media":{"chunk":"%d","timestamp":"%d","payload":"%b"}}',
        sample_rate_hz=sample_rate_hz,
        frames=max(1, options.chunk_ms // FRAME_MS),
        from_zero=options.first_timestamp == "zero",
        first_number=_START_NUMBER + 1,
    )


class StreamWriter:
    """Writes the messages of one stream, in the order in which they are sent.

    `next_number` gives the `sequence_number` of each message after `start`. That of `start` is fixed: audio of the
    caller may be numbered before `start` is written.
    """

    def __init__(self, start: StreamStart, address: BotAddress, next_number: Callable[[], int]) -> None:
        self._start = start
        self._address = address
        self._next_number = next_number

    def connected(self) -> bytes:
        """Write the greeting, which has no number."""
        return _compact({"event": "connected"})

    def start(self) -> bytes:
        """Write the description of the call.

        The bit rate above 8,000 Hz is a guess: Exotel has not published it (spec §2.4).
        """
        start, options, rate_hz = self._start, self._start.bot.options, self._address.sample_rate_hz
        numbers = [written(start.customer, options.numbers), written(start.exophone, options.numbers)]
        if start.direction is Direction.OUTBOUND and options.outbound_from == "exophone":
            numbers.reverse()
        body: dict[str, Any] = {"stream_sid": start.stream_sid, "call_sid": start.call_sid}
        if options.leg_sid:
            body["leg_sid"] = leg_sid(start.call_sid)
        body |= {"account_sid": start.account, "from": numbers[0], "to": numbers[1]}
        custom_parameters = self._address.custom_parameters(
            sample_rate=options.sample_rate_parameter,
            custom_field=start.custom_field if options.custom_field else None,
        )
        if custom_parameters:
            body["custom_parameters"] = custom_parameters
        body["media_format"] = {
            "encoding": "base64",
            "sample_rate": str(rate_hz),
            "bit_rate": f"{rate_hz * _SAMPLE_BITS // 1000}kbps",
        }
        return self._message("start", body, _START_NUMBER)

    def mark(self, name: str) -> bytes:
        """Write back a mark of the bot."""
        return self._numbered("mark", {"name": name})

    def dtmf(self, digit: str, duration_ms: int) -> bytes:
        """Write a key that was pressed."""
        return self._numbered("dtmf", {"duration": str(duration_ms), "digit": digit})

    def stop(self, reason: StopReason) -> bytes:
        """Write the end of the stream."""
        body = {"call_sid": self._start.call_sid, "account_sid": self._start.account, "reason": reason.value}
        return self._numbered("stop", body)

    def _numbered(self, event: str, body: Mapping[str, Any]) -> bytes:
        return self._message(event, body, self._next_number())

    def _message(self, event: str, body: Mapping[str, Any], number: int) -> bytes:
        sid = self._start.stream_sid
        return _compact({"event": event, "stream_sid": sid, "sequence_number": str(number), event: body})


def _compact(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode("ascii")
