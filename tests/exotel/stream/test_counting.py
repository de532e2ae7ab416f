"""What is counted of a stream."""

import pytest
from twisted.logger import capturedLogs

from exoswitch.exotel.stream.counting import MANY, StreamCounts, code_class
from exoswitch.telemetry.catalogue import METRICS
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.telemetry.metric import OTHER
from tests.harness.logs import warnings_in
from tests.harness.wire import BINARY, Wire, frame


def test_a_bot_of_which_nothing_can_be_played_is_logged_once():
    with capturedLogs() as log:
        wire = Wire()
        for _ in range(3 * MANY):
            wire.send(frame(b"\x01\x02" * 160, BINARY))
        for _ in range(MANY):
            wire.send({"event": "audio"})
    (told,) = warnings_in(log)
    assert f"nothing of the bot can be played: its first {MANY} messages are {MANY} binary; audio must come" in told


def test_a_bot_whose_audio_is_played_may_send_other_messages():
    with capturedLogs() as log:
        wire = Wire()
        wire.send({"event": "media", "media": {"payload": "AAAA"}})
        for _ in range(3 * MANY):
            wire.send({"event": "audio"})
    assert warnings_in(log) == []
    assert wire.metrics['bot_faults_total{kind="ignored"}'] == 3 * MANY


def test_the_end_of_a_stream_is_counted_with_its_code_and_side():
    wire = Wire()
    wire.end(1000)
    assert wire.metrics == {'stream_closes_total{by="bot",code_class="1000"}': 1}


@pytest.mark.parametrize(
    ("code", "wanted"),
    [(None, "none"), (1000, "1000"), (1001, "1001"), (1002, "1xxx"), (1011, "1xxx"), (3000, "3xxx"), (4999, "4xxx")],
)
def test_close_codes_have_few_classes(code, wanted):
    assert code_class(code) == wanted
    (label,) = (label for label in METRICS["stream_closes_total"].labels if label.name == "code_class")
    assert label.admit(wanted) == wanted
    assert label.admit(code_class(2500)) == OTHER


def test_dropped_audio_is_counted_in_seconds():
    metrics = MemoryMetrics()
    StreamCounts("sid1", metrics).audio_dropped(250)
    assert metrics.counts == {"caller_audio_dropped_seconds_total": 0.25}
