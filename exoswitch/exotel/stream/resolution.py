"""Core: the request to a bot's resolver, and its answer (spec §1).

A resolver is an http(s) URL in the place of the bot's own; it is asked for each call.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Mapping
from urllib.parse import urlencode

from exoswitch.call.bot_address import BotAddress, parse_address
from exoswitch.call.session import Direction
from exoswitch.call.stream_start import StreamStart
from exoswitch.errors import InvalidValue, RemoteProtocolError
from exoswitch.telephony.numbers import written

MAX_ANSWER_BYTES = 64 * 1024
"""The maximum length of an answer; Exotel has not published its own."""

_OK = 200
_DIRECTIONS = {Direction.INBOUND: "incoming", Direction.OUTBOUND: "outbound-dial"}  # the words of Passthru (spec §5)


def call_details(start: StreamStart) -> dict[str, str]:
    """Give the facts of the call that a resolver is told, under all names in use."""
    style = start.bot.options.numbers
    customer, exophone = written(start.customer, style), written(start.exophone, style)
    details = {
        "CallSid": start.call_sid,
        "CallFrom": customer,
        "CallTo": exophone,
        "Direction": _DIRECTIONS[start.direction],
        "From": customer,
        "To": exophone,
    }
    return details if start.custom_field is None else details | {"CustomField": start.custom_field}


def question(resource: str, details: Mapping[str, str]) -> str:
    """Write the path and query of the request: those of the URL, then the details in Go's order of keys."""
    asked = urlencode(sorted(details.items()))
    if "?" not in resource:
        return f"{resource}?{asked}"
    return resource + asked if resource.endswith(("?", "&")) else f"{resource}&{asked}"


def check_status(code: int) -> None:
    """Accept status 200 only; a redirect is not followed.

    Raises:
        RemoteProtocolError: the text names the status.
    """
    if code != _OK:
        raise RemoteProtocolError(f"it answered with status {code}, and 200 is expected")


def read_answer(body: bytes) -> BotAddress:
    """Read the bot's address from the body of the answer: JSON, or the bare URL in one line of text.

    Raises:
        RemoteProtocolError: the answer holds no usable URL; the error repeats a sample rate, but no other text.
    """
    url = _bare_url(body) or _url_in_json(body)
    try:
        return parse_address(url)
    except InvalidValue as refusal:
        raise RemoteProtocolError(f'the "url" of its answer cannot be used: {refusal}') from refusal


def _bare_url(body: bytes) -> str:
    """Read a body that is a bot's URL and nothing else, as some resolvers answer; ``""`` if it is none."""
    text = body.removeprefix(BOM_UTF8).strip(b" \t\r\n")
    return text.decode("latin-1") if text[:6].lower().startswith((b"ws://", b"wss://")) else ""


def _url_in_json(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RemoteProtocolError("its answer is not JSON") from error
    url = answer.get("url") if isinstance(answer, dict) else None
    if not isinstance(url, str):
        raise RemoteProtocolError('its answer is not an object with a "url"')
    return url
