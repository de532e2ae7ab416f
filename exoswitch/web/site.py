"""Adapter: the HTTP server of a gateway, and its answers in JSON."""

# mypy: disallow-untyped-calls=False

import json
from collections.abc import Mapping
from typing import Any

from twisted.application import strports
from twisted.application.service import IService
from twisted.web.resource import IResource
from twisted.web.server import Site

Request = Any  # twisted.web.server.Request, which has few types


class _Site(Site):
    """A site without an access log, because queries hold phone numbers; the REST API logs each call it accepts."""

    noisy = False  # else Twisted logs this object with its address in memory

    def log(self, request: object) -> None:
        """Write nothing."""


def web_service(endpoint: str, resource: IResource, reactor: Any) -> IService:
    """Serve a resource at a Twisted server endpoint string."""
    return strports.service(endpoint, _Site(resource, reactor=reactor), reactor=reactor)


def answer(request: Request, status: int, body: Mapping[str, Any]) -> bytes:
    """Give the body of an answer in JSON, and set its status and type."""
    request.setResponseCode(status)
    request.setHeader("Content-Type", "application/json")
    return json.dumps(body, separators=(",", ":")).encode("ascii")
