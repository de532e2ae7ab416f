"""Both laws against the tables of ITU-T G.711, written here as in the Recommendation."""

from bisect import bisect_left, bisect_right
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.g711 import ALAW, LAWS_BY_NAME, LAWS_BY_PAYLOAD_TYPE, ULAW
from exoswitch.audio.samples import pcm_of, samples_of

# Tables 1a and 2a: (number of intervals, interval size), from zero outwards; and one unit as a 16-bit value.
ALAW_INTERVALS, ALAW_UNIT = [(32, 2), (16, 4), (16, 8), (16, 16), (16, 32), (16, 64), (16, 128)], 8
ULAW_INTERVALS = [(1, 1), (15, 2), (16, 4), (16, 8), (16, 16), (16, 32), (16, 64), (16, 128), (16, 256)]
ULAW_UNIT = 4


class Table:
    """One law as the Recommendation defines it: decision values, quantised values, character signals."""

    def __init__(self, intervals, unit, first_value, positive_code):
        sizes = [size for count, size in intervals for _ in range(count)]
        self.decisions = [unit * decision for decision in accumulate(sizes, initial=0)][:128]
        values = [
            unit * (2 * low + size) // 2 for low, size in zip(accumulate(sizes, initial=0), sizes, strict=False)
        ]
        self.values = [first_value, *values[1:]]
        self.positive_code = positive_code

    def encode(self, sample):
        """A sample on a decision value belongs to the interval above it, on both sides of zero (as in G.191)."""
        if sample >= 0:
            return self.positive_code(bisect_right(self.decisions, sample) - 1)
        return self.positive_code(bisect_left(self.decisions, -sample) - 1) ^ 0x80

    def decode(self, code):
        for interval, value in enumerate(self.values):
            if self.positive_code(interval) == code | 0x80:
                return value if code & 0x80 else -value
        raise AssertionError(code)


def alaw_code(interval):
    """Table 1a: the number of the interval, with every even bit inverted (note 2), and the sign bit set."""
    return (0x80 | interval) ^ 0x55


def ulaw_code(interval):
    """Table 2a: the number of the interval counted down from all ones."""
    return 0xFF - interval


TABLES = [
    pytest.param(ALAW, Table(ALAW_INTERVALS, ALAW_UNIT, ALAW_UNIT, lambda n: alaw_code(n) | 0x80), id="alaw"),
    pytest.param(ULAW, Table(ULAW_INTERVALS, ULAW_UNIT, 0, ulaw_code), id="ulaw"),
]


@pytest.mark.parametrize(("law", "table"), TABLES)
def test_the_tables_have_the_recommendations_segment_ends(law, table):
    ends = {"alaw": [64, 128, 256, 512, 1024, 2048], "ulaw": [31, 95, 223, 479, 991, 2015, 4063]}[law.name]
    unit = {"alaw": ALAW_UNIT, "ulaw": ULAW_UNIT}[law.name]
    assert {unit * end for end in ends} <= set(table.decisions)
    assert len(table.values) == 128


@pytest.mark.parametrize(("law", "table"), TABLES)
def test_every_code_decodes_by_the_tables(law, table):
    decoded = samples_of(law.decode(bytes(range(256))))
    assert list(decoded) == [table.decode(code) for code in range(256)]


@pytest.mark.parametrize(("law", "table"), TABLES)
def test_every_sample_encodes_by_the_tables(law, table):
    samples = range(-(2**15), 2**15)
    assert list(law.encode(pcm_of(samples))) == [table.encode(sample) for sample in samples]


@pytest.mark.parametrize("law", [ALAW, ULAW], ids=lambda law: law.name)
def test_a_code_survives_decoding_and_encoding(law):
    codes = bytes(range(256))
    again = law.encode(law.decode(codes))
    assert [code for code in codes if again[code] != code] in ([], [0x7F])  # only µ-law has two zeros


@pytest.mark.parametrize("law", [ALAW, ULAW], ids=lambda law: law.name)
@settings(deadline=None, max_examples=20)
@given(samples=st.lists(st.integers(-(2**15), 2**15 - 1), max_size=400), cut=st.integers(0, 400))
def test_the_pieces_of_a_message_encode_to_the_same(law, samples, cut):
    pcm = pcm_of(samples)
    assert law.encode(pcm[: 2 * cut]) + law.encode(pcm[2 * cut :]) == law.encode(pcm)


@pytest.mark.parametrize("law", [ALAW, ULAW], ids=lambda law: law.name)
def test_a_long_message_encodes_like_its_parts(law):
    second = pcm_of(range(-4000, 4000))
    assert law.encode(second * 3 + second[:2]) == law.encode(second) * 3 + law.encode(second[:2])


def test_a_zero_sample_encodes_to_silence():
    assert (ULAW.silence, ALAW.silence) == (ULAW.encode(bytes(2)), ALAW.encode(bytes(2))) == (b"\xff", b"\xd5")


def test_the_laws_are_found_by_name_and_by_payload_type():
    assert LAWS_BY_NAME == {"ulaw": ULAW, "alaw": ALAW}
    assert LAWS_BY_PAYLOAD_TYPE == {0: ULAW, 8: ALAW}
