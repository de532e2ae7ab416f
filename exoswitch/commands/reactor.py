"""Root: runs the reactor for a command: until its work is done, or until it is interrupted."""

import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure

from exoswitch.errors import ExoswitchError


def run(begin: Callable[[Any], Deferred[int]]) -> int:
    """Run the reactor until the result of `begin(reactor)` has fired; give it as the exit status.

    If the reactor is interrupted before, say so; the exit status is 1.

    Raises:
        ExoswitchError: the work failed with it.
        OSError: a file or the output cannot be written.
        KeyboardInterrupt: it was interrupted before the reactor ran.
    """
    from twisted.internet import reactor
    from twisted.internet.task import react

    from exoswitch.process import use_monotonic_time

    use_monotonic_time(reactor)
    statuses: list[int] = []
    problems: list[ExoswitchError | OSError | KeyboardInterrupt] = []

    def keep(failure: Failure) -> None:
        if not isinstance(failure.value, ExoswitchError | OSError | KeyboardInterrupt):
            failure.raiseException()
        problems.append(failure.value)

    try:
        react(lambda r: begin(r).addCallbacks(statuses.append, keep))
    except SystemExit as ended:
        if ended.code:
            return 1
    if problems:
        raise problems[0]
    if not statuses:
        print("\nexoswitch: interrupted", file=sys.stderr)
    return statuses[0] if statuses else 1


def serve(start: Callable[[Any], str]) -> int:
    """Run the server that `start(reactor)` starts and describes, until it is interrupted; give the exit status."""

    def begin(reactor: Any) -> Deferred[int]:
        try:
            print(f"{start(reactor)} (Ctrl-C ends it)", flush=True)
        except CannotListenError as problem:
            print(f"exoswitch: {problem} Choose another port.", file=sys.stderr)
            return succeed(1)
        ended: Deferred[int] = Deferred()
        reactor.addSystemEventTrigger("before", "shutdown", ended.callback, 0)
        return ended

    return run(begin)
