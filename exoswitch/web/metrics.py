"""Adapter: ``/metrics``, for Prometheus."""

from collections.abc import Callable, Mapping

from attrs import define, field

from exoswitch.web.site import Request

FRESH_S = 1.0
"""A page this old is given again, so that nobody can keep a gateway busy with scrapes."""


@define(eq=False)
class MetricsPage:
    """The page; `write` gives it as text of `content_type`, `now` the time in monotonic seconds."""

    _write: Callable[[], bytes]
    _content_type: str
    _now: Callable[[], float]
    _page: bytes | None = field(default=None, init=False)
    _written_at: float = field(default=0.0, init=False)

    def routes(self) -> Mapping[str, Callable[[Request], bytes]]:
        """Give the handler of its path."""
        return {"/metrics": self._answer}

    def _answer(self, request: Request) -> bytes:
        now = self._now()
        if self._page is None or now - self._written_at >= FRESH_S:
            self._page, self._written_at = self._write(), now
        request.setHeader("Content-Type", self._content_type)
        return self._page
