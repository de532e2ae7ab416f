"""A stream's trace: all messages and events in order, and nothing if no trace is configured."""

import pytest
from twisted.internet.defer import execute
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock

from exoswitch.call.effects import StopReason
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.recorder import TraceRecorder
from exoswitch.exotel.trace.trace import Attempted, Binary, Closed, Failed, Message, Opened
from tests.harness.traces_at_hand import recorded
from tests.harness.wire import BINARY, Wire, frame, stream_start


@pytest.fixture
def recorder(tmp_path):
    return TraceRecorder(Clock(), tmp_path, max_mb=10, defer_to_thread=execute)


@pytest.fixture
def trace(recorder, tmp_path):
    """Stop recording, and read the only file."""

    def read():
        recorder.stopService()
        (path,) = tmp_path.glob("*.jsonl")
        return recorded(path)

    return read


def wire_to(recorder, url="ws://user:hunter2@127.0.0.1/ws?sample-rate=16000", **kwargs):
    return Wire(stream_start(url, trace="audio"), observe=recorder.observe, **kwargs)


def events(trace):
    return [message.parsed()["event"] for message in trace.entries if isinstance(message, Message)]


def test_a_stream_is_recorded_from_the_attempt_to_the_close(recorder, trace):
    wire = wire_to(recorder)
    wire.send(frame({"event": "mark", "mark": {"name": "m"}}) + frame(b"\x01\x02", BINARY))
    wire.leg.hear(bytes(320))
    wire.connection.send_digit("5", 100)
    wire.connection.close(StopReason.CALL_ENDED)
    wire.end()
    written = trace()
    kinds = [type(entry) for entry in written.entries]
    assert kinds == [Attempted, Opened, Message, Message, Message, Binary, Message, Message, Message, Closed]
    assert events(written) == ["connected", "start", "mark", "media", "dtmf", "stop"]
    assert written.header.media.sample_rate_hz == 16000
    assert written.closed == Closed(written.closed.at_ms, 1000, "", Side.GATEWAY)
    assert "hunter2" not in repr(written)


def test_the_recorded_close_names_the_side_that_closed(recorder, trace):
    wire = wire_to(recorder)
    wire.transport.lose(ConnectionDone())
    wire.reactor.advance(0)
    assert (trace().closed.by, trace().closed.code) == (Side.BOT, None)


def test_a_failed_attempt_is_recorded_with_its_error(recorder, trace):
    wire = wire_to(recorder, opens=False).dial()
    wire.send(b"HTTP/1.1 403 No\r\n\r\n")
    wire.reactor.advance(0)
    attempted, failed = trace().entries
    assert isinstance(attempted, Attempted)
    assert "403" in failed.error


def test_an_unusable_url_is_recorded_too(recorder, trace):
    wire = wire_to(recorder, "http://user:hunter2@127.0.0.1:x/", opens=False)
    wire.reactor.advance(0)
    attempted, failed = trace().entries
    assert (type(attempted), type(failed)) == (Attempted, Failed)
    assert "hunter2" not in repr(attempted)


def test_nothing_is_recorded_if_no_trace_is_configured(recorder, tmp_path):
    wire = Wire(stream_start(), observe=recorder.observe)
    wire.connection.close(None)
    wire.end()
    recorder.stopService()
    assert list(tmp_path.glob("*")) == []
