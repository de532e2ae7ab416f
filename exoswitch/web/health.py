"""Adapter: ``/healthz`` and ``/readyz``, for monitoring and load balancers."""

from collections.abc import Mapping

from exoswitch.interfaces.calls import ICalls
from exoswitch.web.site import Handler, Request, answer


def health_routes(calls: ICalls) -> Mapping[str, Handler]:
    """Give the handler of each path."""

    def health(request: Request) -> bytes:
        """Say that the process runs."""
        return answer(request, 200, {"status": "ok"})

    def readiness(request: Request) -> bytes:
        """Say whether this gateway can place a call now, and else what is missing."""
        if calls.missing:
            return answer(request, 503, {"status": "not ready", "missing": calls.missing})
        return answer(request, 200, {"status": "ready"})

    return {"/healthz": health, "/readyz": readiness}
