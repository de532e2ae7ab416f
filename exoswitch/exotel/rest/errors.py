"""Core: the HTTP answer to each error, in the form of Exotel's `RestException` (spec §6.3)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from attrs import field, frozen

from exoswitch.errors import (
    BackendUnavailable,
    CallNotFound,
    ExoswitchError,
    InvalidRequest,
    InvalidValue,
    NoCapacity,
    TrunkError,
)
from exoswitch.exotel.rest.form import Form

RETRY_AFTER_S = 30
"""The wait of a dialer whose call has no place; Exotel's own value (spec §6.1)."""

_CHALLENGE = 'Basic realm="exoswitch"'
_V2_CODES = {400: 1002, 401: 1010}
"""Exotel's codes of version 2, as far as they are known; of other errors the code is the status (spec §6.3)."""


class Unauthorized(ExoswitchError):
    """The credentials are missing, wrong, or of another account than the one in the path."""


class NotAllowed(ExoswitchError):
    """This account may not do what is asked."""


class NoSuchPath(ExoswitchError):
    """The API has no such path."""


class NoSuchMethod(ExoswitchError):
    """The path has other methods, which are `methods`; the text names them."""

    def __init__(self, message: str, methods: tuple[str, ...]) -> None:
        super().__init__(f"{message}: use {' or '.join(methods)}")
        self.methods = methods


class TooManyRequests(ExoswitchError):
    """The account has reached a limit a minute; `headers` tell it, and when to try again."""

    def __init__(self, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(message)
        self.headers = headers


class Unsupported(ExoswitchError):
    """Exotel has this feature, and exoswitch does not."""


@frozen
class ErrorResponse:
    """An HTTP error; `headers` go with it."""

    status: int
    message: str
    headers: Mapping[str, str] = field(factory=dict)

    def document(self, form: Form, method: str, request_id: str) -> Mapping[str, Any]:
        """Give the document; versions 2 and 3 also tell the method, and an id of the request."""
        if form is not Form.V2:
            return {"RestException": {"Status": self.status, "Message": self.message}}
        error = {
            "code": _V2_CODES.get(self.status, self.status),
            "message": HTTPStatus(self.status).phrase,
            "description": self.message,
        }
        response = {"code": self.status, "error_data": error, "status": "failure", "data": None}
        return {"request_id": request_id, "method": method, "http_code": self.status, "response": response}


_RETRY = {"Retry-After": str(RETRY_AFTER_S)}

_TABLE: tuple[tuple[type[ExoswitchError], int, Mapping[str, str]], ...] = (
    (InvalidRequest, 400, {}),
    (InvalidValue, 400, {}),
    (Unauthorized, 401, {"WWW-Authenticate": _CHALLENGE}),
    (NotAllowed, 403, {}),
    (CallNotFound, 404, {}),
    (NoSuchPath, 404, {}),
    (NoCapacity, 429, _RETRY),
    (Unsupported, 501, {}),
    (TrunkError, 502, {}),
    (BackendUnavailable, 503, _RETRY),
)


def error_response(error: BaseException | None) -> ErrorResponse:
    """Find the answer to an error; an unexpected one is a 500 without details."""
    if isinstance(error, TooManyRequests):
        return ErrorResponse(429, str(error), error.headers)
    if isinstance(error, NoSuchMethod):
        return ErrorResponse(405, str(error), {"Allow": ", ".join(error.methods)})
    for kind, status, headers in _TABLE:
        if isinstance(error, kind):
            return ErrorResponse(status, str(error) or kind.__name__, headers)
    return ErrorResponse(500, "internal error: see the log of the gateway")
