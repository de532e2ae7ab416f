"""The hosts of a PostgreSQL address are looked up before libpq sees them."""

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable, HostNotFound
from exoswitch.network.interfaces import INames
from exoswitch.store.postgres_hosts import host_parameters
from tests.harness.gateways import result

HOSTS = {"db1.example.org": ("10.0.0.5", "fd00::5"), "db2": ("10.0.0.6",)}


@implementer(INames)
class KnownNames:
    def __init__(self):
        self.asked = []

    def look_up(self, host, account=""):
        assert account == ""
        self.asked.append(host)
        return succeed(HOSTS[host]) if host in HOSTS else fail(HostNotFound(f"there is no host {host}"))


def parameters(address):
    return Deferred.fromCoroutine(host_parameters(address, KnownNames()))


@pytest.mark.parametrize(
    ("address", "host", "hostaddr", "port"),
    [
        ("postgresql://exo:p%40w@db2/exo", "db2", "10.0.0.6", ""),
        ("postgresql://db1.example.org:5433/exo", "db1.example.org,db1.example.org", "10.0.0.5,fd00::5", "5433,5433"),
        ("postgresql://db2:1,db2:2/exo", "db2,db2", "10.0.0.6,10.0.0.6", "1,2"),
        ("postgresql://gone:1,db2:2/exo", "db2", "10.0.0.6", "2"),
        ("postgresql://x/exo?host=db2,/run/pg&port=5433", "db2,/run/pg", "10.0.0.6,", "5433,5433"),
    ],
)
def test_each_host_has_its_addresses_beside_its_name(address, host, hostaddr, port):
    found = result.successResultOf(parameters(address))
    assert found == {"host": host, "hostaddr": hostaddr, "port": port}


@pytest.mark.parametrize("address", ["postgresql:///exo", "postgresql://db9/exo?hostaddr=10.0.0.9"])
def test_an_address_without_names_is_left_as_it_is(address):
    assert result.successResultOf(parameters(address)) == {}


def test_without_a_host_that_is_found_the_server_is_away():
    failure = result.failureResultOf(parameters("postgresql://gone,lost/exo"), BackendUnavailable)
    assert failure.getErrorMessage() == "there is no host gone"
