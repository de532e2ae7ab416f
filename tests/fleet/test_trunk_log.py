"""The log of a trunk's breaker and alarms."""

import pytest
from twisted.logger import capturedLogs, formatEvent

from exoswitch.fleet.trunks.log import log_events


@pytest.mark.parametrize(("sip_status", "answer"), [(503, "SIP 503"), (None, "no answer")])
def test_open_breaker_is_told_with_the_last_answer(sip_status, answer):
    with capturedLogs() as log:
        log_events("bsnl1", ["opened"], sip_status)
    (line,) = (formatEvent(event) for event in log)
    assert line.startswith(f"trunk bsnl1: its calls fail (last: {answer}); calls go to other trunks")


@pytest.mark.parametrize("event", ["closed", "config", "format", "answer-ratio"])
def test_each_event_is_one_line_that_names_the_trunk(event):
    with capturedLogs() as log:
        log_events("bsnl1", [event], 403)
    (line,) = (formatEvent(event) for event in log)
    assert line.startswith("trunk bsnl1")
    assert "{" not in line
