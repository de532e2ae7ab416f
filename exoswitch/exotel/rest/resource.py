"""Adapter: the part of Exotel's REST API, version 1, that dialers need; the home of klein.

The import of klein installs Twisted's default reactor, so klein is imported when a resource is made. The requests are
those of `exoswitch.web`: small, complete, and not parsed.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource

from exoswitch.call.session import Session
from exoswitch.errors import CallNotFound
from exoswitch.exotel.rest.authentication import Authentication
from exoswitch.exotel.rest.connect import read_connect
from exoswitch.exotel.rest.errors import ErrorResponse, Unsupported, error_response
from exoswitch.exotel.rest.representations import call_record
from exoswitch.interfaces.calls import ICalls
from exoswitch.interfaces.routing import Accounts
from exoswitch.telephony.numbers import mask
from exoswitch.web.parameters import read_parameters
from exoswitch.web.site import Handler, Request, answer

_LONGEST_SID = 64


def make_resource(
    calls: ICalls,
    accounts: Callable[[], Accounts],
    authentication: Authentication,
    more: Mapping[str, Handler],
) -> IResource:
    """Make the resource of the API; `accounts` gives the present ones, `more` the GET handlers of other paths."""
    from klein import Klein  # noqa: PLC0415 - it installs the default reactor
    from werkzeug.exceptions import HTTPException  # noqa: PLC0415 - klein's router raises it

    api = RestApi(calls, accounts, authentication)
    app = Klein()
    app.url_map.merge_slashes = False  # it would redirect; `web.target` has merged those of the path
    for prefix in ("/v1/Accounts/<account>/Calls", "/v1/accounts/<account>/calls"):  # both are in Exotel's docs
        app.route(f"{prefix}/connect.json", methods=["POST"])(api.connect)
        app.route(f"{prefix}/<call_sid>.json", methods=["GET"])(api.show)
        app.route(f"{prefix}.json/<call_sid>", methods=["GET"])(api.show)  # the `Uri` of a call
        app.route(f"{prefix}/connect", methods=["POST"])(api.refuse_xml)
        app.route(f"{prefix}/<call_sid>", methods=["GET"])(api.refuse_xml)
    for path, handler in more.items():
        app.route(path, methods=["GET"])(handler)
    handle = cast("Any", app.handle_errors)  # its type fits module functions only
    handle(HTTPException)(api.misrouted)
    handle(Exception)(api.failed)
    return app.resource()


def refusal(status: int, message: str) -> bytes:
    """Give the JSON of an error that the HTTP server itself answers."""
    return json.dumps(ErrorResponse.of_http(status, message).body(), separators=(",", ":")).encode("ascii")


class RestApi:
    """The handlers of the API; each gives the body of its answer, or raises an error that `errors` maps to one."""

    _log = Logger()

    def __init__(self, calls: ICalls, accounts: Callable[[], Accounts], authentication: Authentication) -> None:
        self._calls = calls
        self._accounts = accounts
        self._authentication = authentication

    async def connect(self, request: Request, account: str) -> bytes:
        """Place a call."""
        dialer = await self._authentication.account(request, account)
        wanted = read_connect(_parameters(request), dialer, self._accounts())
        session = await _shielded(self._calls.place(wanted))
        self._log.info(
            "call {call} of {account} to {number} is accepted",
            call=session.call_sid,
            account=account,
            number=mask(wanted.number),
        )
        return answer(request, 200, call_record(session))

    async def show(self, request: Request, account: str, call_sid: str) -> bytes:
        """Show a call, live or ended."""
        await self._authentication.account(request, account)
        if len(call_sid) > _LONGEST_SID:
            raise CallNotFound(f"account {account} has no such call")
        return answer(request, 200, call_record(await self._calls.find(account, call_sid)))

    def refuse_xml(self, _request: Request, account: str, call_sid: str = "") -> bytes:
        """Refuse a request for XML, Exotel's default format."""
        where = f"/v1/Accounts/{account}/Calls/{call_sid or 'connect'}.json"
        raise Unsupported(f"this version answers in JSON only: ask for {where}")

    def misrouted(self, request: Request, failure: Failure) -> bytes:
        """Answer a request for an unknown path or with a wrong method."""
        problem: Any = failure.value
        return _send(request, ErrorResponse.of_http(problem.code, f"{problem.name}: check the method and the path"))

    def failed(self, request: Request, failure: Failure) -> bytes:
        """Answer a request that failed."""
        response = error_response(failure.value)
        if response.status == 500:
            self._log.failure("a request failed", failure)
        return _send(request, response)


def _parameters(request: Request) -> Mapping[str, str]:
    content_type = (request.getHeader(b"Content-Type") or b"").decode("latin-1")  # a str key would decode it as UTF-8
    return read_parameters(request.query, content_type, request.content.read())


def _send(request: Request, response: ErrorResponse) -> bytes:
    if response.status == 401:
        request.setHeader("WWW-Authenticate", 'Basic realm="exoswitch"')
    if response.retry_after_s is not None:
        request.setHeader("Retry-After", str(response.retry_after_s))
    return answer(request, response.status, response.body())


def _shielded(placing: Deferred[Session]) -> Deferred[Session]:
    """Wait for a call to be placed; a client that disconnects cancels the wait, and not the call."""
    waiting: Deferred[Session] = Deferred()
    placing.chainDeferred(waiting)
    return waiting
