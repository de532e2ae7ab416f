"""A WebSocket whose socket a plane serves; the plane only records. See also tests/rtp/test_served_socket.py."""

import json
import struct

import pytest
from attrs import define, field

from tests.harness.recorders import RecordedLeg
from tests.harness.wire import CLOSE, PING, PONG, TEXT, Transport, Wire, frame, read_frames

MEDIA = {"event": "media", "media": {"payload": "AQI="}}
FORM = (b'{"event": "media", "media": {"payload": "', b'"}}')


@define(eq=False)
class Served:
    """A served socket; the test puts bytes into `waiting`, and reads those that were written."""

    waiting: list = field(factory=list)
    written: bytes = b""
    forms: list = field(factory=list)
    is_full: bool = False
    unread: bytes = b""
    unsent: bytes = b""
    is_taken_back: bool = False

    def read(self):
        return None if self.is_full else self.waiting.pop(0)

    def go_on(self, form):
        self.forms.append(form)
        return bool(self.waiting)

    def write(self, data):
        self.written += data
        return not self.is_full

    def take_back(self):
        assert not self.is_taken_back
        self.is_taken_back = True
        return self.unread, self.unsent


@define(eq=False)
class ServingLeg(RecordedLeg):
    served: list = field(factory=list)
    owner: object = None
    engine: object = None

    def serve(self, handle, owner, engine=None):
        assert handle == 77
        self.owner, self.engine = owner, engine
        self.served.append(Served())
        return self.served[-1]


class TcpTransport(Transport):
    """A transport with the attributes of TCP; the network takes `room` bytes."""

    connected = True
    room = 1 << 20
    dataBuffer = b""
    offset = 0

    def fileno(self):
        return 77

    def write(self, data):
        self.dataBuffer += data

    def writeSomeData(self, data):
        taken, self.room = data[: self.room], max(0, self.room - len(data))
        self.io.write(taken)
        return len(taken)

    def doWrite(self):
        self.dataBuffer = self.dataBuffer[self.writeSomeData(self.dataBuffer) :]


class TlsTransport(Transport):
    """A transport over TLS; without an `engine`, no plane can serve it."""

    engine: object = None
    is_busy = False

    def fileno(self):
        return 77

    def is_idle(self):
        return not self.is_busy

    def take_up(self):
        self.io.write(b"records of the plane, ")


class ServableWire(Wire):
    """An open stream; `serve` hands its socket to the leg."""

    make_transport = TcpTransport

    def serve(self):
        self.messages()
        self.leg.hear(bytes(320))
        (self.served,) = self.leg.served
        return self

    def say(self, *frames):
        """Let the plane leave these bytes to the stream."""
        self.served.waiting += frames
        self.leg.owner.socket_waits()


class SecuredWire(ServableWire):
    make_transport = TlsTransport


def end(wire):
    wire.connection.close(None)
    wire.transport.loseConnection()
    wire.reactor.advance(5)


@pytest.fixture
def wire():
    wire = ServableWire(leg=ServingLeg())
    wire.serve()
    yield wire
    end(wire)


@pytest.fixture
def secured():
    wire = SecuredWire(leg=ServingLeg())
    wire.messages()
    yield wire
    end(wire)


def numbers(frames):
    return [message.get("sequence_number") for opcode, message in frames if opcode == TEXT]


def test_the_first_message_with_audio_hands_the_socket_to_the_plane(wire):
    assert not wire.transport.is_reading
    assert numbers(read_frames(wire.served.written)) == ["2"]
    assert wire.received() == []


def test_the_plane_may_play_once_a_message_with_audio_was_taken(wire):
    assert wire.served.forms == [None]
    wire.say(frame({"event": "media", "media": {"payload": ""}}))
    assert wire.served.forms == [None, None]
    wire.say(frame(MEDIA), frame(MEDIA))
    assert wire.served.forms[2:] == [FORM, FORM]
    assert wire.leg.asked == [("play", b""), ("play", b"\x01\x02"), ("play", b"\x01\x02")]


def test_within_a_fragmented_message_all_frames_are_left_to_the_stream(wire):
    wire.say(frame(MEDIA))
    wire.say(frame(b'{"event":', final=False))
    assert wire.served.forms[-1] is None
    wire.say(frame(b'"clear"}', 0))
    assert wire.served.forms[-1] == FORM
    assert wire.leg.asked[-1] == ("clear",)


def test_marks_and_pongs_go_the_same_way_as_audio(wire):
    wire.served.written = b""
    wire.connection.send_mark("here")
    wire.say(frame(b"ping", PING))
    frames = read_frames(wire.served.written)
    assert [(opcode, payload) for opcode, payload in frames if opcode == PONG] == [(PONG, b"ping")]
    assert numbers(frames) == ["3"]
    assert wire.received() == []


def test_a_socket_that_is_full_goes_back_to_the_transport_with_what_was_not_sent(wire):
    wire.served.is_full, wire.served.unsent, wire.served.unread = True, b"unsent", frame(MEDIA)
    wire.leg.owner.socket_waits()
    assert wire.transport.value() == b"unsent"
    wire.transport.clear()
    wire.reactor.advance(0)
    assert wire.transport.is_reading
    assert wire.leg.asked == [("play", b"\x01\x02")]
    wire.leg.hear(bytes(320))
    assert len(wire.leg.served) == 2
    assert numbers(read_frames(wire.leg.served[1].written)) == ["3"]


def test_a_write_that_fills_the_socket_takes_it_back(wire):
    wire.served.is_full, wire.served.unsent = True, b"unsent"
    wire.connection.send_digit("5", 100)
    assert wire.served.is_taken_back
    assert wire.transport.value() == b"unsent"


def test_the_socket_is_not_handed_over_while_data_waits_in_the_transport():
    wire = ServableWire(leg=ServingLeg())
    wire.transport.room = 0
    wire.connection.send_digit("5", 100)
    wire.leg.hear(bytes(320))
    assert wire.leg.served == []
    wire.transport.room = 1 << 20
    wire.leg.hear(bytes(320))
    assert len(wire.leg.served) == 1
    assert [message["event"] for message in wire.messages()] == ["connected", "start", "dtmf", "media"]
    end(wire)


@pytest.mark.parametrize("ends", ["close", "stop", "bot"])
def test_a_closing_handshake_goes_over_the_transport(wire, ends):
    if ends == "bot":
        wire.say(frame(struct.pack("!H", 1000), CLOSE))
    else:
        wire.connection.close(None)
    assert wire.served.is_taken_back
    assert [opcode for opcode, _ in wire.received()] == [CLOSE]


def test_an_observed_stream_is_not_served():
    seen = []

    class Observer:
        def __getattr__(self, name):
            return lambda *args, **_: seen.append((name, *args))

    wire = ServableWire(leg=ServingLeg(), observe=lambda *_: Observer())
    wire.leg.hear(bytes(320))
    assert wire.leg.served == []
    assert json.loads([args[1] for args in seen if args[0] == "sent"][-1])["event"] == "media"
    end(wire)


def test_tls_without_an_engine_is_never_served(secured):
    for _ in range(2):
        secured.leg.hear(bytes(320))
    assert secured.leg.served == []
    assert secured.transport.is_reading
    assert [message["event"] for message in secured.messages()] == ["media", "media"]


def test_over_tls_the_engine_is_handed_over_once_no_data_waits_in_it(secured):
    secured.transport.engine, secured.transport.is_busy = object(), True
    secured.leg.hear(bytes(320))
    assert secured.leg.served == []
    secured.transport.is_busy = False
    secured.leg.hear(bytes(320))
    assert secured.leg.engine is secured.transport.engine
    assert not secured.transport.is_reading


def test_a_socket_over_tls_that_comes_back_goes_on_with_what_the_plane_left(secured):
    secured.transport.engine = object()
    secured.leg.hear(bytes(320))
    (served,) = secured.leg.served
    served.is_full, served.unread = True, frame(MEDIA)
    secured.leg.owner.socket_waits()
    assert secured.transport.value() == b"records of the plane, "
    secured.transport.clear()
    secured.reactor.advance(0)
    assert secured.transport.is_reading
    assert secured.leg.asked == [("play", b"\x01\x02")]
