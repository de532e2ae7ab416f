"""Look-ups: each name once at a time, a line for each account, bounds of time and of memory."""

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from exoswitch.errors import BackendUnavailable, HostNotFound
from exoswitch.network.lookup_cache import LONGEST_S, MAX_ADDRESSES, MAX_NAMES, NOT_FOUND_S, SHORTEST_S, Answer
from exoswitch.network.names import LOOKUP_S, LOOKUPS_AT_ONCE, Names
from exoswitch.network.reactor_names import ReactorNames
from tests.harness.gateways import result

HOST = "bot.example.org"


class Servers:
    """The name servers: each question waits until the test answers it."""

    def __init__(self):
        self.open, self.asked, self.is_closed = {}, [], False

    def ask(self, name):
        self.asked.append(name)
        self.open[name] = Deferred()
        return self.open[name]

    def answer(self, name, *addresses, ttl_s=60.0):
        self.open.pop(name).callback(Answer(addresses, ttl_s))

    def close(self):
        self.is_closed = True


@pytest.fixture
def servers():
    return Servers()


@pytest.fixture
def reactor():
    return MemoryReactorClock()


@pytest.fixture
def names(reactor, servers):
    return Names(reactor, servers.ask, servers.close)


def failure(deferred, *kinds):
    return str(result.failureResultOf(deferred, *kinds).value)


def test_an_address_is_its_own_answer_and_is_not_asked_about(names, servers):
    assert result.successResultOf(names.look_up("10.0.0.5")) == ("10.0.0.5",)
    assert result.successResultOf(names.look_up("fd00::5")) == ("fd00::5",)
    assert servers.asked == []


@pytest.mark.parametrize(
    "host",
    ["127.1", "2130706433", "0177.0.0.1", "0x7f.1", "a..b", "", ".", "a b", "10.0.0.256", "x" * 64, "fe80::1%lo"],
)
def test_what_is_neither_an_address_nor_a_name_is_not_asked_about(host, names, servers):
    assert "neither an IP address nor a host name" in failure(names.look_up(host), HostNotFound)
    assert servers.asked == []


def test_a_name_is_asked_about_once_however_many_wait_for_it(names, servers):
    waiting = [names.look_up(host, account) for host in (HOST, HOST.upper()) for account in ("acme1", "acme2")]
    servers.answer(HOST, "10.0.0.5", "fd00::5")
    assert [result.successResultOf(each) for each in waiting] == [("10.0.0.5", "fd00::5")] * 4
    assert servers.asked == [HOST]


@pytest.mark.parametrize(("ttl_s", "kept_s"), [(0, SHORTEST_S), (60, 60), (1e9, LONGEST_S)])
def test_an_answer_counts_for_its_time_to_live_within_bounds(ttl_s, kept_s, names, servers, reactor):
    names.look_up(HOST)
    servers.answer(HOST, "10.0.0.5", ttl_s=ttl_s)
    reactor.advance(kept_s - 0.01)
    assert result.successResultOf(names.look_up(HOST)) == ("10.0.0.5",)
    reactor.advance(0.01)
    result.assertNoResult(names.look_up(HOST))
    assert servers.asked == [HOST, HOST]
    servers.answer(HOST, "10.0.0.5")


def test_a_host_that_does_not_exist_is_remembered_for_a_short_time(names, servers, reactor):
    looking = names.look_up(HOST)
    servers.answer(HOST, ttl_s=1e9)
    assert failure(looking, HostNotFound) == f"there is no host {HOST}"
    failure(names.look_up(HOST), HostNotFound)
    assert servers.asked == [HOST]
    reactor.advance(NOT_FOUND_S)
    names.look_up(HOST)
    assert servers.asked == [HOST, HOST]
    servers.answer(HOST, "10.0.0.5")


def test_a_look_up_that_failed_is_tried_again_at_once(names, servers):
    looking = names.look_up(HOST)
    servers.open.pop(HOST).errback(BackendUnavailable("DNS: a server failed"))
    assert failure(looking, BackendUnavailable) == "DNS: a server failed"
    names.look_up(HOST)
    servers.answer(HOST, "10.0.0.5")
    assert result.successResultOf(names.look_up(HOST)) == ("10.0.0.5",)


def test_a_wait_for_a_silent_server_ends_and_a_late_answer_is_still_of_use(names, servers, reactor):
    looking = names.look_up(HOST)
    reactor.advance(LOOKUP_S)
    assert failure(looking, BackendUnavailable) == f"DNS did not answer for {HOST} within 5 s"
    again = names.look_up(HOST)
    servers.answer(HOST, "10.0.0.5")
    assert result.successResultOf(again) == ("10.0.0.5",)
    assert servers.asked == [HOST]


def test_silent_names_of_one_account_do_not_keep_another_waiting(names, servers, reactor):
    silent = [names.look_up(f"silent{number}.example.org", "evil") for number in range(1000)]
    assert len(servers.open) == LOOKUPS_AT_ONCE
    for account in ("acme1", ""):
        looking = names.look_up(f"{account or 'pbx'}.example.org", account)
        servers.answer(f"{account or 'pbx'}.example.org", "10.0.0.5")
        assert result.successResultOf(looking) == ("10.0.0.5",)
    reactor.advance(LOOKUP_S)
    for each in silent:
        failure(each, BackendUnavailable)
    assert len(servers.asked) == LOOKUPS_AT_ONCE + 2


def test_a_name_that_waits_in_a_hostile_line_is_asked_about_at_once_for_another_account(names, servers):
    hostile = [names.look_up(f"silent{number}.example.org", "evil") for number in range(LOOKUPS_AT_ONCE)]
    queued = names.look_up(HOST, "evil")
    looking = names.look_up(HOST, "acme1")
    servers.answer(HOST, "10.0.0.5")
    assert result.successResultOf(looking) == ("10.0.0.5",)
    result.assertNoResult(queued)
    servers.answer("silent0.example.org")
    assert result.successResultOf(queued) == ("10.0.0.5",)
    failure(hostile[0], HostNotFound)
    for number in range(1, LOOKUPS_AT_ONCE):
        servers.answer(f"silent{number}.example.org", "10.0.0.6")
    assert servers.asked.count(HOST) == 1


def test_a_cancelled_wait_leaves_the_look_up_and_its_line_in_order(names, servers):
    first = names.look_up(HOST, "acme1")
    second = names.look_up(HOST, "acme1")
    first.cancel()
    result.failureResultOf(first)
    servers.answer(HOST, "10.0.0.5")
    assert result.successResultOf(second) == ("10.0.0.5",)
    for number in range(LOOKUPS_AT_ONCE):
        names.look_up(f"host{number}.example.org", "acme1")
    assert len(servers.open) == LOOKUPS_AT_ONCE
    for number in range(LOOKUPS_AT_ONCE):
        servers.answer(f"host{number}.example.org", "10.0.0.5")


def test_the_number_of_remembered_names_and_of_addresses_is_bounded(reactor):
    many = tuple(f"10.0.0.{number}" for number in range(200))
    names = Names(reactor, lambda _: succeed(Answer(many, 1e9)), lambda: None)
    for number in range(3 * MAX_NAMES):
        assert result.successResultOf(names.look_up(f"host{number}.example.org")) == many[:MAX_ADDRESSES]
    assert len(names._cache) == MAX_NAMES
    assert names._under_way == {}


def test_every_connection_of_the_reactor_is_looked_up_here_while_the_service_runs(reactor, names, servers):
    before = reactor.nameResolver
    names.startService()
    looking = ReactorNames(reactor).look_up(HOST)
    servers.answer(HOST, "10.0.0.5", "fd00::5")
    assert result.successResultOf(looking) == ("10.0.0.5", "fd00::5")
    unknown = ReactorNames(reactor).look_up("nobody.example.org")
    servers.answer("nobody.example.org")
    assert failure(unknown, HostNotFound) == "there is no host nobody.example.org"
    names.stopService()
    assert servers.is_closed
    assert reactor.nameResolver is before


def test_a_resolver_that_fails_at_once_frees_the_line():
    clock = Clock()
    names = Names(clock, lambda _: fail(BackendUnavailable("DNS: no server")), lambda: None)
    for _ in range(2 * LOOKUPS_AT_ONCE):
        assert failure(names.look_up(HOST, "acme1"), BackendUnavailable) == "DNS: no server"
