"""One connection to a server that comes and goes."""

import random

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable
from exoswitch.tasks.link import Link, Pace
from tests.harness.logs import warnings_in

PACE = Pace(first_s=0.5, longest_s=8.0, stop_s=2.0)


class Line(StringTransport):
    """A connection that is lost when it is aborted; it closes only if `closes`."""

    closes = True

    def loseConnection(self):
        if self.closes:
            self.end("closed")

    def abortConnection(self):
        self.end("aborted")

    def end(self, reason):
        self.protocol.connectionLost(Failure(ConnectionError(reason)))


class Client(Protocol):
    """A protocol that reports to its link."""

    def __init__(self, link):
        self.link = link

    def connectionMade(self):
        self.link.connected(self)

    def connectionLost(self, reason):
        self.link.lost(self, reason.getErrorMessage())


@implementer(IStreamClientEndpoint)
@define(eq=False)
class Server:
    """The far side: it accepts or refuses each attempt."""

    attempts: list[tuple[object, Deferred]] = field(factory=list)
    line: Line | None = None

    def connect(self, protocolFactory):
        self.attempts.append((protocolFactory, Deferred()))
        return self.attempts[-1][1]

    def accept(self):
        factory, attempt = self.attempts[-1]
        protocol = factory.buildProtocol(None)
        self.line = Line()
        self.line.protocol = protocol
        protocol.makeConnection(self.line)
        attempt.callback(protocol)

    def refuse(self, reason="nobody listens"):
        self.attempts[-1][1].errback(ConnectionError(reason))


class WatchedLink(Link):
    """A link whose preparation is a Deferred that the test fires."""

    def __init__(self, server, clock):
        rng = random.Random(7)
        super().__init__(server, server="Redis", where="tcp:r:6379", pace=PACE, clock=clock, rng=rng)
        self.prepared = Deferred()
        self.told = []

    def make_protocol(self):
        return Client(self)

    async def prepare(self, connection):
        return await self.prepared

    def came_up(self, connection, found):
        assert connection is self.connection
        self.told.append(("up", found))

    def went_down(self, reason):
        self.told.append(("down", reason))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def link(server, clock):
    link = WatchedLink(server, clock)
    link.startService()
    yield link
    if link.running:
        stop(link)
    assert clock.getDelayedCalls() == []


@pytest.fixture
def warned():
    events = []
    globalLogPublisher.addObserver(events.append)
    yield lambda: [text.partition("; the next attempt is in ")[0] for text in warnings_in(events)]
    globalLogPublisher.removeObserver(events.append)


def stop(link):
    stopped = []
    link.stopService().addBoth(stopped.append)
    return stopped


def make_ready(link, server, found="its contents"):
    server.accept()
    link.prepared.callback(found)
    link.prepared = Deferred()


def next_attempt_in(clock):
    (retry,) = clock.getDelayedCalls()
    return retry.getTime() - clock.seconds()


def test_connection_is_up_once_it_is_prepared(link, server):
    server.accept()
    assert not link.is_up
    link.prepared.callback("its contents")
    assert link.is_up
    assert link.told == [("up", "its contents")]


def test_lost_connection_is_told_once_and_made_again(link, server, clock, warned):
    make_ready(link, server)
    server.line.end("pulled")
    assert not link.is_up
    assert link.told[1:] == [("down", "pulled")]
    assert warned() == ["the link to Redis is down: pulled"]
    clock.advance(2)
    make_ready(link, server)
    assert link.told[2:] == [("up", "its contents")]


def test_dropped_connection_is_down_at_once(link, server):
    make_ready(link, server)
    link.drop("no answer")
    assert link.told[1:] == [("down", "no answer")]
    assert link.connection is None
    link.drop("no answer")
    assert len(link.told) == 2


def test_connection_that_cannot_be_prepared_is_dropped_and_was_never_up(link, server, clock, warned):
    server.accept()
    link.prepared.errback(BackendUnavailable("Redis refuses the password"))
    assert link.told == []
    assert warned() == ["the link to Redis is down: Redis refuses the password"]
    clock.advance(2)
    assert len(server.attempts) == 2


def test_fault_in_the_preparation_is_logged_and_costs_the_connection(link, server, logged_failures):
    server.accept()
    link.prepared.errback(ZeroDivisionError("a bug"))
    assert link.connection is None
    (event,) = logged_failures
    assert event["what"] == "preparing the connection to Redis"
    logged_failures.clear()


def test_preparation_of_a_connection_that_was_lost_is_ignored(link, server):
    server.accept()
    server.line.end("pulled")
    link.prepared.callback("too late")
    assert not link.is_up
    assert link.told == []


def test_each_attempt_waits_longer_up_to_the_longest_pause(link, server, clock):
    waits = []
    for _ in range(6):
        server.refuse()
        waits.append(next_attempt_in(clock))
        clock.advance(waits[-1])
    assert all(base <= wait < base + 1 for base, wait in zip([1, 2, 4, 8, 8, 8], waits, strict=True))


def test_connections_that_never_come_up_wait_longer_too(link, server, clock):
    for base in (1, 2, 4):
        server.accept()
        server.line.end("pulled")
        assert base <= next_attempt_in(clock) < base + 1
        clock.advance(next_attempt_in(clock))
    make_ready(link, server)
    server.line.end("pulled")
    assert 1 <= next_attempt_in(clock) < 2


def test_attempts_are_told_by_the_link_alone(link, server, clock):
    with capturedLogs() as events:
        for _ in range(3):
            server.refuse("Connection refused.")
            clock.advance(next_attempt_in(clock))
        make_ready(link, server)
        server.line.end("pulled")
    assert [formatEvent(event).partition(";")[0] for event in events] == [
        "Redis cannot be reached at tcp:r:6379: Connection refused",
        "Redis is ready at tcp:r:6379",
        "the link to Redis is down: pulled",
    ]


def test_a_warning_says_in_how_many_seconds_the_next_attempt_is(link, server, clock):
    with capturedLogs() as events:
        server.refuse()
        wait_s = next_attempt_in(clock)
        clock.advance(wait_s)
        make_ready(link, server)
        server.line.end("pulled")
    assert warnings_in(events) == [
        f"Redis cannot be reached at tcp:r:6379: nobody listens; the next attempt is in {wait_s:.1f} s",
        f"the link to Redis is down: pulled; the next attempt is in {next_attempt_in(clock):.1f} s",
    ]


def test_extra_wait_is_added_to_each_pause(link, server, clock):
    link.extra_wait_s = 60.0
    server.refuse()
    assert 61 <= next_attempt_in(clock) < 62


def test_server_that_stays_away_is_logged_once_a_minute_and_a_new_reason_at_once(link, server, clock, warned):
    for _ in range(3):
        server.refuse()
        clock.advance(next_attempt_in(clock))
    assert warned() == ["Redis cannot be reached at tcp:r:6379: nobody listens"]
    server.refuse("no route")
    assert warned()[1:] == ["Redis cannot be reached at tcp:r:6379: no route"]
    clock.advance(next_attempt_in(clock))
    clock.advance(60)
    server.refuse("no route")
    assert len(warned()) == 3


def test_stop_closes_the_connection_and_is_no_loss(link, server, warned):
    make_ready(link, server)
    assert stop(link) == [None]
    assert link.told == [("up", "its contents")]
    assert warned() == []


def test_stop_aborts_a_connection_that_does_not_close(link, server, clock):
    make_ready(link, server)
    server.line.closes = False
    stopped = stop(link)
    clock.advance(1.9)
    assert stopped == []
    clock.advance(0.2)
    assert stopped == [None]
    assert len(link.told) == 1


def test_stop_ends_the_wait_for_the_next_attempt(link, server, clock):
    server.refuse()
    assert stop(link) == [None]
    assert clock.getDelayedCalls() == []
