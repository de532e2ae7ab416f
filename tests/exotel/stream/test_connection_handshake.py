"""The way to a bot: the request, its answers, the time that they may take, and secrets that stay out of logs."""

import base64

import pytest
from twisted.internet import error
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from exoswitch.call.effects import StopReason
from tests.harness.wire import stream_start


def test_the_request_is_exotels_and_has_credentials_only_in_its_header(wires):
    wire = wires(stream_start("ws://us%40er:pass@bot.example.org:5000/a%20b/?x=%2F&voice"), opens=False).dial()
    credentials = base64.b64encode(b"us@er:pass").decode()
    lines = wire.request()
    assert lines[:4] == [
        "GET /a%20b/?x=%2F&voice HTTP/1.1",
        "Host: bot.example.org:5000",
        "User-Agent: Go-http-client/1.1",
        f"Authorization: Basic {credentials}",
    ]
    assert {line.partition(":")[0] for line in lines[4:] if line} == {
        *("Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version"),
    }


def test_the_host_and_port_of_the_url_are_dialled_without_delay(wires):
    wire = wires()
    assert wire.reactor.tcpClients[0][:2] == ("127.0.0.1", 5000)
    assert wire.transport.no_delay


def test_the_listener_is_not_told_before_connect_returns(wires):
    for url in ("ws://127.0.0.1/", "not a url", "ws://bot..example/"):
        wire = wires(stream_start(url), opens=False)
        assert wire.listener.told == []
        assert wire.reactor.tcpClients == []


def test_an_accepted_stream_is_opened_and_started(wires):
    wire = wires()
    assert wire.listener.told == ["opened"]
    connected, start = wire.messages()
    assert connected == {"event": "connected"}
    assert start["sequence_number"] == "1"
    assert start["start"] == {
        "stream_sid": "5b4e5fbb46b3f42ed1fce7b3f5c618bl",
        "call_sid": "8a2b1d3c4e5f60718293a4b5c6d718bl",
        "account_sid": "acme1",
        "from": "09812345610",
        "to": "08047491899",
        "custom_parameters": {"lang": "hi"},
        "media_format": {"encoding": "base64", "sample_rate": "8000", "bit_rate": "128kbps"},
    }


def test_a_second_start_has_no_effect(wires):
    wire = wires()
    wire.messages()
    wire.connection.start()
    assert wire.messages() == []


def test_an_unusable_url_fails_the_stream(wires):
    wire = wires(stream_start("ftp://bot.example.org/"), opens=False)
    wire.reactor.advance(0)
    ((_, text),) = wire.listener.told
    assert text.startswith("3009 failed to establish ws conn: a bot's URL must be written as ws://")


def test_a_refused_connection_fails_the_stream(wires):
    wire = wires(opens=False)
    wire.reactor.advance(0)
    wire.reactor.tcpClients[0][2].clientConnectionFailed(None, Failure(error.ConnectionRefusedError()))
    wire.reactor.advance(1)
    assert wire.listener.told == [
        ("failed", "3009 failed to establish ws conn: 127.0.0.1:5000: Connection was refused by other side.")
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "[403]: Forbidden"),
        (b"HTTP/1.1 401 \x1b[31m\r\nWWW-Authenticate: Basic\r\n\r\n", "[401]: ?[31m"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "Upgrade header missing"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "SSH-2.0-OpenSSH_9.2"),
        (b"\r\n\r\n", "Bad HTTP response status line"),
        (b"\xff\xfe\xfd", "the answer is not HTTP"),
        (b"HTTP/1.1 101 \xff\r\n\r\n", "Upgrade header missing"),
        (b"HTTP/1.1 403 verw\xc3\xa4hrt\r\n\r\n", "[403]: verw??hrt"),
        (b"x" * 20_000, "the answer is not HTTP"),
        (b"HTTP/1.1 101 Yes\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", "the answer is not HTTP"),
    ],
)
def test_a_wrong_answer_fails_the_stream(wires, answer, words):
    wire = wires(opens=False).dial()
    wire.send(answer)
    wire.reactor.advance(0)
    ((_, text),) = wire.listener.told
    assert text.startswith("3009 failed to establish ws conn: 127.0.0.1:5000: ")
    assert words in text
    assert wire.transport.aborted


def test_a_header_that_is_not_ascii_does_not_fail_the_stream(wires):
    wire = wires(opens=False).dial()
    status, rest = wire.answer().split(b"\r\n", 1)
    wire.send(status + b"\r\nServer: \xc3\xbcber\xff\r\n" + rest)
    assert wire.listener.told == ["opened"]


def test_a_bot_that_hangs_up_on_the_request_fails_the_stream(wires):
    wire = wires(opens=False).dial()
    wire.transport.lose(error.ConnectionLost())
    wire.reactor.advance(0)
    ((_, text),) = wire.listener.told
    assert "connection was lost without a closing handshake" in text


def test_one_time_out_limits_connection_and_answer_together(wires):
    for reached in (False, True):
        wire = wires(opens=False, handshake_s=3.0)
        if reached:
            wire.dial()
            wire.send(b"HTTP/1.1 101 Switching")
        else:
            wire.reactor.advance(0)
        wire.reactor.advance(2.9)
        assert wire.listener.told == []
        wire.reactor.advance(0.2)
        assert wire.listener.told == [
            ("failed", "3009 failed to establish ws conn: 127.0.0.1:5000: no answer within 3 s")
        ]


@pytest.mark.parametrize("stage", ["before dialling", "connecting", "waiting for the answer"])
def test_a_handshake_can_be_abandoned_at_any_stage(wires, stage):
    wire = wires(opens=False)
    if stage == "connecting":
        wire.reactor.advance(0)
    elif stage == "waiting for the answer":
        wire.dial()
    wire.connection.close(StopReason.CALL_ENDED)
    assert wire.listener.told == []
    wire.reactor.advance(0)
    assert wire.listener.told == [("failed", "3009 failed to establish ws conn: given up before the bot answered")]
    wire.connection.close(None)


def test_neither_credentials_nor_the_query_reach_the_log_or_an_error(wires):
    with capturedLogs() as log:
        wire = wires(stream_start("ws://user:hunter2@127.0.0.1/?key=hunter3"), opens=False).dial()
        wire.send(b"HTTP/1.1 500 No\r\n\r\n")
        wire.reactor.advance(0)
    shown = repr(log) + repr(wire.listener.told)
    assert "hunter" not in shown
    assert base64.b64encode(b"user:hunter2").decode() not in shown
