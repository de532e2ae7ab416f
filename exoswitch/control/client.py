"""Adapter: a command's question to the running gateway of a configuration file; it blocks until the answer comes."""

import socket
import time
from pathlib import Path

from exoswitch.control.messages import ANSWER_MAX_BYTES, Answer, Request, read_answer, write_request
from exoswitch.control.place import place_of
from exoswitch.errors import BackendUnavailable

_PART_BYTES = 65_536


def ask(folder: Path, request: Request, timeout_s: float) -> Answer:
    """Ask the gateway whose journal is in `folder`.

    Raises:
        BackendUnavailable: no gateway answers in time, or it has no answer.
        RemoteProtocolError: its answer cannot be read.
    """
    try:
        with place_of(folder) as place, socket.socket(socket.AF_UNIX) as connection:
            data = _exchange(connection, place, write_request(request), timeout_s)
    except (FileNotFoundError, ConnectionRefusedError):
        raise BackendUnavailable(
            f"no gateway with the journal {folder} runs on this machine: start it first"
        ) from None
    except PermissionError:
        raise BackendUnavailable(
            f"the gateway with the journal {folder} belongs to another user: run the command as that user, or as root"
        ) from None
    except TimeoutError:
        raise BackendUnavailable(f"the gateway did not answer within {timeout_s:g} s: see its log") from None
    except OSError as problem:
        raise BackendUnavailable(f"the gateway with the journal {folder} cannot be asked: {problem}") from None
    answer = read_answer(data)
    if "error" in answer:
        raise BackendUnavailable(str(answer["error"]))
    return answer


def _exchange(connection: socket.socket, place: str, request: bytes, timeout_s: float) -> bytes:
    deadline = time.monotonic() + timeout_s
    connection.settimeout(timeout_s)
    connection.connect(place)
    connection.sendall(request)
    data = bytearray()
    while len(data) <= ANSWER_MAX_BYTES:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        part = connection.recv(_PART_BYTES)
        if not part:
            break
        data += part
    return bytes(data)
