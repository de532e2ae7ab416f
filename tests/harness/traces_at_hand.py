"""Traces for tests: their entries in one line each, and the recorded ones of the folder."""

import base64
import json
from pathlib import Path

from exoswitch.call.session import Direction
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.reading import read_trace
from exoswitch.exotel.trace.trace import Closed, Header, MediaSettings, Message, Trace

FOLDER = Path(__file__).parents[1] / "exotel" / "trace" / "traces"
RECORDED = sorted(FOLDER.glob("*.jsonl"))

CALL_SID = "8a2b1d3c4e5f60718293a4b5c6d718bl"
STREAM_SID = "5b4e5fbb46b3f42ed1fce7b3f5c618bl"


def header(**words):
    return Header(
        **{
            "call_sid": CALL_SID,
            "stream_sid": STREAM_SID,
            "account": "acme1",
            "direction": Direction.INBOUND,
            "started_at": 1_790_000_000.125,
            "exoswitch": "0.1.0",
            "media": MediaSettings(),
            "payloads": True,
        }
        | words
    )


def message(event, **body):
    return {"event": event, event: body} if body else {"event": event}


def media(ms, sample=0):
    return message("media", payload=base64.b64encode(sample.to_bytes(2, "little") * 8 * ms).decode())


def mark(name):
    return message("mark", name=name)


def gateway(at_ms, words):
    return Message(at_ms, Side.GATEWAY, json.dumps(words).encode())


def bot(at_ms, words):
    data = words if isinstance(words, bytes) else json.dumps(words).encode()
    return Message(at_ms, Side.BOT, data)


def closed(at_ms, by=Side.BOT, code=1000):
    return Closed(at_ms, code, "", by)


def trace(*entries, **words):
    return Trace(header(**words), tuple(sorted(entries, key=lambda entry: entry.at_ms)))


def recorded(path):
    return read_trace(path.read_bytes().splitlines())
