"""Adapter: answers one request of the REST API: who asks, which endpoint, with which parameters.

A request is authenticated before it learns whether its path exists, and before anything of it is parsed.
"""

from collections.abc import Callable, Mapping
from uuid import uuid4

from attrs import define, evolve

from exoswitch.errors import ExoswitchError
from exoswitch.exotel.rest.authentication import Authentication
from exoswitch.exotel.rest.endpoint import Answered, Asked, Endpoint
from exoswitch.exotel.rest.errors import NoSuchMethod, NoSuchPath, error_response
from exoswitch.exotel.rest.exotel_only import why_missing
from exoswitch.exotel.rest.form import Form
from exoswitch.exotel.rest.limits import RequestLimits
from exoswitch.exotel.rest.routes import Match, Route, Routes
from exoswitch.interfaces.routing import Account
from exoswitch.web.bodies import read_parameters
from exoswitch.web.parameters import Parameters
from exoswitch.web.site import Request

_SHOWN = 100


@define(eq=False)
class RestApi:
    """The endpoints; `wall_clock` gives the seconds since the epoch."""

    _routes: Routes[Endpoint]
    _authentication: Authentication
    _limits: RequestLimits
    _wall_clock: Callable[[], float]

    async def answer(self, request: Request, method: str, path: str, form: Form) -> Answered:
        """Answer a request, also one that fails; `path` is still encoded."""
        headers: Mapping[str, str] = {}
        try:
            account, match = await self._found(request, method, path)
            now = self._wall_clock()
            headers = await self._limits.take(account, match.endpoint.limit, now)
            asked = Asked(
                account=account,
                parameters=_parameters(request),
                path=match.variables,
                form=form,
                base_url=request.base_url(),
                now=now,
            )
            answered = await match.endpoint.handle(asked)
        except ExoswitchError as problem:
            answered = failed(problem, form, method)
        return evolve(answered, headers={**headers, **answered.headers})

    async def _found(self, request: Request, method: str, path: str) -> tuple[Account, Match[Endpoint]]:
        """Give the account that asks, and the endpoint that it asks for."""
        route = self._routes.find(path)
        if route.account is None:
            raise NoSuchPath(f"{path[:_SHOWN]} is not a path of this API")
        account = await self._authentication.account(request, route.account)
        return account, _matched(route, method, path)


def failed(problem: BaseException, form: Form, method: str) -> Answered:
    """Give the answer to a request that failed."""
    response = error_response(problem)
    return Answered(response.document(form, method, uuid4().hex), response.status, response.headers)


def _matched(route: Route[Endpoint], method: str, path: str) -> Match[Endpoint]:
    """Give the endpoint of a method."""
    match = route.match(method)
    if match is not None:
        return match
    if route.methods:
        raise NoSuchMethod(f"{method[:20]} is not a method of {path[:_SHOWN]}", route.methods)
    raise NoSuchPath(why_missing(path[:_SHOWN]))


def _parameters(request: Request) -> Parameters:
    content_type = (request.getHeader(b"Content-Type") or b"").decode("latin-1")  # a str key would decode it as UTF-8
    return read_parameters(request.query, content_type, request.content.read())
