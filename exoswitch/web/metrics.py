"""Adapter: ``/metrics``, for Prometheus."""

from collections.abc import Callable, Iterator, Mapping

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

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
