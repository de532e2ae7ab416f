"""Adapter: the part of Exotel's REST API, version 1, that dialers need; the home of klein.

The import of klein installs Twisted's default reactor, so klein is imported when a resource is made. twisted.web
receives a whole body before this module can check its size.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource

from exoswitch.call.session import Session
from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.connect import read_connect
from exoswitch.exotel.rest.errors import ErrorResponse, TooLarge, Unauthorized, Unsupported, error_response
from exoswitch.exotel.rest.representations import call_record
from exoswitch.interfaces.calls import ICalls
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.telephony.numbers import mask
from exoswitch.web.site import Request, answer

MAX_BODY_BYTES = 64 * 1024


def make_resource(calls: ICalls, accounts: Accounts, more: Mapping[str, Callable[[Request], bytes]]) -> IResource:
    """Make the resource of the API; `more` gives the GET handlers of other paths."""
    from klein import Klein  # noqa: PLC0415 - it installs the default reactor
    from werkzeug.exceptions import HTTPException  # noqa: PLC0415 - klein's router raises it

    api = RestApi(calls, accounts)
    app = Klein()
    for prefix in ("/v1/Accounts/<account>/Calls", "/v1/accounts/<account>/calls"):  # both are in Exotel's docs
        app.route(f"{prefix}/connect.json", methods=["POST"])(api.connect)
        app.route(f"{prefix}/<call_sid>.json", methods=["GET"])(api.show)
        app.route(f"{prefix}/connect", methods=["POST"])(api.refuse_xml)
        app.route(f"{prefix}/<call_sid>", methods=["GET"])(api.refuse_xml)
    for path, handler in more.items():
        app.route(path, methods=["GET"])(handler)
    handle = cast("Any", app.handle_errors)  # its type fits module functions only
    handle(HTTPException)(api.misrouted)
    handle(Exception)(api.failed)
    return _Front(app.resource())


class RestApi:
    """The handlers of the API; each gives the body of its answer, or raises an error that `errors` maps to one."""

    _log = Logger()

    def __init__(self, calls: ICalls, accounts: Accounts) -> None:
        self._calls = calls
        self._accounts = accounts

    async def connect(self, request: Request, account: str) -> bytes:
        """Place a call."""
        dialer = self._authenticated(request, account)
        wanted = read_connect(_parameters(request), dialer, self._accounts)
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
        self._authenticated(request, account)
        return answer(request, 200, call_record(await self._calls.find(account, call_sid)))

    def refuse_xml(self, _request: Request, account: str, call_sid: str = "") -> bytes:
        """Refuse a request for XML, Exotel's default format."""
        where = f"/v1/Accounts/{account}/Calls/{call_sid or 'connect'}.json"
        raise Unsupported(f"this version answers in JSON only: ask for {where}")

    def misrouted(self, request: Request, failure: Failure) -> bytes:
        """Answer a request for an unknown path or with a wrong method."""
        problem: Any = failure.value
        code = problem.name.upper().replace(" ", "_")
        return _send(request, ErrorResponse(problem.code, code, f"{problem.name}: check the method and the path"))

    def failed(self, request: Request, failure: Failure) -> bytes:
        """Answer a request that failed."""
        response = error_response(failure.value)
        if response.status == 500:
            self._log.failure("a request failed", failure)
        return _send(request, response)

    def _authenticated(self, request: Request, account: str) -> Account:
        """Give the account of the path if the credentials match; old clients send its name as the user (§6.1)."""
        known = self._accounts.by_name.get(account)
        key, token = ("", "") if known is None else (known.api_key, known.api_token)
        user, password = request.getUser(), request.getPassword()
        is_user = hmac.compare_digest(user, key.encode()) | hmac.compare_digest(user, account.encode())
        if not (is_user & hmac.compare_digest(password, token.encode())) or known is None:
            raise Unauthorized("the API key and token are missing, wrong, or not those of this account")
        return known


class _Front(Resource):
    """Refuses requests that klein cannot handle: bodies that are too large, and paths that are not UTF-8."""

    isLeaf = True  # noqa: N815 - twisted.web gives the name

    def __init__(self, app: IResource) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._app = app

    def render(self, request: Request) -> Any:
        """Let klein answer an acceptable request."""
        request.content.seek(0, 2)
        if request.content.tell() > MAX_BODY_BYTES:
            return _send(request, error_response(TooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes")))
        request.content.seek(0)
        try:
            b" ".join([request.method, *request.postpath, request.getRequestHostname()]).decode("utf-8")
        except UnicodeDecodeError:
            return _send(request, error_response(InvalidRequest("the path is not UTF-8")))
        return self._app.render(request)  # type: ignore[no-untyped-call]


def _parameters(request: Request) -> Mapping[str, str]:
    """Give the parameters of the query and the body, form or multipart, by name in lower case; the first of each."""
    parameters: dict[str, str] = {}
    for name, values in (request.args or {}).items():
        try:
            parameters.setdefault(name.decode("utf-8").lower(), values[0].decode("utf-8"))
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"the parameter {name[:40]!r} is not UTF-8") from error
    return parameters


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
