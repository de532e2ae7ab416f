"""The effects of a stream's options on its messages; the defaults are Exotel's behaviour."""

import pytest
from attrs import evolve
from twisted.internet.error import ConnectionDone

from exoswitch.call.effects import StopReason
from exoswitch.call.session import Direction
from tests.harness.wire import CLOSE, TEXT, Wire, frame, stream_start


def started(url="ws://127.0.0.1/ws?lang=hi&sample-rate=16000", direction=Direction.INBOUND, **options):
    """Open a stream with these options; give its wire and the body of its `start`."""
    wire = Wire(evolve(stream_start(url, **options), direction=direction))
    _, start = wire.messages()
    return wire, start["start"]


def test_numbers_are_written_in_e164_if_configured():
    _, start = started(numbers="e164")
    assert (start["from"], start["to"]) == ("+919812345610", "+918047491899")


@pytest.mark.parametrize(
    ("direction", "outbound_from", "first"),
    [
        (Direction.OUTBOUND, "customer", "09812345610"),
        (Direction.OUTBOUND, "exophone", "08047491899"),
        (Direction.INBOUND, "exophone", "09812345610"),
    ],
)
def test_from_is_the_exophone_in_an_outbound_call_if_configured(direction, outbound_from, first):
    _, start = started(direction=direction, outbound_from=outbound_from)
    assert start["from"] == first
    assert {start["from"], start["to"]} == {"09812345610", "08047491899"}


def test_a_leg_sid_follows_the_call_sid_and_has_the_same_day():
    _, start = started(leg_sid=True)
    assert list(start)[1:4] == ["call_sid", "leg_sid", "account_sid"]
    assert start["leg_sid"][28:] == start["call_sid"][28:]
    assert start["leg_sid"] != start["call_sid"]
    assert started(leg_sid=True)[1]["leg_sid"] == start["leg_sid"]


def test_the_sample_rate_is_a_custom_parameter_if_configured():
    assert started()[1]["custom_parameters"] == {"lang": "hi"}
    assert started(sample_rate_parameter=True)[1]["custom_parameters"] == {"lang": "hi", "sample-rate": "16000"}


@pytest.mark.parametrize(("first_timestamp", "timestamps"), [("chunk", ["40", "80"]), ("zero", ["0", "40"])])
def test_the_first_timestamp_is_zero_if_configured(first_timestamp, timestamps):
    wire, _ = started("ws://127.0.0.1/", chunk_ms=40, first_timestamp=first_timestamp)
    for _ in range(4):
        wire.leg.hear(bytes(320))
    assert [message["media"]["timestamp"] for message in wire.messages()] == timestamps


def test_the_connection_is_dropped_after_stop_if_configured():
    wire, _ = started(close_after_stop="drop")
    wire.connection.close(StopReason.CALL_ENDED)
    assert [opcode for opcode, _ in wire.received()] == [TEXT]
    assert wire.transport.disconnecting
    assert not wire.transport.aborted
    wire.reactor.advance(0)
    assert wire.listener.told[1:] == [("closed", None, "we dropped the connection")]
    assert wire.reactor.getDelayedCalls() == []


def test_a_close_without_stop_always_makes_a_closing_handshake():
    wire, _ = started(close_after_stop="drop")
    wire.connection.close(None)
    assert [opcode for opcode, _ in wire.received()] == [CLOSE]
    wire.transport.lose(ConnectionDone())
    wire.reactor.advance(0)


@pytest.mark.parametrize(
    ("options", "details"),
    [
        ({}, ()),
        ({"clear_granularity": "message"}, ("finish message",)),
        ({"marks_on_clear": "drop"}, ("drop marks",)),
    ],
)
def test_clear_follows_the_options(options, details):
    wire, _ = started("ws://127.0.0.1/", **options)
    wire.send(frame({"event": "clear"}))
    assert wire.leg.asked == [("clear", *details)]
