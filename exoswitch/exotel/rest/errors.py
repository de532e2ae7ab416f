"""Core: the HTTP answer to each error, in the form of Exotel's `RestException` (spec §6.3)."""

from http import HTTPStatus
from typing import Any

from attrs import frozen

from exoswitch.errors import (
    BackendUnavailable,
    CallNotFound,
    ExoswitchError,
    InvalidRequest,
    InvalidValue,
    NoCapacity,
    TrunkError,
)

RETRY_AFTER_S = 30
"""The wait of a dialer whose call has no place; Exotel's own value (spec §6.1)."""


class Unauthorized(ExoswitchError):  # noqa: N818 - Exotel's word
    """The credentials are missing, wrong, or of another account than the one in the path."""


class NotAllowed(ExoswitchError):  # noqa: N818
    """This account may not do what is asked."""


class Unsupported(ExoswitchError):  # noqa: N818
    """Exotel has this feature, and exoswitch does not."""


@frozen
class ErrorResponse:
    """An HTTP error; `retry_after_s` if the same request may succeed later."""

    status: int
    code: str
    message: str
    retry_after_s: int | None = None

    @classmethod
    def of_http(cls, status: int, message: str) -> "ErrorResponse":
        """Make one whose code is the phrase of its status: ``NOT_FOUND``."""
        return cls(status, HTTPStatus(status).name, message)

    def body(self) -> dict[str, Any]:
        """Give the JSON body."""
        return {"RestException": {"Status": self.status, "Message": self.message, "Code": self.code}}


# Exotel's docs print words for `Code`; the values that it sends are not published (spec §9).
_TABLE: tuple[tuple[type[ExoswitchError], int, str, int | None], ...] = (
    (InvalidRequest, 400, "BAD_REQUEST", None),
    (InvalidValue, 400, "BAD_REQUEST", None),
    (Unauthorized, 401, "UNAUTHORIZED", None),
    (NotAllowed, 403, "FORBIDDEN", None),
    (CallNotFound, 404, "NOT_FOUND", None),
    (NoCapacity, 429, "RATE_LIMIT_EXCEEDED", RETRY_AFTER_S),
    (Unsupported, 501, "NOT_IMPLEMENTED", None),
    (TrunkError, 502, "BAD_GATEWAY", None),
    (BackendUnavailable, 503, "SERVICE_UNAVAILABLE", RETRY_AFTER_S),
)


def error_response(error: BaseException | None) -> ErrorResponse:
    """Find the answer to an error; an unexpected one is a 500 without details."""
    for kind, status, code, retry_after_s in _TABLE:
        if isinstance(error, kind):
            return ErrorResponse(status, code, str(error) or kind.__name__, retry_after_s)
    return ErrorResponse(500, "INTERNAL_ERROR", "internal error: see the log of the gateway")
