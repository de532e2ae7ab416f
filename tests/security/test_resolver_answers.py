"""The answer of a bot's resolver is bounded, in bytes and in lines, whatever its server sends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from exoswitch.call.bot_address import BotAddress, parse_resolver
from exoswitch.errors import ExoswitchError, RemoteProtocolError
from exoswitch.exotel.stream.answer_limit import MAX_HEAD_BYTES, MAX_HEAD_LINES, MAX_WIRE_BYTES, MAX_WIRE_LINES
from exoswitch.exotel.stream.endpoint import BotEndpoint
from exoswitch.exotel.stream.resolution import MAX_ANSWER_BYTES
from exoswitch.exotel.stream.resolver import resolve
from exoswitch.network.host_endpoint import HostEndpoint
from exoswitch.network.reactor_names import ReactorNames
from exoswitch.tasks.fair_turns import TLS_S, FairTurns
from tests.harness.wire import Transport

PIECE = 64 * 1024  # as much as Twisted reads at once


class Asking:
    """One question to a resolver; the test is its server."""

    def __init__(self):
        reactor = MemoryReactorClock()
        address = parse_resolver("http://127.0.0.1:5000/where")
        connecting = HostEndpoint(reactor, ReactorNames(reactor), address.host, address.port, 10.0)
        endpoint = BotEndpoint(reactor, connecting, None, FairTurns(reactor, TLS_S))
        self.outcome = []
        Deferred.fromCoroutine(resolve(reactor, address, endpoint, {})).addBoth(self.outcome.append)
        self.protocol = reactor.tcpClients[-1][2].buildProtocol(None)
        self.transport = Transport(reactor, self.protocol)
        self.protocol.makeConnection(self.transport)
        self.reactor, self.taken = reactor, 0

    def send(self, data):
        """Send until the other side drops the connection; give the answer's address, or the refusal."""
        for start in range(0, len(data), PIECE):
            if self.transport.aborted:
                break
            self.protocol.dataReceived(data[start : start + PIECE])
            self.taken += len(data[start : start + PIECE])
        self.reactor.advance(0)
        return self.outcome[0] if self.outcome else None


def refusal(data):
    asking = Asking()
    failure = asking.send(data)
    failure.trap(RemoteProtocolError)
    assert asking.transport.aborted
    assert asking.taken <= MAX_WIRE_BYTES + PIECE
    return failure.getErrorMessage()


@pytest.mark.parametrize(
    "line", [b"X-A: b\r\n", b"x:\n", b"X: " + bytes([98]) * 1000 + b"\r\n", b"A: b\r\n folded\r\n"]
)
def test_headers_without_end_are_dropped_at_the_limit(line):
    assert "the head of its answer is longer than" in refusal(
        b"HTTP/1.1 200 OK\r\n" + line * (4_000_000 // len(line))
    )


def test_interim_answers_without_end_are_dropped_at_the_limit():
    assert "the head of its answer is longer than" in refusal(b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000)


def test_head_within_the_limits_is_read_however_it_is_cut():
    lines = MAX_HEAD_LINES - 10
    header = b"X-A: " + b"b" * (MAX_HEAD_BYTES // lines - 20) + b"\r\n"
    body = b'{\n"url":\n"ws://bot.example.org/"\n}' + b"\n" * 500
    head = b"HTTP/1.1 200 OK\r\n" + header * lines + b"Content-Length: %d\r\n\r\n" % len(body)
    asking = Asking()
    assert asking.send(head + body).host == "bot.example.org"


def test_body_is_bounded_and_so_are_the_frames_of_its_chunks():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert f"longer than {MAX_ANSWER_BYTES} bytes" in refusal(head + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 20)
    padded = b"1;" + b"x" * 1000 + b"\r\n \r\n"
    assert f"longer than {MAX_WIRE_BYTES} bytes" in refusal(head + padded * 1000)


def test_chunks_of_one_byte_are_dropped_after_some():
    asking = Asking()
    failure = asking.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 60_000)
    assert f"or {MAX_WIRE_LINES} lines" in failure.getErrorMessage()
    assert asking.taken == PIECE


def test_one_endless_header_is_dropped():
    refusal(b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 4_000_000)


HEADS = [
    b"",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 100 \r\n\r\n",
]
WORDS = [
    b"\r\n",
    b"\n",
    b":",
    b"Content-Length: -1\r\n",
    b"Transfer-Encoding: x\r\n",
    b"ffffffffffffffff\r\n",
    b"0\r\n\r\n",
]


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(HEADS), st.lists(st.binary(max_size=40) | st.sampled_from(WORDS), max_size=8))
def test_any_bytes_are_an_address_or_an_error_that_fails_the_stream(head, pieces):
    asking = Asking()
    for piece in (head, *pieces):
        if piece and not asking.transport.disconnecting:
            asking.protocol.dataReceived(piece)
    asking.transport.loseConnection()
    asking.reactor.advance(0)
    (outcome,) = asking.outcome
    assert isinstance(outcome, BotAddress) or isinstance(outcome.value, ExoswitchError | ValueError | OSError)
