"""Root: a gateway in Python as the subject of a benchmark: it opens calls, is measured, and ends."""

import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.protocol import connectionDone
from twisted.internet.stdio import StandardIO
from twisted.internet.task import deferLater
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from exoswitch.bench.job import Ends, Job
from exoswitch.bench.lines import hear, tell
from exoswitch.bench.usage import Usage, allow_descriptors
from exoswitch.call.session import BotTarget, Direction
from exoswitch.call.stream_options import StreamOptions
from exoswitch.call.stream_start import StreamStart
from exoswitch.process import freeze_start, use_monotonic_time
from exoswitch.tasks.deferred import deferred

HOST = "127.0.0.1"
OPENED_A_SECOND = 200.0
"""The pace at which the calls are opened before the measurement."""


class Carrier(Protocol):
    """A gateway under measurement."""

    def open(self, ends: Ends) -> Deferred[None]:
        """Begin a call; the Deferred fires when both its directions flow."""

    def begin(self) -> None:
        """The measurement begins."""

    def figures(self) -> dict[str, Any]:
        """Give the figures of the measurement that are the gateway's own."""


def ends_of(document: Sequence[Sequence[int]]) -> list[Ends]:
    """Read the ends of calls."""
    return [Ends(*pair) for pair in document]


def stream_start(url: str, job: Job) -> StreamStart:
    """Describe a call's stream."""
    options = StreamOptions(chunk_ms=job.chunk_ms, ca_file=job.certificate)
    return StreamStart(
        call_sid="c" * 32,
        stream_sid="5" * 32,
        account="bench",
        customer="+919812345610",
        exophone="+918047491899",
        bot=BotTarget(url=url, options=options),
        direction=Direction.INBOUND,
    )


class Requests(LineReceiver):
    """Reads what the benchmark asks; its end is the end of this process."""

    delimiter = b"\n"

    def __init__(self, reactor: Any, carrier: Carrier, usage: Usage) -> None:
        self._reactor, self._carrier, self._usage = reactor, carrier, usage

    def lineReceived(self, line: bytes) -> None:
        """Measure for a time, and tell the figures."""
        seconds = json.loads(line)["measure"]
        self._usage.begin()
        self._carrier.begin()
        self._reactor.callLater(seconds, self._told)

    def _told(self) -> None:
        tell({**self._usage.figures(), **self._carrier.figures()})

    def connectionLost(self, _reason: Failure = connectionDone) -> None:
        """End at once."""
        os._exit(0)


def serve(reactor: Any, make: Callable[[Any, Job, Sequence[Ends]], Carrier]) -> None:
    """Read the job, open its calls, and serve measurements until standard input ends."""
    first = hear() or {}
    job, ends = Job.of(first["job"]), ends_of(first["ends"])
    allow_descriptors(3 * len(ends))
    use_monotonic_time(reactor)
    freeze_start(reactor)

    @deferred
    async def begin() -> None:
        carrier = make(reactor, job, ends[job.calls :])
        await deferLater(reactor, 0, lambda: None)
        usage = Usage()
        StandardIO(Requests(reactor, carrier, usage), reactor=reactor)
        began = time.monotonic()
        opening = []
        for n, end in enumerate(ends[: job.calls]):
            await deferLater(reactor, max(0.0, began + n / OPENED_A_SECOND - time.monotonic()), lambda: None)
            opening.append(carrier.open(end))
        for call in opening:
            await call
        tell({"opened": job.calls})

    def failed(failure: Failure) -> None:
        tell({"failed": failure.getErrorMessage()})
        os._exit(1)

    reactor.callWhenRunning(lambda: begin().addErrback(failed))
    reactor.run()
