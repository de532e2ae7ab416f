"""Limits of requests a minute, and the headers that tell them."""

import pytest
from attrs import evolve

from exoswitch.interfaces.routing import Accounts
from tests.exotel.rest import test_resource
from tests.exotel.rest.test_representations import NOON_UTC, SESSION
from tests.exotel.rest.test_resource import CONNECT, Dialer
from tests.harness.dialer_accounts import ACCOUNTS, ACME, OTHER

CALL = f"/v1/Accounts/acme1/Calls/{SESSION.call_sid}.json"
NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After")


@pytest.fixture
def dialer(monkeypatch):
    few = Accounts({"acme1": evolve(ACME, calls_per_minute=2, reads_per_minute=1), "other1": OTHER}, ACCOUNTS.options)
    monkeypatch.setattr(test_resource, "accounts", lambda: few)
    return Dialer()


def headers(reply):
    return [(reply.headers.getRawHeaders(name) or [None])[0] for name in NAMES]


def test_an_answer_tells_the_limit_and_a_429_when_to_try_again(dialer):
    placed = [dialer.connect() for _ in range(3)]
    assert [reply.code for reply in placed] == [200, 200, 429]
    assert [headers(reply)[:2] for reply in placed] == [["2", "1"], ["2", "0"], ["2", "0"]]
    *_, reset, retry_after = headers(placed[2])
    assert 0 < int(reset) - NOON_UTC <= 60
    assert int(retry_after) == int(reset) - NOON_UTC
    assert headers(placed[0])[3] is None
    assert placed[2].message.startswith("account acme1 has reached its limit of 2 calls a minute: try again in ")
    assert len(dialer.calls.placed) == 2
    assert dialer.server.metrics.count("http_rate_limited_total", limit="call") == 1


def test_calls_and_reads_are_counted_apart_and_head_is_a_read(dialer):
    assert (dialer.ask("GET", CALL).code, dialer.ask("GET", CALL).code, dialer.ask("HEAD", CALL).code) == (
        200,
        429,
        429,
    )
    assert dialer.connect().code == 200
    dialer.server.clock.advance(60)
    assert dialer.ask("HEAD", CALL).code == 200


def test_an_error_tells_the_limit_too_and_counts(dialer):
    assert headers(dialer.connect({"From": "12"}))[:2] == ["2", "1"]
    assert dialer.connect({"From": "12"}).code == 400
    assert dialer.connect().code == 429


def test_nobody_without_credentials_uses_up_the_limit(dialer):
    dialer.auth = ("k", "wrong")
    for _ in range(5):
        assert headers(dialer.connect()) == [None] * 4
    dialer.auth = ("k", "t")
    assert dialer.connect().code == 200


def test_an_unknown_path_and_a_wrong_method_are_not_counted(dialer):
    assert (dialer.ask("GET", CONNECT).code, dialer.ask("GET", "/v1/Accounts/acme1/x").code) == (405, 404)
    assert headers(dialer.ask("GET", CALL))[:2] == ["1", "0"]


def test_a_failed_answer_is_read_in_the_form_of_its_path(dialer):
    for _ in range(2):
        dialer.connect()
    reply = dialer.connect(path=CONNECT.removesuffix(".json"))
    assert (reply.code, reply.xml.findtext("RestException/Status")) == (429, "429")
