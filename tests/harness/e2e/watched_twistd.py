"""The installed `twistd`, which on SIGRTMIN writes its delayed calls and sockets as JSON.

On the signal after it, its reactor is blocked for half a second.

Run as: python watched_twistd.py REPORT twistd-arguments…
"""

import json
import signal
import sys
import time
from pathlib import Path

from twisted.scripts.twistd import run

BLOCK = signal.SIGRTMIN + 1
BLOCKED_S = 0.5


def holdings() -> dict[str, list[str]]:
    """List the reactor's delayed calls, and every socket of this process by its kernel name."""
    from twisted.internet import reactor  # noqa: PLC0415 - twistd has chosen it before

    waiting = sorted(getattr(call.func, "__qualname__", repr(call.func)) for call in reactor.getDelayedCalls())
    return {"waiting": waiting, "sockets": sorted(_sockets())}


def _sockets() -> list[str]:
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except OSError:
            continue  # the folder's own descriptor
    return [link for link in links if link.startswith("socket:")]


def main() -> None:
    """Become twistd."""
    report = Path(sys.argv.pop(1))

    def write() -> None:
        unfinished = report.with_suffix(".new")
        unfinished.write_text(json.dumps(holdings()))
        unfinished.replace(report)

    def asked(*_: object) -> None:
        """Write between two calls of the reactor's: a signal may come in one that is about to be scheduled anew."""
        from twisted.internet import reactor  # noqa: PLC0415 - as above

        reactor.callFromThread(write)

    def block(*_: object) -> None:
        from twisted.internet import reactor  # noqa: PLC0415 - as above

        reactor.callFromThread(time.sleep, BLOCKED_S)

    signal.signal(signal.SIGRTMIN, asked)
    signal.signal(BLOCK, block)
    run()


if __name__ == "__main__":
    main()
