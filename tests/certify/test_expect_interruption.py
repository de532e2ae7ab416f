import pytest

from exoswitch.audio.frames import SILENCE_PCM
from exoswitch.certify.expect_interruption import gives_way, is_hushed
from exoswitch.certify.verdict import Verdict
from tests.harness.certify_seen import TERMS, TONE, media, tape
from tests.harness.certify_seen import talk as talk_ahead

CLEAR = b'{"event":"clear"}'


def talk(tape, since, seconds):
    """Add sound of a bot that sends its audio at the time of the sound."""
    talk_ahead(tape, since, seconds)
    for tick in range(round(seconds / 0.02)):
        tape.received(media(TONE[0]), since + tick * 0.02)


def only(findings):
    (finding,) = findings
    return finding


@pytest.fixture
def interrupted():
    """A call whose bot sent all its audio ahead and talks from 0 s to 2.5 s; the caller interrupts at 1 s."""
    one = tape(hung_up=None, closed=9.0)
    talk_ahead(one, 0.0, 2.5)
    one.stages.append(("interruption", 1.0))
    return one


def seen(*tapes):
    finding = only(gives_way(tapes, TERMS))
    return finding.verdict, finding.seen


def test_clear_soon_after_an_interruption_passes(interrupted):
    interrupted.received(CLEAR, 1.25)
    assert seen(interrupted) == (Verdict.PASS, "clear after 250 ms")


def test_a_late_clear_is_a_note_about_its_time(interrupted):
    interrupted.received(CLEAR, 4.5)
    assert seen(interrupted) == (Verdict.NOTE, "clear after 3500 ms")


def test_a_bot_that_talks_on_is_a_note(interrupted):
    assert seen(interrupted) == (Verdict.NOTE, "no clear; the bot talked for 1.5 s more")


def test_a_bot_that_stops_sending_passes_without_clear():
    one = tape(hung_up=None, closed=9.0)
    talk(one, 0.0, 1.3)
    one.stages.append(("interruption", 1.0))
    assert seen(one) == (Verdict.PASS, "silent after 280 ms, without clear")


def test_audio_that_ended_by_itself_does_not_show_that_the_bot_stopped():
    one = tape(hung_up=None, closed=9.0)
    talk_ahead(one, 0.0, 1.3)
    one.stages.append(("interruption", 1.0))
    assert seen(one) == (Verdict.NOTE, "no clear; the audio that was already sent ended 0.3 s later")


def test_a_protected_greeting_is_no_fault_if_the_answer_can_be_interrupted(interrupted):
    talk_ahead(interrupted, 5.0, 1.5)
    interrupted.stages.append(("interruption", 6.0))
    interrupted.received(CLEAR, 6.2)
    assert seen(interrupted) == (Verdict.PASS, "clear after 200 ms")


def test_a_bot_that_does_not_talk_cannot_be_interrupted():
    one = tape()
    one.stages.append(("interruption", 1.0))
    talk_ahead(one, 1.1, 2.0)
    assert "did not talk" in seen(one)[1]


def test_the_line_must_be_silent_after_clear(interrupted):
    assert is_hushed([interrupted], TERMS) == []
    interrupted.received(CLEAR, 1.25)
    interrupted.line_tick(SILENCE_PCM, 1.26)
    assert (only(is_hushed([interrupted], TERMS)).verdict, only(is_hushed([interrupted], TERMS)).seen) == (
        Verdict.PASS,
        "silent within 20 ms",
    )
    interrupted.received(CLEAR, 2.0)
    talk_ahead(interrupted, 2.0, 0.04)
    interrupted.line_tick(SILENCE_PCM, 2.1)
    assert only(is_hushed([interrupted], TERMS)).verdict is Verdict.FAIL
