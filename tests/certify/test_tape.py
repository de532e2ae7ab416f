from exoswitch.audio.frames import SILENCE_PCM
from tests.harness.certify_seen import SID, TONE, mark, media, talk, tape
from tests.harness.wire import Messages


def test_audible_ticks_are_found_by_time():
    one = tape()
    talk(one, 1.0, 0.1)
    talk(one, 3.0, 0.1)
    assert one.audible_ticks(0.0) == 10
    assert one.audible_ticks(2.0) == 5
    assert one.audible_ticks(0.0, 2.0) == 5
    assert one.first_audible(2.0) == 3.0
    assert one.first_audible(4.0) is None


def test_returned_marks_are_matched_by_name_and_order():
    one, writer = tape(), Messages(stream_sid=SID, call_sid="c" * 32)
    for at, name in enumerate(["a", "b", "a"]):
        one.received(mark(name), float(at))
    one.sent(writer.mark("a"), 5.0)
    one.sent(writer.mark("a"), 6.0)
    assert [seen.back_at for seen in one.marks] == [5.0, None, 6.0]
    assert one.marks_pending == 1


def test_audible_frames_of_both_sides_are_kept():
    one, writer = tape(), Messages(stream_sid=SID, call_sid="c" * 32)
    one.sent(writer.connected(), 0.0)
    one.sent(writer.media(TONE[0] + SILENCE_PCM), 0.0)
    one.received(media(TONE[1] + SILENCE_PCM), 1.0)
    assert (one.spoken, one.returned) == ({TONE[0]}, {TONE[1]})


def test_audible_ticks_after_a_clear_are_counted():
    one = tape()
    one.received(b'{"event":"clear"}', 1.0)
    talk(one, 1.0, 0.04)
    one.line_tick(SILENCE_PCM, 1.04)
    assert one.hushed_after_ticks == [2]


def test_new_audio_after_a_clear_is_not_counted():
    one = tape()
    one.received(b'{"event":"clear"}', 1.0)
    one.received(media(TONE[0]), 1.0)
    talk(one, 1.0, 1.0)
    one.line_tick(SILENCE_PCM, 2.0)
    assert one.hushed_after_ticks == []


def test_the_queue_length_is_kept_at_the_hang_up():
    one = tape(hung_up=None, closed=None)
    one.waiting(900)
    one.hung_up(1.0)
    one.waiting(0)
    assert (one.queued_ms, one.longest_queue_ms) == (900, 900)


def test_the_tape_shows_who_ended_the_call():
    assert not tape().ended_by_bot
    assert tape(hung_up=None).ended_by_bot
    assert not tape(opened=None, hung_up=None).ended_by_bot
