import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream import long_payload
from exoswitch.exotel.stream.long_payload import decode_in_steps

PCM = bytes(index * 7 % 256 for index in range(200_003))  # with padding, "+" and "/"


def decode(text):
    steps, count = decode_in_steps(text.encode()), 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, count
        count += 1


FORMS = {
    "standard": lambda text: text,
    "without padding": lambda text: text.rstrip("="),
    "URL-safe": lambda text: text.replace("+", "-").replace("/", "_"),
    "with white space": lambda text: text.replace("A", " A\\n"),
    "with escaped slashes": lambda text: text.replace("/", "\\/"),
    "with escaped padding": lambda text: text.replace("=", "\\u003d"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_bots_send_is_decoded(form):
    assert decode(FORMS[form](base64.b64encode(PCM).decode()))[0] == PCM


def test_one_step_decodes_at_most_64_kib_of_text():
    text = base64.b64encode(PCM).decode()
    assert decode(text)[1] == -(-len(text) // 65536)


GOOD = base64.b64encode(PCM).decode()


@pytest.mark.parametrize(
    "text",
    [
        GOOD[:100_000] + "=" + GOOD[100_000:],
        GOOD + "A",
        "A" * 100_001,
        GOOD.replace("B", "!", 1),
        GOOD[:100_000] + "ü" + GOOD[100_000:],
        GOOD[:100_000] + "\\q" + GOOD[100_000:],
        GOOD[:65_534] + "\\u00" + GOOD[65_534:],
        GOOD + "\\",
    ],
)
def test_other_text_is_refused(text):
    with pytest.raises(RemoteProtocolError):
        decode(text)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(["A", "/", "+", "-", "=", " ", "\\n", "\\", "u", "0", "3", "d", "ü"]), max_size=30))
def test_text_in_steps_of_any_size_is_decoded_as_one_json_string(characters):
    text = "".join(characters)
    try:
        bare = "".join(json.loads(f'"{text}"').split()).translate(str.maketrans("-_", "+/")).rstrip("=")
        expected = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        expected = None
    long_payload._STEP_BYTES, step_bytes = 7, long_payload._STEP_BYTES
    try:
        decoded = decode(text)[0]
    except RemoteProtocolError:
        decoded = None
    finally:
        long_payload._STEP_BYTES = step_bytes
    assert decoded == expected
