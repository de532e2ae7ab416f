"""Adapter: Exotel's REST API as a resource of Twisted's web server: each answer is written here.

The requests are those of `exoswitch.web`: small, complete, and not parsed.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from exoswitch.errors import ExoswitchError
from exoswitch.exotel.rest.api import RestApi, failed
from exoswitch.exotel.rest.endpoint import Answered
from exoswitch.exotel.rest.errors import ErrorResponse, NoSuchMethod
from exoswitch.exotel.rest.form import Form
from exoswitch.tasks.spawn import spawn
from exoswitch.web.site import Handler, Request

_LOG = Logger(namespace="exoswitch.rest")
_READS = ("GET", "HEAD")


def refusal(status: int, message: str, target: bytes) -> tuple[str, bytes]:
    """Give the ``Content-Type`` and the body of an error that the HTTP server itself answers."""
    form = Form.of_path(target.partition(b"?")[0].decode("latin-1"))
    return form.value, form.write(ErrorResponse(status, message).document(form, "", uuid4().hex))


class RestResource(Resource):
    """The API, and `more`: the GET handlers of other paths; one that ends with a slash is of all paths below it."""

    isLeaf = True

    def __init__(self, api: RestApi, more: Mapping[str, Handler]) -> None:
        super().__init__()
        self._api = api
        self._more = more

    def render(self, request: Request) -> Any:
        """Answer a request; a client that disconnects cancels the work for it."""
        answered = Deferred.fromCoroutine(self._answer(request))
        request.notifyFinish().addErrback(lambda _: answered.cancel())
        spawn(answered, _LOG, "answering a request")
        return NOT_DONE_YET

    async def _answer(self, request: Request) -> None:
        """Answer a request of the API, or hand it to the handler of its path."""
        path, method = request.path.decode("utf-8", "replace"), request.method.decode("ascii", "replace")
        form = Form.of_path(path)
        answered: Answered | None = None
        body: bytes | None
        try:
            handler = self._more.get(path) or self._more.get(path[: path.find("/", 1) + 1])
            if handler is not None:
                body = await _more_body(handler, request, method, path)
            else:
                answered = await self._api.answer(request, method, path, form)
                body = _prepared(request, form, answered)
        except CancelledError:
            return
        except Exception as problem:  # noqa: BLE001 - each has its answer
            if not isinstance(problem, ExoswitchError):
                _LOG.failure("a request failed")
            body = _prepared(request, form, failed(problem, form, method))
        if body is not None:
            _finish(request, body)
        if answered is not None and answered.written is not None:
            answered.written()


async def _more_body(handler: Handler, request: Request, method: str, path: str) -> bytes | None:
    if method not in _READS:
        raise NoSuchMethod(f"{method[:20]} is not a method of {path[:100]}", _READS)
    body = handler(request)
    return body if isinstance(body, bytes) else await body


def _prepared(request: Request, form: Form, answered: Answered) -> bytes:
    """Give the body of an answer, and set its status and headers."""
    body = form.write(answered.document) if answered.body is None else answered.body
    request.setResponseCode(answered.status)
    request.setHeader("Content-Type", form.value)
    for name, value in answered.headers.items():
        request.setHeader(name, value)
    return body


def _finish(request: Request, body: bytes) -> None:
    """Write the body; the answer to a HEAD request has its length alone."""
    if request.is_gone:
        return
    request.setHeader("Content-Length", str(len(body)))
    request.write(body)
    request.finish()
