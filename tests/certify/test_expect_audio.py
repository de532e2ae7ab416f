import pytest
from attrs import evolve

from exoswitch.audio.frames import SILENCE_PCM
from exoswitch.certify.expect_audio import (
    all_are_heard,
    answers,
    keeps_its_pitch,
    marks_return,
    nobody_hears_another,
    reaches_the_phone,
)
from exoswitch.certify.verdict import Verdict
from exoswitch.sim.sounds import tone
from tests.harness.certify_seen import OTHER_SID, SID, TERMS, TONE, mark, media, talk, tape
from tests.harness.wire import Messages

is_heard = answers()
SILENT = evolve(TERMS, is_silent=True)
QUESTION = evolve(TERMS, is_babble=False)


def only(findings):
    (finding,) = findings
    return finding


@pytest.fixture
def asked():
    """A call whose caller spoke from 1 s to 2 s."""
    one = tape()
    one.stages.append(("speech", 1.0))
    one.stages.append(("waiting", 2.0))
    return one


def test_an_answer_is_timed_from_the_end_of_the_question(asked):
    talk(asked, 2.9, 1.0)
    finding = only(is_heard([asked], TERMS))
    assert (finding.verdict, finding.seen) == (Verdict.PASS, "900 ms after the end of the question")


def test_an_echo_is_timed_from_the_start_of_the_question(asked):
    talk(asked, 1.06, 1.0)
    assert only(is_heard([asked], TERMS)).seen == "60 ms after the start of the question"


def test_talk_without_a_pause_is_a_note_because_no_answer_can_be_told_from_it(asked):
    talk(asked, 0.5, 2.0)
    finding = only(is_heard([asked], TERMS))
    assert (finding.verdict, finding.seen) == (Verdict.NOTE, "the bot was already talking, and continued")


def test_a_greeting_is_no_answer(asked):
    talk(asked, 0.1, 0.5)
    finding = only(is_heard([asked], TERMS))
    assert (finding.verdict, finding.seen) == (
        Verdict.FAIL,
        "0.5 s of sound before the question, and no answer",
    )


def test_no_answer_is_a_failure_with_advice(asked):
    finding = only(is_heard([asked], TERMS))
    assert (finding.verdict, finding.seen) == (Verdict.FAIL, "no audio")
    assert "--wav" in finding.advice
    assert "--expect-no-audio" in finding.advice
    assert "--wav" not in only(is_heard([asked], QUESTION)).advice


def test_no_answer_passes_if_none_is_expected(asked):
    assert only(is_heard([asked], SILENT)).verdict is Verdict.PASS


def test_a_missing_answer_to_a_call_that_nobody_asked_for_is_a_note(asked):
    finding = only(answers(Verdict.NOTE, "do not ask for it")([asked], TERMS))
    assert (finding.verdict, finding.advice) == (Verdict.NOTE, "do not ask for it")


@pytest.mark.parametrize(("hz", "verdict"), [(440, Verdict.PASS), (500, Verdict.PASS), (220, Verdict.NOTE)])
def test_a_voice_with_another_pitch_at_another_rate_is_a_note(hz, verdict):
    usual, other = tape(), tape()
    talk(usual, 1.0, 1.0)
    for tick, frame in enumerate(tone(hz)):
        other.line_tick(frame, tick * 0.02)
    assert only(keeps_its_pitch([usual, other], TERMS)).verdict is verdict


def test_a_voice_is_not_judged_by_a_short_sound():
    usual, other = tape(), tape()
    talk(usual, 1.0, 0.5)
    talk(other, 1.0, 1.0)
    assert keeps_its_pitch([usual, other], TERMS) == []


def test_a_click_is_not_an_answer(asked):
    talk(asked, 2.5, 0.04)
    asked.hung_up_at = None
    asked.received(media(TONE[0]), 2.5)
    assert only(is_heard([asked], TERMS)).seen == "media, but less than 100 ms of sound"


def test_a_call_that_ended_before_the_question_has_no_finding():
    assert is_heard([tape()], TERMS) == []


def test_sound_must_reach_the_phone(asked):
    assert only(reaches_the_phone([asked], TERMS)).verdict is Verdict.FAIL
    asked.heard_at_phone = 55
    assert only(reaches_the_phone([asked], TERMS)).seen == "1.1 s of sound reached the phone"
    assert reaches_the_phone([asked], SILENT) == []


def test_marks_must_come_back():
    one = tape(hung_up=None, closed=None)
    assert only(marks_return([one], TERMS)).verdict is Verdict.NOTE
    one.received(mark("a"), 1.0)
    assert only(marks_return([one], TERMS)).verdict is Verdict.FAIL
    one.waiting(500)
    assert only(marks_return([one], TERMS)).verdict is Verdict.NOTE
    one.sent(Messages(stream_sid=SID, call_sid="c" * 32).mark("a"), 1.5)
    finding = only(marks_return([one], TERMS))
    assert (finding.verdict, finding.seen) == (Verdict.PASS, "1 came back, 500 to 500 ms later")
    one.received(mark("b"), 4.9)
    one.waiting(0)
    one.hung_up(5.0)
    finding = only(marks_return([one], TERMS))
    assert (finding.verdict, finding.seen) == (
        Verdict.PASS,
        "1 came back, 500 to 500 ms later; 1 still waited for their audio",
    )
    one.hung_up_at = 6.0
    assert only(marks_return([one], TERMS)).verdict is Verdict.FAIL


def test_the_bot_must_talk_to_each_of_many_callers():
    one, other = tape(), tape(sid=OTHER_SID)
    talk(one, 1.0, 0.2)
    finding = only(all_are_heard([one, other], TERMS))
    assert (finding.verdict, finding.seen) == (Verdict.FAIL, "1 of 2 callers heard the bot")
    assert all_are_heard([one, other], SILENT) == []
    talk(other, 1.0, 0.2)
    assert only(all_are_heard([one, other], TERMS)).verdict is Verdict.PASS


def test_the_audio_of_another_caller_is_recognised():
    one, other = tape(), tape(sid=OTHER_SID)
    one.spoken, one.returned, other.spoken = {TONE[0]}, {TONE[0], TONE[2]}, {TONE[1]}
    assert only(nobody_hears_another([one, other], TERMS)).verdict is Verdict.PASS
    one.returned = {TONE[1]}
    assert only(nobody_hears_another([one, other], TERMS)).verdict is Verdict.FAIL


def test_the_stream_sid_of_another_call_is_recognised():
    one, other = tape(), tape(sid=OTHER_SID)
    one.received(media(SILENCE_PCM, stream_sid="a bot's own"), 1.0)
    assert only(nobody_hears_another([one, other], TERMS)).verdict is Verdict.PASS
    one.received(media(SILENCE_PCM, stream_sid=OTHER_SID), 1.0)
    assert only(nobody_hears_another([one, other], TERMS)).verdict is Verdict.FAIL
