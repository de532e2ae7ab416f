"""The end of a stream: closed by us or by the bot, lost, or broken by an error."""

import struct

import pytest
from twisted.internet import error

from exoswitch.call.effects import StopReason
from exoswitch.call.endings import is_goodbye
from exoswitch.exotel.stream.observer import Side
from tests.harness.wire import CLOSE, frame

MEDIA = {"event": "media", "media": {"payload": "AQI="}}


def test_our_close_sends_stop_then_closes_and_waits_for_the_bot(wires):
    wire = wires()
    wire.messages()
    wire.connection.close(StopReason.CALL_ENDED)
    (_, stop), (opcode, code) = wire.received()
    assert stop["stop"]["reason"] == "callended"
    assert (opcode, code) == (CLOSE, struct.pack("!H", 1000))
    assert wire.listener.told == ["opened"]
    wire.send(MEDIA)
    wire.end()
    assert wire.leg.asked == []
    assert wire.listener.told[1:] == [("closed", 1000, "")]


def test_a_close_without_a_reason_sends_no_stop(wires):
    wire = wires()
    wire.messages()
    wire.connection.close(None)
    assert [opcode for opcode, _ in wire.received()] == [CLOSE]
    wire.end()


def test_a_close_in_the_middle_of_a_message_ends_the_stream_properly(wires):
    wire = wires()
    wire.send(frame(MEDIA)[:9])
    wire.connection.close(None)
    wire.send(frame(MEDIA)[9:])
    wire.end()
    assert wire.listener.told[1:] == [("closed", 1000, "")]


@pytest.mark.parametrize("replies", [False, True])
def test_a_bot_that_does_not_finish_closing_is_dropped_after_two_seconds(wires, replies):
    wire = wires()
    wire.connection.close(StopReason.STOPPED)
    if replies:
        wire.send(frame(struct.pack("!H", 1000), CLOSE))
    wire.reactor.advance(1.9)
    assert not wire.transport.aborted
    wire.reactor.advance(0.2)
    wire.reactor.advance(0)
    assert wire.transport.aborted
    closed = ("closed", 1000, "") if replies else ("closed", None, "the closing handshake was not finished in time")
    assert wire.listener.told[1:] == [closed]


def test_the_bots_close_is_answered_and_reported_with_its_code_and_reason(wires):
    wire = wires()
    wire.messages()
    wire.send(frame(struct.pack("!H", 4001) + b"bye\x1b", CLOSE))
    assert [opcode for opcode, _ in wire.received()] == [CLOSE]
    assert wire.listener.told == ["opened"]
    wire.transport.loseConnection()
    wire.reactor.advance(0)
    assert wire.listener.told[1:] == [("closed", 4001, "bye?")]


def test_a_lost_connection_is_reported_without_a_code(wires):
    wire = wires()
    wire.transport.lose(error.ConnectionLost())
    wire.reactor.advance(0)
    assert wire.listener.told[1:] == [("closed", None, "the connection was lost without a closing handshake (1006)")]


def test_after_the_close_no_method_has_an_effect(wires):
    wire = wires()
    wire.end()
    wire.transport.clear()
    wire.connection.start()
    wire.leg.hear(bytes(320))
    wire.connection.send_mark("m")
    wire.connection.send_digit("1", 100)
    wire.connection.close(StopReason.STOPPED)
    assert wire.received() == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x85mask\0\0\0\0\0", 1002),
        (b"\x83\x00", 1002),
        (b"\xc1\x01x", 1002),
        (b"\x81\x7f" + struct.pack("!Q", 2 * 1024 * 1024 + 1), 1009),
    ],
)
def test_a_websocket_protocol_error_ends_the_stream_with_its_close_code(wires, data, code):
    wire = wires()
    wire.messages()
    wire.send(data)
    (opcode, payload), *_ = wire.received()
    assert (opcode, struct.unpack("!H", payload[:2])[0]) == (CLOSE, code)
    wire.reactor.advance(2)
    wire.reactor.advance(0)
    assert wire.listener.told[1][:2] == ("closed", code)


@pytest.mark.parametrize(
    ("data", "code", "why"),
    [
        (b"\xc1\x01x", 1002, "RSV"),
        (b"\x81\x85mask\0\0\0\0\0", 1002, "masked"),
        (b"\x83\x00", 1002, "opcode 3"),
        (frame(struct.pack("!H", 1005), CLOSE), 1002, "close code 1005"),
        (frame(struct.pack("!H", 1006), CLOSE), 1002, "close code 1006"),
        (frame(struct.pack("!H", 1000) + b"\xff", CLOSE), 1007, "close reason"),
    ],
)
def test_data_that_we_refuse_is_no_goodbye_of_the_bot_even_if_it_closes_with_1000(wires, data, code, why):
    closed = []
    wire = wires()
    wire.connection._observer.closed = lambda *args, by: closed.append((*args, by))
    wire.send(data)
    wire.end(1000)
    ((_, told, reason),) = wire.listener.told[1:]
    assert told == code
    assert why in reason
    assert not is_goodbye(told)
    assert [by for *_, by in closed] == [Side.GATEWAY]
