"""The form of a file is read from its beginning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.call.recording import RecordingWish
from exoswitch.recordings.encoding import NoEncoder, encoder
from exoswitch.recordings.forms import HEAD_BYTES, form_of, form_of_wish
from tests.harness.recordings import decoded, power, tone

WISHES = [
    RecordingWish(channels=channels, format=form)
    for channels in ("single", "dual")
    for form in ("mp3", "mp3-hq", "wav")
]


def encoded(wish, seconds):
    form = form_of_wish(wish)
    writer = encoder(form)
    return writer.encode(tone(500, seconds * form.channels)) + writer.flush()


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: f"{wish.format}-{wish.channels}")
def test_a_file_tells_its_form_and_its_length(wish):
    data = encoded(wish, 3)
    form = form_of(data[:HEAD_BYTES])
    assert form == form_of_wish(wish)
    assert form.whole_bytes(len(data)) == len(data)
    assert form.seconds(len(data)) == pytest.approx(3, abs=0.25)
    assert form.whole_bytes(len(data) + 1) == len(data)


@pytest.mark.parametrize(("form", "kbits"), [("mp3", 32), ("mp3-hq", 64)])
def test_a_single_channel_has_the_bit_rate_of_exotel(form, kbits):
    data = encoded(RecordingWish(format=form), 10)
    assert 8 * len(data) / 10_000 == pytest.approx(kbits, rel=0.03)
    (channel,) = decoded(data)
    assert power(channel, 500, 1, 2) == pytest.approx(8000, rel=0.1)


@given(st.binary(max_size=64) | st.binary(max_size=60).map(lambda rest: b"\xff\xe3" + rest))
def test_any_other_beginning_is_read_or_refused_without_an_error(head):
    form = form_of(head)
    assert form is None or form.whole_bytes(100_000) <= 100_000


def test_a_word_of_a_later_version_is_taken_for_the_usual_form():
    assert form_of_wish(RecordingWish(format="opus", channels="dual")) == form_of_wish(RecordingWish(channels="dual"))


def test_without_lameenc_the_error_names_the_remedy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lameenc", None)
    with pytest.raises(NoEncoder, match="pip install lameenc, or write recordings\\.format: wav"):
        encoder(form_of_wish(RecordingWish()))
    assert encoder(form_of_wish(RecordingWish(format="wav")))
