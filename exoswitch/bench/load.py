"""Root: the load of a benchmark, in a process of its own: `python -m exoswitch.bench.load`.

It reads a Job, prints the ports of its phones and bots, and lets them talk until standard input ends. For each
``{"measure": seconds}`` it prints the counts of that time.
"""

import base64
import hashlib

from exoswitch.bench._load import Load
from exoswitch.bench.job import STEADY, Job
from exoswitch.bench.lines import hear, is_heard, tell
from exoswitch.bench.usage import allow_descriptors, cpu_s

_TURN_S = 0.01
_REST_S = 1.0  # for the last frames that were sent: a message of the bot is played for 200 ms
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3


def accept(request: bytes) -> bytes:
    """Write the answer to a request to upgrade."""
    fields = dict(line.split(b": ", 1) for line in request.split(b"\r\n")[1:] if b": " in line)
    key = next(value for name, value in fields.items() if name.lower() == b"sec-websocket-key")
    token = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + token
        + b"\r\n\r\n"
    )


def run_for(load: Load, seconds: float) -> None:
    """Let everyone talk for a time, and answer the bots' requests."""
    turns = max(1, round(seconds / _TURN_S))
    for _ in range(turns):
        load.run(_TURN_S)
        for number, request in load.requests():
            load.answer(number, accept(request), request.startswith(b"GET " + STEADY.encode()))


def main() -> None:
    """Serve one benchmark's load."""
    job = Job.of(hear() or {})
    phones = job.calls + job.short_calls
    allow_descriptors(2 * phones)
    load = Load(phones, job.calls, job.frames, job.certificate, job.key)
    tell({"bot": load.bot_port(), "phones": load.phone_ports()})
    while True:
        run_for(load, _TURN_S)
        if not is_heard():
            continue
        asked = hear()
        if asked is None:
            return
        load.measure(asked["measure"])
        began_s = cpu_s()
        run_for(load, asked["measure"])
        spent_s = cpu_s() - began_s
        run_for(load, _REST_S)
        tell({**load.results(), "cpu_s": spent_s})


if __name__ == "__main__":
    main()
