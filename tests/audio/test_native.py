"""The compiled loops of audio give what Python gives, under every instruction set of this machine."""

import random
from binascii import Error, a2b_base64, b2a_base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.g711 import LAWS_BY_PAYLOAD_TYPE
from exoswitch.audio.resample import Resampler

native = pytest.importorskip("exoswitch.audio._native", reason="exoswitch is not compiled here")

ALL_SAMPLES = b"".join(sample.to_bytes(2, "little") for sample in range(1 << 16))
SIZES = [*range(70), 160, 320, 427, 428, 4800]
laws = pytest.mark.parametrize("law", LAWS_BY_PAYLOAD_TYPE.values(), ids=lambda law: law.name)
rates = pytest.mark.parametrize("rates", [(8000, 16000), (8000, 24000), (16000, 8000), (24000, 8000)])


@pytest.fixture(params=native.instruction_sets(), autouse=True)
def instruction_set(request):
    best = native.instruction_set()
    native.use_instruction_set(request.param)
    yield request.param
    native.use_instruction_set(best)


def strictly(text):
    """Decode as Python does."""
    try:
        return a2b_base64(text, strict_mode=True)
    except Error:
        return None


@laws
def test_every_sample_has_its_code(law):
    assert native.g711_encode(law.payload_type, ALL_SAMPLES) == law.encode(ALL_SAMPLES)


@laws
def test_every_code_has_its_sample(law):
    codes = bytes(range(256))
    assert native.g711_decode(law.payload_type, codes) == law.decode(codes)


@laws
@pytest.mark.parametrize("size", SIZES)
def test_a_payload_of_any_size_is_converted_whole(law, size):
    codes = random.Random(size).randbytes(size)
    pcm = native.g711_decode(law.payload_type, codes)
    assert pcm == law.decode(codes)
    assert native.g711_encode(law.payload_type, pcm) == law.encode(pcm)


@pytest.mark.parametrize("size", SIZES)
def test_base64_is_that_of_python_at_any_size(size):
    data = random.Random(size).randbytes(size)
    text = b2a_base64(data, newline=False)
    assert native.base64_encode(data) == text
    assert native.base64_decode(text) == data


@pytest.mark.parametrize("at", [0, 1, 15, 16, 31, 32, 33, 47, 200, 423, 424, 426, 427])
def test_base64_with_one_wrong_character_is_what_python_says(at):
    text = bytearray(b2a_base64(random.Random(at).randbytes(320), newline=False))
    for character in range(256):
        text[at] = character
        assert native.base64_decode(bytes(text)) == strictly(bytes(text)), (at, character)


@settings(deadline=None, max_examples=500)
@given(text=st.text(alphabet="AZaz09+/=\n -_", max_size=80).map(str.encode))
def test_base64_of_any_text_is_what_python_says(text):
    has_surplus_padding = len(text) % 4 and not len(text.rstrip(b"=")) % 4  # which some versions of Python let pass
    assert native.base64_decode(text) == (None if has_surplus_padding else strictly(text))


@pytest.mark.parametrize("size", SIZES)
def test_a_mask_is_xored_with_the_key_in_turn(size):
    payload, key = random.Random(size).randbytes(size), b"\x01\x80\xff\x5a"
    masked = native.masked(payload, key)
    assert masked == bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    assert native.masked(masked, key) == payload


# Test vectors 1 and 2: the first two blocks under the key of zeros.
RFC_8439_A_1 = """
76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586
9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f
"""


def test_keys_are_those_of_rfc_8439():
    assert b"".join(native.random_keys(bytes(32), 32)) == bytes.fromhex(RFC_8439_A_1)


def test_keys_of_the_operating_system_differ_each_time():
    assert native.random_keys(None, 100) != native.random_keys(None, 100)
    assert len(set(native.random_keys(None, 1000))) > 990


@rates
@settings(deadline=None, max_examples=60)
@given(
    samples=st.lists(st.sampled_from([-(2**15), 2**15 - 1, 0, 1, -1, 12345, -777]), max_size=700),
    sizes=st.lists(st.integers(0, 400), min_size=1, max_size=8),
)
def test_resampling_gives_the_same_samples_as_python(rates, samples, sizes):
    pcm = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    compiled, plain = native.Resampler(*rates), Resampler(*rates)
    for _ in range(2):
        at = 0
        for size in [*sizes, 700]:
            chunk = pcm[at : at + 2 * size]
            assert compiled.feed(chunk) == plain.feed(chunk)
            at += 2 * size
        assert compiled.flush() == plain.flush()


@rates
def test_resampling_noise_gives_the_same_samples_as_python(rates):
    compiled, plain = native.Resampler(*rates), Resampler(*rates)
    noise = random.Random(5).randbytes(96_000)
    assert compiled.feed(noise) + compiled.flush() == plain.feed(noise) + plain.flush()
    assert compiled.feed(noise[: 1001 * 2]) == plain.feed(noise[: 1001 * 2])


@pytest.mark.parametrize("other", [(8000, 8000), (8000, 32000), (8000, 11025), (0, 0), (-8000, -16000)])
def test_other_ratios_are_refused_by_name(other):
    with pytest.raises(ValueError, match=f"cannot convert {other[0]} Hz to {other[1]} Hz"):
        native.Resampler(*other)
