"""``/metrics`` over HTTP."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyRequest

from exoswitch.web.metrics import FRESH_S, MetricsPage
from tests.harness.http import Server

result = SynchronousTestCase()


class Turns(Clock):
    """A clock that can run one turn of a reactor."""

    def turn(self):
        calls, self.calls = self.calls, []
        for call in calls:
            call.func(*call.args, **call.kw)


class Scraper:
    """Scrapes pages of three parts, and counts the parts that are written."""

    def __init__(self):
        self.written, self.fails = 0, False
        self.clock = Turns()
        self.routes = MetricsPage(self.parts, "text/plain; version=1.0.0", self.clock).routes()

    def parts(self):
        for _ in range(3):
            self.written += 1
            if self.fails:
                raise ValueError("a bug")
            yield b"part %d\n" % self.written

    def finish(self):
        while self.clock.calls:
            self.clock.turn()

    def scrape(self):
        self.request = DummyRequest([b"metrics"])
        return Deferred.fromCoroutine(self.routes["/metrics"](self.request))


@pytest.fixture
def scraper():
    return Scraper()


def test_the_page_has_all_parts_and_the_type_that_prometheus_wants(scraper):
    page = scraper.scrape()
    scraper.finish()
    assert result.successResultOf(page) == b"part 1\npart 2\npart 3\n"
    assert scraper.request.responseHeaders.getRawHeaders("content-type") == ["text/plain; version=1.0.0"]


def test_one_part_is_written_in_each_turn_of_the_reactor(scraper):
    scraper.scrape()
    written = []
    for _ in range(3):
        written.append(scraper.written)
        scraper.clock.turn()
    assert written == [1, 2, 3]


def test_the_page_is_written_once_a_second_however_often_it_is_asked_for(scraper):
    pages = [scraper.scrape() for _ in range(1000)]
    scraper.finish()
    pages += [scraper.scrape() for _ in range(1000)]
    assert {result.successResultOf(page) for page in pages} == {b"part 1\npart 2\npart 3\n"}
    scraper.clock.advance(FRESH_S)
    page = scraper.scrape()
    scraper.finish()
    assert result.successResultOf(page) == b"part 4\npart 5\npart 6\n"


def test_a_scrape_that_is_given_up_does_not_stop_another(scraper):
    first, second = scraper.scrape(), scraper.scrape()
    first.addErrback(lambda _: None)
    first.cancel()
    scraper.finish()
    assert result.successResultOf(second) == b"part 1\npart 2\npart 3\n"


def test_a_page_that_cannot_be_written_fails_each_scrape_and_the_next_tries_again(scraper):
    scraper.fails = True
    pages = [scraper.scrape(), scraper.scrape()]
    scraper.finish()
    for page in pages:
        result.failureResultOf(page, ValueError)
    scraper.fails = False
    scraper.clock.advance(FRESH_S)
    page = scraper.scrape()
    scraper.finish()
    assert result.successResultOf(page) == b"part 3\npart 4\npart 5\n"


@pytest.fixture
def alone():
    """Give a server that has the page alone, on a clock whose calls of no delay run at once."""
    clock = Clock()
    page = MetricsPage(lambda: iter([b"part 1\n", b"part 2\n"]), "text/plain; version=1.0.0", clock)
    return Server(page.resource(), clock)


def test_the_page_has_a_site_of_its_own(alone):
    reply = alone.ask("GET", "/metrics")
    assert (reply.code, reply.text) == (200, b"part 1\npart 2\n")
    assert reply.headers.getRawHeaders("content-type") == ["text/plain; version=1.0.0"]
    assert alone.ask("GET", "/v1/Accounts").code == 404
    assert alone.ask("POST", "/metrics").code == 404


def test_a_client_that_disconnects_while_the_page_is_written_does_no_harm(alone):
    connection = alone.connect()
    connection.send(b"GET /metrics HTTP/1.1\r\nHost: gw\r\n\r\n")
    connection.hang_up()
    alone.clock.pump([0.1] * 3)
    assert alone.ask("GET", "/metrics").code == 200


def test_a_page_that_cannot_be_written_is_an_error_and_logged(logged_failures):
    clock = Clock()
    server = Server(MetricsPage(_broken, "text/plain", clock).resource(), clock)
    assert server.ask("GET", "/metrics").code == 500
    assert len(logged_failures) == 1
    logged_failures.clear()


def _broken():
    raise ValueError("a bug")
