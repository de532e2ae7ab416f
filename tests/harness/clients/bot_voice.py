"""The shared part of the bots: their keys, their speech, and their report of the heard audio."""

import itertools
import json
import math
import struct
from typing import Any

TALK, SILENCE, HANG_UP = "123"
SPEECH_HZ, SPEECH_S = 700, 5
AMPLITUDE = 8000


def report(event: str, **details: Any) -> None:
    """Print an event as a line of JSON."""
    print(json.dumps({"event": event, **details}), flush=True)  # noqa: T201 - the test reads it


def speech(rate_hz: int) -> bytes:
    """Make the speech of a bot, a tone: 16 bits, little-endian, mono."""
    step = 2 * math.pi * SPEECH_HZ / rate_hz
    return b"".join(struct.pack("<h", round(AMPLITUDE * math.sin(step * n))) for n in range(SPEECH_S * rate_hz))


class Hearing:
    """Reports the pitch of the caller once a second."""

    def __init__(self) -> None:
        self._heard = b""

    def hear(self, pcm: bytes, rate_hz: int) -> None:
        """Take audio of the caller."""
        self._heard += pcm
        second = 2 * rate_hz
        if len(self._heard) >= second:
            samples = struct.unpack(f"<{rate_hz}h", self._heard[:second])
            swings = sum(before < 0 <= after for before, after in itertools.pairwise(samples))
            report("heard", pitch_hz=swings, rate_hz=rate_hz)
            self._heard = self._heard[second:]
