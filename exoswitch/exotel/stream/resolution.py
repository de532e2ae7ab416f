"""Core: what the resolver of a bot is asked, and what it answers (spec §1).

An http(s) URL in the place of a bot's own says where to ask for it, call by call.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from exoswitch.call.bot_address import BotAddress, parse_address
from exoswitch.call.session import Direction
from exoswitch.call.stream_start import StreamStart
from exoswitch.errors import InvalidRequest, RemoteProtocolError
from exoswitch.telephony.numbers import written

MAX_ANSWER_BYTES = 64 * 1024
"""How long an answer may be; Exotel's own limit is not published."""

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
    """Write the path and query to ask for: the URL's own, untouched, then the details in Go's order of keys."""
    asked = urlencode(sorted(details.items()))
    if "?" not in resource:
        return f"{resource}?{asked}"
    return resource + asked if resource.endswith(("?", "&")) else f"{resource}&{asked}"


def check_status(code: int) -> None:
    """Accept nothing but success; a redirect is not followed.

    Raises:
        RemoteProtocolError: the text says what came instead.
    """
    if code != _OK:
        raise RemoteProtocolError(f"it answered {code}, where 200 is expected")


def read_answer(body: bytes) -> BotAddress:
    """Read where the bot is from the body of the answer.

    Raises:
        RemoteProtocolError: the answer names no bot that can be reached; of its text only a sample rate is repeated.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RemoteProtocolError("its answer is not JSON") from error
    url = answer.get("url") if isinstance(answer, dict) else None
    if not isinstance(url, str):
        raise RemoteProtocolError('its answer is not an object with a "url"')
    try:
        return parse_address(url)
    except InvalidRequest as refusal:
        raise RemoteProtocolError(f'the "url" of its answer cannot be used: {refusal}') from refusal
