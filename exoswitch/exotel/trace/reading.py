"""Core: a trace is read from its lines; an error names the line."""

import binascii
import datetime as dt
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, get_args

from exoswitch.call.session import Direction
from exoswitch.call.stream_options import ClearGranularity, MarksOnClear
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.trace import (
    FORMAT,
    Attempted,
    Binary,
    Closed,
    Cut,
    Entry,
    Failed,
    Header,
    MediaSettings,
    Message,
    Opened,
    Trace,
    TraceError,
)

T = TypeVar("T")
Words = dict[str, Any]

_LONGEST_MS = 1e12  # thirty years
_KINDS = {bool: "true or false", str: "a text", dict: "an object", int: "a whole number"}


class _Torn(ValueError):
    """A line that is not JSON: the last line can be incomplete."""


def read_trace(lines: Iterable[bytes]) -> Trace:
    """Read a trace from the lines of its file; the last line may be incomplete.

    Raises:
        TraceError: this is no trace, or its format is too new; the text names the line.
    """
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise TraceError("line 1: the file is empty; a trace begins with a header")
    header = _read(*numbered[0], _header)
    entries: list[Entry] = []
    for number, line in numbered[1:]:
        try:
            entry = _read(number, line, _entry)
        except TraceError as error:
            if isinstance(error.__cause__, _Torn) and number == numbered[-1][0]:
                return Trace(header, tuple(entries), is_torn=True)
            raise
        if entries and entry.at_ms < entries[-1].at_ms:
            raise TraceError(f"line {number}: at_ms is {entry.at_ms:g}, less than in the line above")
        entries.append(entry)
    return Trace(header, tuple(entries))


def _read(number: int, line: bytes, understand: Callable[[Words], T]) -> T:
    try:
        return understand(_words(line))
    except RecursionError as error:
        raise TraceError(f"line {number}: is nested too deeply") from error
    except ValueError as error:
        raise TraceError(f"line {number}: {error}") from error


def _words(line: bytes) -> Words:
    try:
        words = json.loads(line.decode("utf-8"))
    except ValueError as error:
        raise _Torn("is not JSON") from error
    if not isinstance(words, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - an error in the file, not in the call
    return words


def _header(words: Words) -> Header:
    version = words.get("trace", words.get("transcript"))  # the key in traces of 0.1 and before
    if version is None:
        raise ValueError('has no "trace"; a trace begins with a header')
    if version != FORMAT:
        raise ValueError(f"is of format {_shown(version)}, and this version of exoswitch reads {FORMAT}")
    return Header(
        call_sid=_get(words, "call_sid", str),
        stream_sid=_get(words, "stream_sid", str),
        account=_get(words, "account", str),
        direction=Direction(_get(words, "direction", str)),
        started_at=dt.datetime.fromisoformat(_get(words, "started_at", str)).timestamp(),
        exoswitch=_get(words, "exoswitch", str),
        media=_media(_get(words, "media", dict)),
        payloads=_get(words, "payloads", bool),
    )


def _media(words: Words) -> MediaSettings:
    media = MediaSettings(
        sample_rate_hz=_get(words, "sample_rate_hz", int),
        chunk_ms=_get(words, "chunk_ms", int),
        marks_on_clear=_one_of(words, "marks_on_clear", get_args(MarksOnClear)),
        clear_granularity=_one_of(words, "clear_granularity", get_args(ClearGranularity)),
    )
    if media.sample_rate_hz not in {8000, 16000, 24000}:
        raise ValueError(f"media.sample_rate_hz is {media.sample_rate_hz!r}, not 8000, 16000 or 24000")
    return media


def _entry(words: Words) -> Entry:
    at_ms = words.get("at_ms")
    if isinstance(at_ms, bool) or not isinstance(at_ms, int | float) or not 0 <= at_ms <= _LONGEST_MS:
        raise ValueError(f"at_ms is {_shown(at_ms)}, not a number of milliseconds")
    event = words.get("event")
    if event is None:
        return _said(float(at_ms), words)
    if not isinstance(event, str) or event not in _EVENTS:
        raise ValueError(f"event is {_shown(event)}, and the known events are {', '.join(sorted(_EVENTS))}")
    return _EVENTS[event](float(at_ms), words)


def _said(at_ms: float, words: Words) -> Message | Binary:
    side = Side(_get(words, "by", str))
    if "binary_bytes" in words:
        return Binary(at_ms, _size(words, "binary_bytes"))
    payload_bytes = _size(words, "payload_bytes") if "payload_bytes" in words else None
    if "message" in words:
        message = json.dumps(_get(words, "message", dict), separators=(",", ":"))
        return Message(at_ms, side, message.encode("ascii"), payload_bytes)
    if "text" in words:
        return Message(at_ms, side, _get(words, "text", str).encode("utf-8"))
    if "base64" in words:
        return Message(at_ms, side, binascii.a2b_base64(_get(words, "base64", str), strict_mode=True))
    raise ValueError("has neither event, message, text, base64 nor binary_bytes")


def _closed(at_ms: float, words: Words) -> Closed:
    code = None if words.get("code") is None else _size(words, "code")
    return Closed(at_ms, code, _get(words, "reason", str), Side(_get(words, "by", str)))


_EVENTS: dict[str, Callable[[float, Words], Entry]] = {
    "attempt": lambda at_ms, words: Attempted(at_ms, _get(words, "url", str)),
    "opened": lambda at_ms, _: Opened(at_ms),
    "failed": lambda at_ms, words: Failed(at_ms, _get(words, "error", str)),
    "closed": _closed,
    "cut": lambda at_ms, words: Cut(at_ms, _get(words, "reason", str)),
}


def _get(words: Words, name: str, kind: type[T]) -> T:
    value = words.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{name} is {_shown(value)}, not {_KINDS[kind]}")
    return value


def _one_of(words: Words, name: str, choices: tuple[Any, ...]) -> Any:
    choice = words.get(name)
    if choice not in choices:
        raise ValueError(f"{name} is {_shown(choice)}, not one of {', '.join(choices)}")
    return choice


def _size(words: Words, name: str) -> int:
    size = _get(words, name, int)
    if size < 0:
        raise ValueError(f"{name} is {_shown(size)}, a negative size")
    return size


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    return f"{value!r:.40}" if isinstance(value, str | int | float) else f"of the type {type(value).__name__}"
