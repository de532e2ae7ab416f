"""The queue of the bot's audio."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.frames import FRAME_SAMPLES
from exoswitch.audio.g711 import ALAW, ULAW
from exoswitch.audio.samples import pcm_of
from exoswitch.rtp.playout import Playout


def pcm(samples, first=0):
    return pcm_of((first + n) % 30_000 for n in range(samples))


@pytest.fixture
def playout():
    return Playout(ULAW, max_s=2)


def drain(playout):
    frames = []
    while (frame := playout.pop()) is not None:
        frames.append(frame)
    return b"".join(frames)


def test_an_empty_queue_gives_nothing(playout):
    assert playout.pop() is None
    assert (playout.queued_ms, playout.underruns) == (0, 0)


def test_audio_is_given_unchanged(playout):
    playout.play(pcm(480))
    assert playout.queued_ms == 60
    assert [playout.pop() for _ in range(4)] == [
        *(ULAW.encode(pcm(160, first)) for first in (0, 160, 320)),
        None,
    ]


def test_messages_are_joined_without_a_gap(playout):
    for first in (0, 100, 200, 300):
        playout.play(pcm(100, first))
    assert drain(playout) == ULAW.encode(pcm(400)) + ULAW.silence * 80


def test_a_remainder_waits_for_the_message_that_completes_it(playout):
    playout.play(pcm(240))
    playout.pop()
    playout.play(pcm(80, 240))
    assert playout.pop() == ULAW.encode(pcm(160, 160))


def test_a_remainder_is_padded_with_silence_in_its_tick(playout):
    playout.play(pcm(40))
    assert playout.pop() == ULAW.encode(pcm(40)) + ULAW.silence * 120
    assert playout.queued_ms == 0


def test_silence_is_encoded_in_the_law():
    playout = Playout(ALAW, max_s=2)
    playout.play(pcm(1))
    assert playout.pop() == ALAW.encode(pcm(1)) + b"\xd5" * 159


def test_an_odd_byte_waits_for_the_next_message(playout):
    whole = pcm(160)
    playout.play(whole[:101])
    playout.play(whole[101:102])
    playout.play(whole[102:319])
    playout.play(whole[319:])
    assert playout.pop() == ULAW.encode(whole)


def test_clear_drops_an_odd_byte(playout):
    playout.play(b"\x01")
    playout.clear()
    playout.play(pcm(160))
    assert playout.pop() == ULAW.encode(pcm(160))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.none(), st.integers(0, 900)), max_size=30))
def test_all_audio_is_given_once_and_in_order_for_any_message_sizes(cuts):
    """None is a tick; a number is the size of a message in bytes."""
    playout = Playout(ULAW, max_s=10)
    source, at, heard = pcm(15_000), 0, b""
    for cut in cuts:
        if cut is None:
            before = playout.queued_ms
            frame = playout.pop() or b""
            heard += frame if before >= 20 else frame.rstrip(ULAW.silence)
        else:
            playout.play(source[at : at + cut])
            at += cut
    heard += drain(playout)
    expected = ULAW.encode(source[: at & ~1]).replace(ULAW.silence, b"")
    assert heard.replace(ULAW.silence, b"") == expected


def test_a_mark_is_due_with_the_last_frame_before_it(playout):
    playout.play(pcm(320))
    assert playout.mark("said") == []
    playout.pop()
    assert playout.due_marks() == []
    playout.pop()
    assert playout.due_marks() == ["said"]


def test_a_mark_within_a_frame_is_due_with_that_frame(playout):
    playout.play(pcm(100))
    playout.mark("one")
    playout.play(pcm(100))
    playout.mark("two")
    playout.pop()
    assert playout.due_marks() == ["one"]
    playout.pop()
    assert playout.due_marks() == ["two"]


def test_a_mark_with_an_empty_queue_is_answered_at_once(playout):
    assert playout.mark("idle") == ["idle"]
    playout.play(pcm(160))
    playout.pop()
    assert playout.mark("again") == ["again"]


def test_marks_keep_their_order_and_duplicates(playout):
    playout.play(pcm(10))
    for name in ("b", "a", "", "a"):
        playout.mark(name)
    playout.pop()
    assert playout.due_marks() == ["b", "a", "", "a"]
    assert playout.due_marks() == []


def test_clear_drops_the_audio_and_returns_the_marks_in_order(playout):
    playout.play(pcm(400))
    playout.mark("one")
    playout.play(pcm(400))
    playout.mark("two")
    playout.pop()
    assert playout.clear() == ["one", "two"]
    assert (playout.pop(), playout.queued_ms, playout.clear()) == (None, 0, [])
    playout.play(pcm(160))
    assert playout.mark("after") == []
    assert playout.pop() == ULAW.encode(pcm(160))
    assert playout.due_marks() == ["after"]


def test_a_message_that_has_begun_can_be_finished_with_its_marks(playout):
    playout.play(pcm(400))
    playout.mark("within")
    playout.play(pcm(400, 400))
    playout.mark("behind")
    playout.pop()
    assert playout.clear(finish_message=True) == ["behind"]
    assert playout.queued_ms == 30
    assert playout.pop() == ULAW.encode(pcm(160, 160))
    assert playout.due_marks() == []
    assert playout.pop() == ULAW.encode(pcm(80, 320)) + ULAW.silence * 80
    assert playout.due_marks() == ["within"]
    assert playout.pop() is None


def test_a_message_that_has_not_begun_is_not_finished(playout):
    playout.play(pcm(320))
    playout.play(pcm(320))
    playout.mark("behind")
    assert playout.clear(finish_message=True) == ["behind"]
    playout.play(pcm(320))
    playout.play(pcm(320))
    playout.pop()
    playout.pop()
    assert playout.clear(finish_message=True) == []
    assert (playout.pop(), playout.queued_ms) == (None, 0)


def test_a_message_begins_with_its_first_sample_also_within_a_shared_frame(playout):
    playout.play(pcm(100))
    playout.play(pcm(160, 100))
    playout.play(pcm(160, 260))
    playout.pop()
    playout.clear(finish_message=True)
    assert drain(playout) == ULAW.encode(pcm(100, 160)) + ULAW.silence * 60


def test_audio_after_a_clear_follows_the_finished_message(playout):
    playout.play(pcm(320))
    playout.play(pcm(1600))
    playout.pop()
    playout.clear(finish_message=True)
    playout.play(pcm(160, 320))
    assert playout.mark("after") == []
    assert drain(playout) == ULAW.encode(pcm(320, 160))
    assert playout.due_marks() == ["after"]


def test_finishing_a_message_drops_an_odd_byte_of_the_next(playout):
    playout.play(pcm(320) + b"\x01")
    playout.pop()
    playout.clear(finish_message=True)
    playout.play(pcm(160, 320))
    assert drain(playout) == ULAW.encode(pcm(320, 160))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(160, 700), min_size=1, max_size=8), st.integers(0, 12))
def test_only_the_message_that_has_begun_is_finished(lengths, ticks):
    playout, source, at = Playout(ULAW, max_s=10), pcm(8_000), 0
    borders = [0]
    for samples in lengths:
        playout.play(source[2 * at : 2 * (at + samples)])
        at += samples
        borders.append(at)
        playout.mark(str(at))
    taken = 0
    for _ in range(ticks):
        taken += 160 if playout.pop() else 0
    taken = min(taken, at)
    answered = playout.due_marks() + playout.clear(finish_message=True)
    end = min(border for border in borders if border >= taken)
    rest = b"".join(iter(playout.pop, None))[: end - taken]
    assert rest == ULAW.encode(source[2 * taken : 2 * end])
    assert playout.queued_ms == 0
    assert sorted(answered + playout.due_marks(), key=int) == [str(border) for border in borders[1:]]


def test_audio_beyond_the_limit_is_dropped_and_counted(playout):
    assert playout.play(pcm(15_000)) == 0
    assert playout.play(pcm(1_800)) == 100
    assert playout.play(pcm(160)) == 20
    assert playout.overflowed_samples == 960
    assert playout.queued_ms == 2000
    assert len(drain(playout)) == 16_000


def test_an_empty_queue_while_talking_is_counted_as_one_underrun(playout):
    playout.play(pcm(160))
    for _ in range(4):
        playout.pop()
    assert playout.underruns == 1


def test_a_clear_is_no_underrun(playout):
    playout.play(pcm(800))
    playout.pop()
    playout.clear()
    playout.pop()
    assert playout.underruns == 0


def test_marks_beyond_the_limit_are_answered_early_in_order(playout):
    playout.play(pcm(160))
    answered = [name for number in range(5000) for name in playout.mark(str(number))]
    assert answered == [str(number) for number in range(5000 - 4096)]


def test_tiny_messages_are_joined_in_the_queue(playout):
    for _ in range(FRAME_SAMPLES * 4):
        playout.play(b"\x01\x02")
    assert len(playout._pieces) <= 4


def test_audio_that_continues_a_message_is_finished_with_it(playout):
    for index in range(3):
        playout.play(pcm(800), continues=index > 0)
    playout.mark("end")
    playout.play(pcm(800))
    playout.mark("behind")
    playout.pop()
    assert playout.clear(finish_message=True) == ["behind"]
    assert len(drain(playout)) == 2400 - FRAME_SAMPLES


def test_of_very_many_marks_of_one_frame_some_come_back_in_each_tick_in_order(playout):
    playout.play(bytes(320))
    for number in range(300):
        playout.mark(str(number))
    playout.pop()
    came_back = playout.due_marks()
    assert playout.mark("later") == []
    while due := playout.due_marks():
        assert len(due) <= 64
        came_back += due
    assert came_back == [*map(str, range(300)), "later"]
