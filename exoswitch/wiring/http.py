"""Root: the HTTP servers: the REST API with the pages of health, and the metrics."""

from typing import Any

from twisted.application.service import IService

from exoswitch.config.model import Config
from exoswitch.exotel.rest.authentication import Authentication
from exoswitch.exotel.rest.resource import make_resource, refusal
from exoswitch.gateway.engine import Engine
from exoswitch.gateway.rules import CurrentRules
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.routing import Accounts
from exoswitch.web.health import health_routes
from exoswitch.web.limits import ConnectionLimits
from exoswitch.web.metrics import MetricsPage
from exoswitch.web.site import make_site, web_service


def scraped(config: Config, page: MetricsPage, metrics: IMetrics, reactor: Any) -> IService:
    """Serve ``/metrics`` at an endpoint of its own."""
    site = make_site(page.resource(), reactor, refusal=refusal, metrics=metrics)
    return web_service(config.metrics, site, reactor)


def web(
    config: Config, engine: Engine, rules: CurrentRules, page: MetricsPage, *, metrics: IMetrics, reactor: Any
) -> IService:
    """Serve the REST API and the pages of health, within the limits of connections."""

    def known() -> Accounts:
        return rules.now.accounts

    authentication = Authentication(known, reactor, metrics)
    routes = {**health_routes(engine), **({} if config.metrics else page.routes())}
    resource = make_resource(engine, known, authentication, routes)
    settings = config.http_limits
    limits = ConnectionLimits(
        total=settings.connections,
        per_address=settings.connections_per_address,
        trusted_proxies=frozenset(settings.trusted_proxies),
    )
    site = make_site(resource, reactor, refusal=refusal, metrics=metrics, limits=limits)
    return web_service(config.http, site, reactor)
