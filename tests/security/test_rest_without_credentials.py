"""What somebody without credentials can do to the HTTP port."""

import base64
import tempfile

import pytest
from twisted.logger import capturedLogs

from exoswitch.exotel.rest.authentication import DELAY_S, LONGEST_DELAY_S
from exoswitch.tasks.fair_turns import HTTP_REST, HTTP_S
from exoswitch.web.failed_logins import LOG_EVERY_S
from exoswitch.web.limits import MAX_BODY_BYTES, ConnectionLimits
from tests.exotel.rest.test_representations import SESSION
from tests.exotel.rest.test_resource import CONNECT, Calls, Dialer
from tests.harness.dialer_accounts import VOICE_AI

GET = b"GET /readyz HTTP/1.1\r\nHost: gw\r\n\r\n"
POST = f"POST {CONNECT} HTTP/1.1\r\nHost: gw\r\n".encode()
REQUEST_COST_S = 0.0005


def authorization(credentials):
    return b"Authorization: Basic " + base64.b64encode(credentials) + b"\r\n"


def attempt(credentials):
    return POST + authorization(credentials) + b"Content-Length: 0\r\n\r\n"


@pytest.fixture
def dialer():
    return Dialer()


@pytest.fixture
def server(dialer):
    return dialer.server


class SlowCalls(Calls):
    """Each request for /readyz takes half a millisecond."""

    clock = None
    answered = 0

    @property
    def missing(self):
        self.clock.rightNow += REQUEST_COST_S
        self.answered += 1
        return ()

    @missing.setter
    def missing(self, _value):
        pass


def test_pipelined_requests_of_30_connections_never_take_more_than_a_turn():
    calls = SlowCalls()
    server = Dialer(calls=calls).server
    calls.clock = server.clock
    connections = [server.connect(f"192.0.2.{number}") for number in range(30)]
    unread = [connection.send(GET * 400) for connection in connections]
    in_a_turn, began = [calls.answered], server.clock.seconds()
    for _ in range(1000):
        before = calls.answered
        server.clock.advance(HTTP_S * HTTP_REST)
        in_a_turn.append(calls.answered - before)
        before = calls.answered
        unread = [connection.send(data) for connection, data in zip(connections, unread, strict=True)]
        assert calls.answered == before
    assert max(in_a_turn) <= HTTP_S / REQUEST_COST_S + 2  # the last slice begins just before the end, and is two
    share = calls.answered * REQUEST_COST_S / (server.clock.seconds() - began)
    assert share == pytest.approx(1 / (1 + HTTP_REST), abs=0.1)


def test_every_connection_of_a_flood_gets_its_turn():
    calls = SlowCalls()
    server = Dialer(calls=calls).server
    calls.clock = server.clock
    flood = [server.connect("192.0.2.1") for _ in range(30)]
    for connection in flood:
        connection.send(GET * 100)
    honest = server.connect("192.0.2.2")
    honest.send(GET)
    for turns in range(100):  # noqa: B007 - it counts
        if honest.replies():
            break
        server.clock.advance(HTTP_S * (1 + HTTP_REST))
    assert turns <= 2 * len(flood) * REQUEST_COST_S / HTTP_S


def test_a_form_of_8_mb_is_refused_before_it_is_received(server):
    connection = server.connect()
    connection.send(POST + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 8388608\r\n\r\n")
    assert [reply.code for reply in connection.replies()] == [413]


def test_a_body_without_end_never_reaches_the_disk(server, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", None)
    connection = server.connect()
    connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        connection.send(b"1000\r\n" + b"x" * 4096 + b"\r\n")
    assert [reply.code for reply in connection.replies()] == [413]


def test_1100_connections_leave_descriptors_for_calls(server):
    limits = ConnectionLimits()
    opened = [server.connect("192.0.2.1") for _ in range(1100)]
    assert sum(connection is not None for connection in opened) == limits.per_address
    more = [server.connect(f"198.51.100.{number}") for number in range(250)]
    assert sum(connection is not None for connection in opened + more) == limits.total


def test_an_honest_client_still_finds_room(server):
    for number in range(1100):
        server.connect(f"192.0.2.{number % 200}")
    server.clock.advance(1)
    assert server.connect("198.51.100.1") is not None


@pytest.mark.parametrize("host", [b"a..b", b".", b"\xff", b"x" * 300, b"[::1", b""])
def test_no_host_header_is_an_error(server, host):
    with capturedLogs() as log:
        connection = server.connect()
        connection.send(b"GET /v1/Accounts HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert [reply.code for reply in connection.replies()] == [404]
    assert log == []


def deep_multipart():
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'
    return (part * 1000)[: MAX_BODY_BYTES - 1]


@pytest.mark.parametrize(("auth", "code"), [(None, 401), (("k", "t"), 400)])
def test_multipart_in_multipart_is_no_error_of_ours(auth, code):
    kind = ["Content-Type: multipart/form-data; boundary=b"]
    with capturedLogs() as log:
        assert Dialer(auth=auth).ask("POST", CONNECT, deep_multipart(), kind).code == code
    assert [event for event in log if event.get("isError")] == []


def test_a_body_is_not_parsed_before_its_sender_is_known(server, monkeypatch):
    monkeypatch.setattr("exoswitch.exotel.rest.api.read_parameters", None)
    assert Dialer(auth=None).connect(b"{", headers=["Content-Type: application/json"]).code == 401


def test_wrong_credentials_are_answered_late_and_none_at_once(server):
    guesser, asker = server.connect(), server.connect()
    guesser.send(attempt(b"k:guess"))
    asker.send(POST + b"Content-Length: 0\r\n\r\n")
    assert [reply.code for reply in asker.replies()] == [401]
    assert guesser.replies() == []
    server.clock.advance(DELAY_S)
    assert [reply.code for reply in guesser.replies()] == [401]
    assert server.metrics.count("logins_failed_total") == 1


def test_right_credentials_are_never_delayed_whatever_others_at_their_address_do(server):
    for _ in range(60):
        server.connect().send(attempt(b"k:guess"))
    honest = server.connect()
    honest.send(
        f"GET /v1/Accounts/acme1/Calls/{SESSION.call_sid}.json HTTP/1.1\r\n".encode()
        + authorization(b"k:t")
        + b"\r\n"
    )
    assert [reply.code for reply in honest.replies()] == [200]


def test_guesses_hold_no_connection_that_another_client_needs(server):
    guessers = [server.connect() for _ in range(64)]
    server.clock.advance(1)
    for guesser in guessers:
        guesser.send(attempt(b"k:guess"))
    assert server.connect() is None
    server.clock.advance(LONGEST_DELAY_S)
    assert all(guesser.is_closed for guesser in guessers)


def test_guesses_fill_no_log(server):
    with capturedLogs() as log:
        for _ in range(50):
            connection = server.connect()
            connection.send(attempt(b"k:guess"))
            server.clock.advance(DELAY_S)
            connection.hang_up()
        server.clock.pump([LOG_EVERY_S] * 2)
    lines = [event["log_format"].format(**event) for event in log]
    assert lines == [
        "a login of account acme1 failed, from 192.0.2.1",
        "49 more logins failed, from 192.0.2.1",
    ]
    assert server.clock.getDelayedCalls() == []


def test_a_guesser_behind_a_trusted_proxy_is_named_by_its_own_address(dialer):
    dialer.server.factory.wrappedFactory.limits = ConnectionLimits(trusted_proxies=frozenset({"192.0.2.1"}))
    dialer.auth = ("k", "guess\n")
    with capturedLogs() as log:
        dialer.connect(VOICE_AI, headers=["X-Forwarded-For: 1.1.1.1, 198.51.100.7"])
    assert [event["address"] for event in log] == ["198.51.100.7"]


def test_an_unknown_account_is_not_named_in_the_log():
    with capturedLogs() as log:
        Dialer(auth=("x", "y")).connect(path="/v1/Accounts/forged%20line/Calls/connect.json")
    assert "forged" not in repr([event["log_format"].format(**event) for event in log])
