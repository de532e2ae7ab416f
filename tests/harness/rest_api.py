"""The REST API of a test: its endpoints behind authentication and limits, on a test's clock."""

from twisted.internet.defer import maybeDeferred

from exoswitch.credentials.hash_checks import HashChecks
from exoswitch.credentials.tokens import Tokens
from exoswitch.exotel.rest.api import RestApi
from exoswitch.exotel.rest.authentication import Authentication
from exoswitch.exotel.rest.limits import RequestLimits
from exoswitch.exotel.rest.routes import Routes
from exoswitch.fleet.rates_memory import MemoryRates


def authentication_of(accounts, clock, metrics):
    """Make the check of credentials, whose thread is the test's own."""
    return Authentication(accounts, clock, metrics, Tokens(HashChecks(maybeDeferred, clock)))


def rest_api(endpoints, accounts, clock, metrics, wall_clock):
    """Make the API; `accounts` and `wall_clock` are functions."""
    limits = RequestLimits(MemoryRates(clock.seconds), metrics)
    return RestApi(Routes.of(endpoints), authentication_of(accounts, clock, metrics), limits, wall_clock)
