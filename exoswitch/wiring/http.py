"""Root: the wiring of the HTTP server: the REST API with all its endpoints, health, and metrics."""

import time
from collections.abc import Iterator
from typing import Any

from twisted.application.service import IService

from exoswitch.config.model import Config
from exoswitch.credentials.hash_checks import HashChecks, InThread
from exoswitch.credentials.tokens import Tokens
from exoswitch.exotel.rest.account_reads import account_endpoints
from exoswitch.exotel.rest.api import RestApi
from exoswitch.exotel.rest.authentication import Authentication
from exoswitch.exotel.rest.calls import call_endpoints
from exoswitch.exotel.rest.connect.endpoint import connect_endpoints
from exoswitch.exotel.rest.connect.reach import Reaches
from exoswitch.exotel.rest.endpoint import Endpoint
from exoswitch.exotel.rest.limits import RequestLimits
from exoswitch.exotel.rest.number_reads import number_endpoints
from exoswitch.exotel.rest.resource import RestResource, refusal
from exoswitch.exotel.rest.routes import Routes
from exoswitch.fleet.rates import IRates
from exoswitch.gateway.rules import CurrentRules
from exoswitch.interfaces.calls import ICalls
from exoswitch.interfaces.routing import Accounts
from exoswitch.telemetry.prometheus import CONTENT_TYPE, PrometheusMetrics
from exoswitch.web.health import health_routes
from exoswitch.web.limits import ConnectionLimits
from exoswitch.web.metrics import MetricsPage
from exoswitch.web.site import make_site, web_service
from exoswitch.wiring.recordings import Recordings


def http_services(
    config: Config,
    calls: ICalls,
    rules: CurrentRules,
    *,
    recordings: Recordings,
    rates: IRates,
    in_thread: InThread,
    metrics: PrometheusMetrics,
    reactor: Any,
) -> Iterator[tuple[str, IService]]:
    """Give each server and its name: that of the API, and that of metrics if it has an endpoint of its own."""
    page = MetricsPage(metrics.parts, CONTENT_TYPE, reactor)
    if config.metrics:
        site = make_site(page.resource(), reactor, refusal=refusal, metrics=metrics)
        yield "metrics", web_service(config.metrics, site, reactor)

    tokens = Tokens(HashChecks(in_thread, reactor))
    authentication = Authentication(lambda: rules.now.accounts, reactor, metrics, tokens)
    routes = _routes(config, calls, rules, recordings, reactor)
    api = RestApi(routes, authentication, RequestLimits(rates, metrics), time.time)
    more = {
        **health_routes(calls),
        **recordings.routes(authentication, calls),
        **({} if config.metrics else page.routes()),
    }
    settings = config.http_limits
    limits = ConnectionLimits(
        total=settings.connections,
        per_address=settings.connections_per_address,
        trusted_proxies=frozenset(settings.trusted_proxies),
    )
    site = make_site(RestResource(api, more), reactor, refusal=refusal, metrics=metrics, limits=limits)
    yield "HTTP", web_service(config.http, site, reactor, is_shared=config.gateway.processes > 1)


def _routes(
    config: Config, calls: ICalls, rules: CurrentRules, recordings: Recordings, reactor: Any
) -> Routes[Endpoint]:
    """Give the routes to all endpoints of the API."""

    def accounts() -> Accounts:
        return rules.now.accounts

    def reaches() -> Reaches:
        return Reaches(bots=rules.now.reach, callbacks=rules.now.callback_reach)

    def concurrency(account: str) -> int:
        return rules.now.routing.concurrency.get(account, 0)

    endpoints = (
        *connect_endpoints(calls, accounts, reaches),
        *call_endpoints(calls, reactor, recordings.links_for),
        *account_endpoints(calls, concurrency, lambda: config.billing.currency),
        *number_endpoints(calls, reactor),
    )
    return Routes[Endpoint].of(endpoints)
