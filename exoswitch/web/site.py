"""Adapter: the HTTP server of a gateway, and its answers in JSON."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from twisted.application import strports
from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import IService
from twisted.web.resource import IResource
from twisted.web.server import Site

from exoswitch.interfaces.metrics import IMetrics
from exoswitch.tasks.fair_turns import HTTP_REST, HTTP_S, FairTurns
from exoswitch.web.channel import Channel
from exoswitch.web.connection import ConnectionFactory
from exoswitch.web.limits import IDLE_S, ConnectionLimits
from exoswitch.web.request import Request as WebRequest
from exoswitch.web.shared_port import SharedPort

Request = Any  # exoswitch.web.request.Request, which has few types

Handler = Callable[[Request], bytes | Awaitable[bytes | None]]
"""Gives the body of the answer to a GET request, and sets its status and headers; None if it has written it."""

Refusal = Callable[[int, str, bytes], tuple[str, bytes]]
"""Gives the ``Content-Type`` and the body of an error: its HTTP status, its message, and the request's target."""


class _Site(Site):
    """A site without an access log, because queries hold phone numbers; the REST API logs each call it accepts.

    HTTP/2 would not know the limits, so it is not offered.
    """

    protocol: Any = Channel
    requestFactory = WebRequest  # noqa: N815 - Twisted's name
    noisy = False  # else Twisted logs this object with its address in memory

    def log(self, request: object) -> None:
        """Write nothing."""

    def acceptableProtocols(self) -> list[bytes]:
        """Speak HTTP/1.1 only."""
        return [b"http/1.1"]


def make_site(
    resource: IResource, reactor: Any, *, refusal: Refusal, metrics: IMetrics, limits: ConnectionLimits | None = None
) -> ConnectionFactory:
    """Make the factory of a server's connections, with all limits."""
    site: Any = _Site(resource, reactor=reactor, timeout=IDLE_S)
    site.limits = limits or ConnectionLimits()
    turns = FairTurns(reactor, HTTP_S, rest=HTTP_REST)
    site.refusal, site.metrics = refusal, metrics
    factory = ConnectionFactory(site, site.limits, turns, reactor, metrics)
    site.admission = factory.admission
    return factory


def web_service(endpoint: str, factory: ConnectionFactory, reactor: Any, *, is_shared: bool = False) -> IService:
    """Serve HTTP at a Twisted server endpoint string; other processes may listen there, too, if it `is_shared`."""
    if is_shared:
        return StreamServerEndpointService(SharedPort.of(endpoint, reactor), factory)
    return strports.service(endpoint, factory, reactor=reactor)


def answer(request: Request, status: int, body: Mapping[str, Any]) -> bytes:
    """Give the body of an answer in JSON, and set its status, type and length."""
    data = json.dumps(body, separators=(",", ":")).encode("ascii")
    request.setResponseCode(status)
    request.setHeader("Content-Type", "application/json")
    request.setHeader("Content-Length", str(len(data)))
    return data
