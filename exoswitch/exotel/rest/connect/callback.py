"""Core: the status callback that a request asks for (spec §6.2, §6.6)."""

from exoswitch.call.bot_address import parse_web
from exoswitch.call.status_callback import EVENTS, Content, StatusCallback
from exoswitch.errors import InvalidRequest, InvalidValue
from exoswitch.web.parameters import Parameters

MAX_URL = 2000
_BOTH = "both"
_CONTENTS: dict[str, Content] = {
    "multipart/form-data": "multipart",
    "multipart": "multipart",
    "application/json": "json",
    "json": "json",
    "application/x-www-form-urlencoded": "form",
    "form": "form",
}
_MARKS = "[]\"' "  # a client may send its list as text: ["terminal","answered"]


def read_callback(asked: Parameters) -> StatusCallback | None:
    """Read the status callback of a request; None if it asks for none.

    Raises:
        InvalidRequest: the text names the parameter, its value and the remedy.
    """
    url = asked.text("StatusCallback")
    if url is None:
        return None
    if len(url) > MAX_URL:
        raise InvalidRequest(f"StatusCallback has {len(url)} characters: write at most {MAX_URL}")
    try:
        parse_web(url, "StatusCallback")
    except InvalidValue as problem:
        raise InvalidRequest(str(problem)) from problem
    return StatusCallback(url=url, events=_read_events(asked), content=_read_content(asked))


def _read_events(asked: Parameters) -> tuple[str, ...]:
    """Read the events in their order in a call; ``both`` is the answer and the end."""
    words = {word.strip(_MARKS).lower() for word in asked.many("StatusCallbackEvents")} - {""}
    if _BOTH in words:
        words = words - {_BOTH} | {"answered", "terminal"}
    unknown = sorted(words - {*EVENTS})
    if unknown:
        raise InvalidRequest(f"StatusCallbackEvents={unknown[0][:20]!r} is unknown: write {', '.join(EVENTS)}")
    return tuple(event for event in EVENTS if event in words)


def _read_content(asked: Parameters) -> Content:
    written = asked.text("StatusCallbackContentType")
    if written is None:
        return "multipart"
    content = _CONTENTS.get(written.partition(";")[0].strip().lower())
    if content is None:
        kinds = "multipart/form-data, application/json or application/x-www-form-urlencoded"
        raise InvalidRequest(f"StatusCallbackContentType={written[:40]!r} is unknown: write {kinds}")
    return content
