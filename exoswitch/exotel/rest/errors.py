"""Core: which HTTP answer each error becomes, in the shape of Exotel's `RestException` (spec §6.3)."""

from typing import Any

from attrs import frozen

from exoswitch.errors import (
    BackendUnavailable,
    CallNotFound,
    ExoswitchError,
    InvalidRequest,
    NoCapacity,
    TrunkError,
)

RETRY_AFTER_S = 30
"""How long a dialer shall wait when there is no place for its call; Exotel's own figure (spec §6.1)."""


class Unauthorized(ExoswitchError):  # noqa: N818 - Exotel's word
    """The credentials are missing or wrong, or are not those of the account that the path names."""


class NotServed(ExoswitchError):  # noqa: N818
    """Exotel has this, and exoswitch has it not yet."""


class TooLarge(ExoswitchError):  # noqa: N818
    """The body of a request is larger than any that Exotel's API has a use for."""


@frozen
class ErrorResponse:
    """An HTTP answer that says no; `retry_after_s` where the same request may well succeed later."""

    status: int
    code: str
    message: str
    retry_after_s: int | None = None

    def body(self) -> dict[str, Any]:
        """Give the JSON that Exotel's clients read."""
        return {"RestException": {"Status": self.status, "Message": self.message, "Code": self.code}}


# Exotel's docs print words for `Code`; nobody has published the values that are really sent (spec §9).
_TABLE: tuple[tuple[type[ExoswitchError], int, str, int | None], ...] = (
    (InvalidRequest, 400, "BAD_REQUEST", None),
    (Unauthorized, 401, "UNAUTHORIZED", None),
    (CallNotFound, 404, "NOT_FOUND", None),
    (TooLarge, 413, "REQUEST_TOO_LARGE", None),
    (NoCapacity, 429, "RATE_LIMIT_EXCEEDED", RETRY_AFTER_S),
    (NotServed, 501, "NOT_IMPLEMENTED", None),
    (TrunkError, 502, "BAD_GATEWAY", None),
    (BackendUnavailable, 503, "SERVICE_UNAVAILABLE", RETRY_AFTER_S),
)


def refuse(error: BaseException | None) -> ErrorResponse:
    """Find the answer to an error; what nobody foresaw is a 500, whose text tells nothing of the inside."""
    for kind, status, code, retry_after_s in _TABLE:
        if isinstance(error, kind):
            return ErrorResponse(status, code, str(error) or kind.__name__, retry_after_s)
    return ErrorResponse(500, "INTERNAL_ERROR", "something went wrong inside the gateway; its log says what")
