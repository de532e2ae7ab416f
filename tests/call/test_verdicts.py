"""The end of an attempt: whether the next trunk is tried, what it says of the trunk, and how the call ends."""

import pytest

from exoswitch.call.attempts import Health
from exoswitch.call.session import CallStatus
from exoswitch.call.verdicts import CAUSE_ROWS, SIP_ROWS, AttemptEnd, End, Next, Verdict, judge
from exoswitch.telephony.sip_statuses import sip_text

BUSY, FAILED, NO_ANSWER = CallStatus.BUSY, CallStatus.FAILED, CallStatus.NO_ANSWER


def refused(sip_status=None, cause=None, *, rung=False, elapsed_s=2.0, **facts):
    return AttemptEnd(
        how=End.REFUSED, has_rung=rung, elapsed_s=elapsed_s, sip_status=sip_status, cause=cause, **facts
    )


@pytest.mark.parametrize(
    ("sip_status", "next_trunk", "health", "status", "rung"),
    [
        (486, Next.NO, Health.NEUTRAL, BUSY, BUSY),
        (600, Next.NO, Health.NEUTRAL, BUSY, BUSY),
        (603, Next.NO, Health.NEUTRAL, BUSY, BUSY),
        (607, Next.NO, Health.NEUTRAL, BUSY, BUSY),
        (404, Next.NO, Health.WRONG_NUMBER, FAILED, FAILED),
        (410, Next.NO, Health.WRONG_NUMBER, FAILED, FAILED),
        (416, Next.NO, Health.WRONG_NUMBER, FAILED, FAILED),
        (484, Next.NO, Health.WRONG_NUMBER, FAILED, FAILED),
        (485, Next.NO, Health.WRONG_NUMBER, FAILED, FAILED),
        (604, Next.NO, Health.WRONG_NUMBER, FAILED, FAILED),
        (480, Next.NO, Health.WEAK, NO_ANSWER, NO_ANSWER),
        (408, Next.YES, Health.STRONG, FAILED, NO_ANSWER),
        (500, Next.YES, Health.STRONG, FAILED, FAILED),
        (502, Next.YES, Health.STRONG, FAILED, FAILED),
        (503, Next.YES, Health.STRONG, FAILED, FAILED),
        (504, Next.YES, Health.STRONG, FAILED, FAILED),
        (513, Next.YES, Health.STRONG, FAILED, FAILED),
        (401, Next.YES, Health.CONFIG, FAILED, BUSY),
        (402, Next.YES, Health.CONFIG, FAILED, BUSY),
        (403, Next.YES, Health.CONFIG, FAILED, BUSY),
        (407, Next.YES, Health.CONFIG, FAILED, BUSY),
        (488, Next.YES, Health.CONFIG, FAILED, FAILED),
        (415, Next.YES, Health.CONFIG, FAILED, FAILED),
        (606, Next.YES, Health.CONFIG, FAILED, FAILED),
        (420, Next.YES, Health.CONFIG, FAILED, FAILED),
        (421, Next.YES, Health.CONFIG, FAILED, FAILED),
        (302, Next.YES, Health.CONFIG, FAILED, FAILED),
        (487, Next.YES, Health.WEAK, FAILED, NO_ANSWER),
        (400, Next.YES, Health.WEAK, FAILED, FAILED),
        (699, Next.NO, Health.NEUTRAL, FAILED, FAILED),
    ],
)
def test_answer_of_a_trunk_before_any_ringing_and_after_it(sip_status, next_trunk, health, status, rung):
    assert judge(refused(sip_status, 127)) == Verdict(next_trunk, health, status)
    assert judge(refused(sip_status, 127, rung=True)) == Verdict(Next.NO, Health.NEUTRAL, rung)


@pytest.mark.parametrize(
    ("causes", "next_trunk", "health"),
    [
        ([34, 38, 41, 42, 44, 47, 102, 111], Next.YES, Health.STRONG),
        ([58], Next.YES, Health.CONFIG),
        ([127, 3, 25, 63], Next.YES, Health.WEAK),
        ([16, 17, 21, 26, 27, 31], Next.NO, Health.NEUTRAL),
        ([18, 19, 20], Next.NO, Health.WEAK),
        ([1, 22, 28], Next.NO, Health.WRONG_NUMBER),
    ],
)
def test_cause_decides_where_asterisk_tells_no_sip_status(causes, next_trunk, health):
    for cause in causes:
        verdict = judge(refused(cause=cause, dial_status="NOANSWER"))
        assert (verdict.next_trunk, verdict.health) == (next_trunk, health)
        assert judge(refused(cause=cause, rung=True)).next_trunk is Next.NO


@pytest.mark.parametrize(("cause", "status"), [(17, BUSY), (19, NO_ANSWER), (34, FAILED), (21, BUSY)])
def test_cause_gives_the_status_of_the_call(cause, status):
    assert judge(refused(cause=cause)).status is status
    assert judge(refused(cause=cause, rung=True)).status is status


@pytest.mark.parametrize("told", [{"sip_status": 480, "cause": 19}, {"cause": 19}])
def test_480_at_once_is_the_trunks_but_only_once_in_a_call(told):
    assert judge(refused(**told, elapsed_s=1.49)) == Verdict(Next.ONCE, Health.WEAK, NO_ANSWER)
    assert judge(refused(**told, elapsed_s=1.5)) == Verdict(Next.NO, Health.WEAK, NO_ANSWER)


def test_refusal_that_is_the_trunks_own_word_tries_the_next_trunk_before_any_ringing():
    own = frozenset({603})
    assert judge(refused(603, 21), own) == Verdict(Next.YES, Health.CONFIG, FAILED)
    assert judge(refused(603, 21, rung=True), own) == Verdict(Next.NO, Health.NEUTRAL, BUSY)
    assert judge(refused(486, 17), own).next_trunk is Next.NO


@pytest.mark.parametrize("how", [End.NO_CHANNEL, End.SILENT])
def test_trunk_that_is_away_or_silent_is_at_fault(how):
    silent = AttemptEnd(how=how, has_rung=False, elapsed_s=6.4, sip_status=480, cause=19)
    assert judge(silent) == Verdict(Next.YES, Health.STRONG, FAILED)


@pytest.mark.parametrize("how", [End.SILENT, End.RANG_OUT])
def test_phone_that_rang_and_was_given_up_was_not_answered(how):
    rang = AttemptEnd(how=how, has_rung=True, elapsed_s=40.0, sip_status=480, cause=19)
    assert judge(rang) == Verdict(Next.NO, Health.NEUTRAL, NO_ANSWER)


def test_end_that_nobody_saw_says_nothing_about_the_trunk_and_is_not_followed_by_another_ring():
    unseen = AttemptEnd(how=End.UNSEEN, has_rung=False, elapsed_s=3.0, cause=0)
    assert judge(unseen) == Verdict(Next.NO, None, FAILED)
    assert judge(refused()) == Verdict(Next.NO, None, FAILED)


def test_end_without_a_cause_before_any_ringing_is_the_trunks():
    assert judge(refused(cause=0)) == Verdict(Next.YES, Health.WEAK, FAILED)
    assert judge(refused(cause=0, rung=True)).next_trunk is Next.NO


def test_every_final_answer_of_sip_and_every_cause_has_a_row():
    for sip_status in range(300, 700):
        assert any(sip_status in row.answers for row in SIP_ROWS)
        assert str(sip_status) in sip_text(sip_status)
    for cause in range(1, 128):
        assert any(cause in row.causes for row in CAUSE_ROWS)


def test_an_answer_is_worded_for_an_operator():
    assert sip_text(486) == "the phone is busy (SIP 486)"
    assert sip_text(599) == "an error at the trunk (SIP 599)"
    assert sip_text(799) == "an unknown answer (SIP 799)"
