"""Adapter: ``/metrics``, for Prometheus."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from exoswitch.web.site import Handler, Request

FRESH_S = 1.0
"""A page this old is given again, so that nobody can keep a gateway busy with scrapes."""


@define(eq=False)
class MetricsPage:
    """The page, as text of `content_type`; each turn of the reactor writes one part, so that audio is not late.

    `parts` begins a page, and gives its parts.
    """

    _parts: Callable[[], Iterator[bytes]]
    _content_type: str
    _clock: IReactorTime
    _page: bytes = field(default=b"", init=False)
    _begun_at: float = field(default=float("-inf"), init=False)
    _waiting: list[Deferred[None]] = field(factory=list, init=False)

    def routes(self) -> Mapping[str, Handler]:
        """Give the handler of its path."""
        return {"/metrics": self._answer}

    async def _answer(self, request: Request) -> bytes:
        if self._waiting or self._clock.seconds() - self._begun_at >= FRESH_S:
            await self._written()
        request.setHeader("Content-Type", self._content_type)
        return self._page

    def resource(self) -> Resource:
        """Give a site that has this page alone."""
        return _Alone(self._answer)

    def _written(self) -> Deferred[None]:
        """Wait until a new page is written; all who ask meanwhile get the same page."""
        written: Deferred[None] = Deferred()
        self._waiting.append(written)
        if len(self._waiting) == 1:
            Deferred.fromCoroutine(self._write()).addBoth(self._end)
        return written

    async def _write(self) -> None:
        written, begun_at = [], self._clock.seconds()
        for part in self._parts():
            written.append(part)
            await deferLater(self._clock, 0)
        self._page, self._begun_at = b"".join(written), begun_at

    def _end(self, result: Failure | None) -> None:
        waiting, self._waiting = self._waiting, []
        for written in waiting:
            written.callback(result)


class _Alone(Resource):
    """The page without a router; `answer` gives it."""

    isLeaf = True

    def __init__(self, answer: Callable[[Request], Coroutine[Any, Any, bytes]]) -> None:
        super().__init__()
        self._answer = answer
        self._log = Logger(namespace="exoswitch.metrics")

    def render(self, request: Request) -> Any:
        """Answer when the page is written, if the client still waits."""
        if request.path != b"/metrics" or request.method not in {b"GET", b"HEAD"}:
            request.setResponseCode(404)
            return b"only GET /metrics is here\n"
        answered = Deferred.fromCoroutine(self._answer(request))
        request.notifyFinish().addErrback(lambda _: answered.cancel())
        answered.addCallbacks(self._send, self._fail, callbackArgs=(request,), errbackArgs=(request,))
        return NOT_DONE_YET

    def _send(self, page: bytes, request: Request) -> None:
        request.setHeader("Content-Length", str(len(page)))
        request.write(page)
        request.finish()

    def _fail(self, failure: Failure, request: Request) -> None:
        if isinstance(failure.value, CancelledError):
            return
        self._log.failure("the page of metrics failed", failure)
        request.setResponseCode(500)
        request.setHeader("Content-Length", "0")
        request.finish()
