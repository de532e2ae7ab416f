"""The messages of a resumed stream."""

import pytest
from attrs import evolve
from twisted.internet.defer import execute
from twisted.internet.task import Clock

from exoswitch.call.effects import StopReason
from exoswitch.exotel.stream.observer import unobserved
from exoswitch.exotel.trace.recorder import TraceRecorder
from exoswitch.exotel.trace.replay_gateway import compare, replay
from tests.harness.traces_at_hand import recorded
from tests.harness.wire import Wire, frame, stream_start


def resumed(url="ws://127.0.0.1/ws", *, observe=unobserved, **options):
    """Open a resumed stream, and read its `start`."""
    wire = Wire(evolve(stream_start(url, **options), is_resumed=True), observe=observe)
    connected, start = wire.messages()
    assert (connected, start["event"]) == ({"event": "connected"}, "start")
    return wire, start


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", {}),
        ("?lang=hi", {"lang": "hi"}),
        ("?a=1&b=2&c=3&d=4", {"a": "1", "b": "2", "c": "3"}),
        ("?a=" + "x" * 300, {"a": "x" * 254}),
        ("?sample-rate=16000", {}),
        ("?resumption=no&lang=hi", {"lang": "hi"}),
    ],
)
def test_resumption_is_added_to_the_parameters_of_the_query(query, told):
    _, start = resumed("ws://127.0.0.1/ws" + query)
    assert start["start"]["custom_parameters"] == told | {"resumption": "true"}


def test_resumption_is_the_last_custom_parameter():
    _, start = resumed("ws://127.0.0.1/ws?lang=hi&sample-rate=16000", sample_rate_parameter=True)
    assert list(start["start"]["custom_parameters"]) == ["lang", "sample-rate", "resumption"]


def test_other_messages_equal_those_of_any_stream():
    wire, start = resumed("ws://127.0.0.1/ws?lang=hi")
    _, first = Wire(stream_start("ws://127.0.0.1/ws?lang=hi")).messages()
    assert first["start"]["custom_parameters"] == {"lang": "hi"}
    first["start"]["custom_parameters"] = start["start"]["custom_parameters"]
    assert start == first
    wire.leg.hear(bytes(320))
    (media,) = wire.messages()
    assert (media["sequence_number"], media["media"]["chunk"], media["media"]["timestamp"]) == ("2", "1", "20")


def test_the_dialled_url_is_unchanged():
    wire = Wire(evolve(stream_start("ws://127.0.0.1/ws?lang=hi"), is_resumed=True), opens=False).dial()
    assert wire.request()[0] == "GET /ws?lang=hi HTTP/1.1"


def test_the_trace_of_a_resumed_stream_can_be_replayed(tmp_path):
    recorder = TraceRecorder(Clock(), tmp_path, max_mb=10, defer_to_thread=execute, parameters=["resumption"])
    wire, start = resumed(observe=recorder.observe, trace="audio")
    wire.send(frame({"event": "mark", "mark": {"name": "again"}}))
    wire.connection.send_mark("again")
    wire.connection.close(StopReason.CALL_ENDED)
    wire.end()
    recorder.stopService()
    (path,) = tmp_path.glob("*.jsonl")
    trace = recorded(path)
    (written,) = (entry.parsed() for entry in trace.entries if getattr(entry, "event", "") == "start")
    assert written["start"]["custom_parameters"] == start["start"]["custom_parameters"]
    assert compare(trace, replay(trace)) == []
