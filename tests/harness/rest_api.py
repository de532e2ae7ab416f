"""The REST API of a test: its endpoints behind authentication and limits, on a test's clock."""

from exoswitch.exotel.rest.api import RestApi
from exoswitch.exotel.rest.authentication import Authentication
from exoswitch.exotel.rest.limits import RequestLimits
from exoswitch.exotel.rest.routes import Routes
from exoswitch.fleet.rates_memory import MemoryRates


def rest_api(endpoints, accounts, clock, metrics, wall_clock):
    """Make the API; `accounts` and `wall_clock` are functions."""
    limits = RequestLimits(MemoryRates(clock.seconds), metrics)
    return RestApi(Routes.of(endpoints), Authentication(accounts, clock, metrics), limits, wall_clock)
