"""Core: the messages of the control socket: one line of JSON asks, one line of JSON answers.

A request is ``{"command": NAME, "file": PATH}``: the absolute path of the configuration file for which the command
was given. An answer is a JSON object; ``{"error": TEXT}`` says why there is none.
"""

import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from exoswitch.errors import RemoteProtocolError

SOCKET = "control"
"""The socket's name in the folder ``journal:``, which belongs to one gateway alone."""

REQUEST_MAX_BYTES = 8192
ANSWER_MAX_BYTES = 16 * 1024 * 1024

Answer = Mapping[str, Any]


@frozen
class Request:
    """A question of a command."""

    command: str
    file: str


def write_request(request: Request) -> bytes:
    """Write a request."""
    return _line({"command": request.command, "file": request.file})


def read_request(line: bytes) -> Request:
    """Read a request, without its line end.

    Raises:
        RemoteProtocolError: it is not one.
    """
    match _read(line):
        case {"command": str(command), "file": str(file)}:
            return Request(command, file)
    raise RemoteProtocolError("not a request to a gateway")


def write_answer(answer: Answer) -> bytes:
    """Write an answer."""
    return _line(answer)


def read_answer(data: bytes) -> Answer:
    """Read a whole answer.

    Raises:
        RemoteProtocolError: it is not one, or a part of one.
    """
    found = _read(data)
    if not data.endswith(b"\n") or not isinstance(found, dict):
        raise RemoteProtocolError("the gateway ended its answer too early; see its log")
    return found


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode("ascii") + b"\n"


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
