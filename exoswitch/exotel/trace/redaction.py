"""Core: redaction of traces: secrets are never written; phone numbers and audio only if configured.

A value in the query of a bot's URL can be a token, and the stream's custom parameters repeat it. So only the names of
both are written, and phone numbers as `mask` shows them. A call's CustomField is the name of a custom parameter; it
is not written.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from exoswitch.call.bot_address import RESUMPTION
from exoswitch.errors import InvalidValue
from exoswitch.telephony.numbers import mask, normalise

HIDDEN = "***"
_UNREADABLE = "(a URL that cannot be read)"


@frozen(kw_only=True)
class Redactor:
    """Shows phone numbers in full if `numbers`, and the values of these custom `parameters`, which are no secrets."""

    numbers: bool = False
    parameters: frozenset[str] = frozenset()

    def url(self, url: str) -> str:
        """Show a URL without credentials, fragment and query values."""
        try:
            parts = urlsplit(url)
            query = parse_qsl(parts.query, keep_blank_values=True, errors="replace")
        except ValueError:
            return _UNREADABLE
        host = parts.netloc.rpartition("@")[2]
        if not host:
            return _UNREADABLE
        shown = "&".join(f"{name}={self.parameter(name, value)}" if value else name for name, value in query)
        return f"{parts.scheme}://{host}{parts.path}" + ("?" + shown if shown else "")

    def number(self, number: str) -> str:
        """Show a phone number."""
        return number if self.numbers else mask(number)

    def parameter(self, name: str, value: str) -> str:
        """Show the value of a custom parameter."""
        if not value or name in self.parameters or RESUMPTION.get(name) == value:
            return value
        return self.number(value) if _is_number(value) else HIDDEN

    def parameter_name(self, name: str, value: object) -> str:
        """Show the name of a custom parameter; a name without a value may be a call's CustomField."""
        return name if value != "" or name in self.parameters else HIDDEN

    def start(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Show a `start` message."""
        body = message.get("start")
        if not isinstance(body, dict):
            return dict(message)
        shown = dict(body)
        for name in ("from", "to"):
            if isinstance(body.get(name), str):
                shown[name] = self.number(body[name])
        parameters = body.get("custom_parameters")
        if isinstance(parameters, dict):
            shown["custom_parameters"] = {
                self.parameter_name(name, value): self.parameter(name, value) if isinstance(value, str) else HIDDEN
                for name, value in parameters.items()
            }
        return {**message, "start": shown}


def _is_number(value: str) -> bool:
    try:
        normalise(value)
    except InvalidValue:
        return False
    return True
