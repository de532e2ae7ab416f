"""``/metrics`` over HTTP."""

from twisted.web.test.requesthelper import DummyRequest

from exoswitch.web.metrics import FRESH_S, MetricsPage


class Scraper:
    def __init__(self):
        self.written = 0
        self.now = 100.0
        self.routes = MetricsPage(self.write, "text/plain; version=1.0.0", lambda: self.now).routes()

    def write(self):
        self.written += 1
        return b"page %d" % self.written

    def scrape(self):
        request = DummyRequest([b"metrics"])
        return self.routes["/metrics"](request), request.responseHeaders.getRawHeaders("content-type")


def test_the_page_has_the_type_that_prometheus_wants():
    assert Scraper().scrape() == (b"page 1", ["text/plain; version=1.0.0"])


def test_the_page_is_written_once_a_second_however_often_it_is_asked_for():
    scraper = Scraper()
    for _ in range(1000):
        scraper.scrape()
    assert scraper.written == 1
    scraper.now += FRESH_S
    assert scraper.scrape()[0] == b"page 2"
