"""Who asks: credentials in Exotel's forms, tokens as hashes, and failed logins."""

from unittest.mock import Mock

import pytest
from attrs import evolve

from exoswitch.credentials.hash_checks import HashChecks
from exoswitch.credentials.token_hash import TokenHash
from exoswitch.errors import BackendUnavailable
from exoswitch.exotel.rest.authentication import DELAY_S, LONGEST_DELAY_S
from exoswitch.interfaces.routing import Accounts
from exoswitch.web.failed_logins import FailedLogins
from tests.exotel.rest import test_resource
from tests.exotel.rest.test_resource import CONNECT, Dialer
from tests.harness.dialer_accounts import ACCOUNTS, ACME, OTHER


@pytest.fixture
def hashed(monkeypatch):
    token = str(TokenHash.of(b"t", b"s" * 16))
    known = Accounts({"acme1": evolve(ACME, api_token=token), "other1": OTHER}, ACCOUNTS.options)
    monkeypatch.setattr(test_resource, "accounts", lambda: known)


@pytest.mark.usefixtures("hashed")
@pytest.mark.parametrize(
    ("user", "token", "code"), [("k", "t", 200), ("acme1", "t", 200), ("k", "x", 401), ("x", "t", 401)]
)
def test_a_token_may_be_a_hash(user, token, code):
    assert Dialer(auth=(user, token)).connect().code == code


@pytest.mark.usefixtures("hashed")
def test_the_hash_itself_is_not_the_token():
    dialer = Dialer(auth=("k", test_resource.accounts().by_name["acme1"].api_token))
    assert dialer.connect().code == 401


def test_the_more_logins_of_an_address_fail_in_a_minute_the_later_they_are_answered():
    server = Dialer().server
    guess = f"POST {CONNECT} HTTP/1.1\r\nAuthorization: Basic azpndWVzcw==\r\nContent-Length: 0\r\n\r\n".encode()
    waiting = [server.connect() for _ in range(35)]
    for connection in waiting:
        connection.send(guess)
    answered = []
    for _ in range(5):
        answered.append(sum(bool(connection.replies()) for connection in waiting))
        server.clock.advance(DELAY_S)
    assert answered == [0, 10, 20, 30, 35]
    server.clock.advance(60)
    late = server.connect()
    late.send(guess)
    server.clock.advance(DELAY_S)
    assert [reply.code for reply in late.replies()] == [401]


def test_no_login_is_answered_later_than_the_longest_delay(monkeypatch):
    monkeypatch.setattr(FailedLogins, "count", lambda *_: 1_000_000)
    server = Dialer().server
    connection = server.connect()
    connection.send(b"GET /v1/Accounts/acme1 HTTP/1.1\r\nAuthorization: Basic eDp5\r\n\r\n")
    server.clock.advance(LONGEST_DELAY_S - 0.01)
    assert connection.replies() == []
    server.clock.advance(0.01)
    assert [reply.code for reply in connection.replies()] == [401]


@pytest.mark.usefixtures("hashed")
def test_a_login_that_cannot_be_checked_now_is_answered_late_and_is_no_failed_one(monkeypatch):
    monkeypatch.setattr(
        HashChecks, "check", Mock(side_effect=BackendUnavailable("too many logins are being checked"))
    )
    server = Dialer().server
    connection = server.connect()
    connection.send(f"POST {CONNECT} HTTP/1.1\r\nAuthorization: Basic azp0\r\nContent-Length: 0\r\n\r\n".encode())
    assert connection.replies() == []
    server.clock.advance(DELAY_S)
    assert [reply.code for reply in connection.replies()] == [503]
    assert server.metrics.count("logins_failed_total") == 0
