import pytest

from exoswitch.call.session import CallStatus
from exoswitch.call.statuses import unanswered_status
from exoswitch.telephony.causes import HangUpCause, cause_text


@pytest.mark.parametrize(
    ("dial_status", "cause", "status"),
    [
        ("BUSY", 17, CallStatus.BUSY),
        (None, 17, CallStatus.BUSY),
        ("BUSY", None, CallStatus.BUSY),
        ("BUSY", 16, CallStatus.BUSY),
        ("NOANSWER", 21, CallStatus.BUSY),
        ("NOANSWER", None, CallStatus.NO_ANSWER),
        ("NOANSWER", 0, CallStatus.NO_ANSWER),
        ("NOANSWER", 16, CallStatus.NO_ANSWER),
        (None, 16, CallStatus.NO_ANSWER),
        (None, 18, CallStatus.NO_ANSWER),
        (None, 19, CallStatus.NO_ANSWER),
        ("CHANUNAVAIL", 20, CallStatus.NO_ANSWER),
        ("CANCEL", 16, CallStatus.CANCELED),
        ("CANCEL", 17, CallStatus.CANCELED),
        ("CHANUNAVAIL", None, CallStatus.FAILED),
        ("CONGESTION", 0, CallStatus.FAILED),
        ("NOANSWER", 1, CallStatus.FAILED),
        ("NOANSWER", 127, CallStatus.FAILED),
        ("SOMETHING", None, CallStatus.FAILED),
        (None, None, CallStatus.FAILED),
        (None, 0, CallStatus.FAILED),
        ("NOANSWER", 999, CallStatus.NO_ANSWER),
        (None, 999, CallStatus.FAILED),
    ],
)
def test_an_unanswered_call_ends_with_exotels_status(dial_status, cause, status):
    assert unanswered_status(dial_status, cause) is status


@pytest.mark.parametrize("cause", [34, 38, 41, 42, 44, 58, 102])
def test_a_trunk_problem_is_a_failed_call(cause):
    told = [unanswered_status(dial_status, cause) for dial_status in (None, "NOANSWER", "CHANUNAVAIL", "CONGESTION")]
    assert told == [CallStatus.FAILED] * 4


def test_every_cause_reads_as_a_sentence_for_the_operator():
    assert cause_text(17) == "the phone is busy (cause 17)"
    assert cause_text(999) == "an unknown cause (cause 999)"
    assert cause_text(None) == cause_text(0) == "no cause given"


def test_every_cause_that_we_hang_up_with_has_a_text():
    for cause in HangUpCause:
        assert "unknown" not in cause_text(cause)
        assert f"(cause {int(cause)})" in cause_text(cause)
