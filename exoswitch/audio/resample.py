"""Core: a streaming resampler between the phone's 8,000 Hz and a bot's 16,000 or 24,000 Hz.

The filter is a sinc under a Kaiser window, in polyphase form, with a cut-off at the phone's 4,000 Hz: it is flat to
3,400 Hz and 58 dB down from 4,600 Hz. It reaches 12 phone samples to each side, so its delay is 1.5 ms.

Multiplying two numbers convolves their digits. So a chunk is written as one number, with a digit of 32 bits for each
sample, and multiplied by the filter, written in the same way. The digits of the product are the filtered samples.
Python's integers do this in a few microseconds, exactly, without a library. The last digits of a product still need
the samples of the next chunk: they are carried over, as in long multiplication. So the borders between chunks leave
no trace in the result.

`exoswitch.audio.resampler` gives the compiled one where there is one: native/audio/resample.c, with the same filter.
"""

from functools import cache
from math import factorial, pi, sin, sqrt

from attrs import define, field

REACH_SAMPLES = 12  # to each side, at the lower rate

_TAPS = 2 * REACH_SAMPLES
_KAISER_BETA = 5.5
_PIECE_SAMPLES = 160  # 20 ms at 8,000 Hz; a long message is processed in pieces, to limit the size of its numbers

_DIGIT_BYTES = 4
_DIGIT_BITS = 8 * _DIGIT_BYTES
_UNITY_BITS = 14  # a tap of 1 is 2^14: a sum in range has 30 bits with its sign, any sum at most 32
_WORD = 0xFFFF
_SIGN = 0x8000
_SUM_OFFSET = (1 << 31) + (_SIGN << _UNITY_BITS) + (1 << _UNITY_BITS - 1)  # makes every sum positive, and rounds it


class Resampler:
    """One direction of one stream between two rates. One rate is two or three times the other.

    PCM is signed 16-bit little-endian, in whole samples, any number at a time.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        low_hz, high_hz = sorted((from_hz, to_hz))
        if low_hz <= 0 or high_hz not in {2 * low_hz, 3 * low_hz}:
            raise ValueError(f"cannot convert {from_hz} Hz to {to_hz} Hz: one must be two or three times the other")
        self._ratio = high_hz // low_hz
        self._upward = from_hz == low_hz
        self._piece_bytes = 2 * _PIECE_SAMPLES * (1 if self._upward else self._ratio)
        self._stream = self._new_stream()

    def _new_stream(self) -> "_Upward | _Downward":
        return _Upward(self._ratio) if self._upward else _Downward(self._ratio)

    def feed(self, pcm: bytes) -> bytes:
        """Convert the next samples.

        Upward, each sample gives two or three, and the delay is silence at the start. Downward, the first calls give
        fewer samples because of the delay, and no silence is added.
        """
        if len(pcm) <= self._piece_bytes:
            return self._stream.feed(pcm)
        cuts = range(0, len(pcm), self._piece_bytes)
        return b"".join([self._stream.feed(pcm[cut : cut + self._piece_bytes]) for cut in cuts])

    def flush(self) -> bytes:
        """Give the delayed samples, and begin a new stream."""
        rest = self._stream.drain()
        self._stream = self._new_stream()
        return rest


@define
class _Upward:
    """Adds one or two samples after each sample, which is only delayed."""

    _ratio: int
    _delayed: int = 0
    _sums: list[int] = field(factory=lambda: [0, 0])
    _is_new: bool = True

    def feed(self, pcm: bytes) -> bytes:
        if not pcm:
            return b""
        self._is_new = False
        count = len(pcm) // 2
        (words,) = _numbers(pcm, 1)
        samples = _signed(words, count)
        self._delayed |= words << _DIGIT_BITS * REACH_SAMPLES
        turned = [self._delayed & _repeated(_WORD, count)]
        self._delayed >>= _DIGIT_BITS * count
        for between, taps in enumerate(_taps_between(self._ratio)):
            settled, self._sums[between] = _settle(self._sums[between] + samples * taps, count)
            turned.append(settled)
        return _interleaved(turned, count)

    def drain(self) -> bytes:
        return b"" if self._is_new else self.feed(bytes(2 * REACH_SAMPLES))


@define
class _Downward:
    """Makes one sample from each row of two or three, and their neighbours."""

    _ratio: int
    _sums: int = 0
    _part_of_a_row: bytes = b""
    _rows_to_skip: int = REACH_SAMPLES - 1

    def feed(self, pcm: bytes) -> bytes:
        pcm = self._part_of_a_row + pcm
        count = len(pcm) // (2 * self._ratio)
        end = 2 * self._ratio * count
        self._part_of_a_row = pcm[end:]
        if not count:
            return b""
        for words, (taps, shift) in zip(_numbers(pcm[:end], self._ratio), _taps_around(self._ratio), strict=True):
            self._sums += _signed(words, count) * taps << shift
        settled, self._sums = _settle(self._sums, count)
        skipped = min(self._rows_to_skip, count)
        self._rows_to_skip -= skipped
        return _interleaved([settled], count)[2 * skipped :]

    def drain(self) -> bytes:
        row = 2 * self._ratio
        return self.feed(bytes(-len(self._part_of_a_row) % row + row * (REACH_SAMPLES - 1)))


def _numbers(pcm: bytes, ratio: int) -> list[int]:
    """Write samples to `ratio` numbers in turn. A sample is the lower half of a digit; the first digit is lowest."""
    if ratio == 2:  # two samples are the two halves of a digit
        pairs = int.from_bytes(pcm, "little")
        lower_halves = _repeated(_WORD, len(pcm) // _DIGIT_BYTES)
        return [pairs & lower_halves, pairs >> 16 & lower_halves]
    numbers, row = [], 2 * ratio
    for place in range(0, row, 2):
        digits = bytearray(_DIGIT_BYTES * (len(pcm) // row))
        digits[0::_DIGIT_BYTES], digits[1::_DIGIT_BYTES] = pcm[place::row], pcm[place + 1 :: row]
        numbers.append(int.from_bytes(digits, "little"))
    return numbers


def _interleaved(numbers: list[int], count: int) -> bytes:
    """Give the PCM that `_numbers` turns into these numbers."""
    if len(numbers) == 2:
        return (numbers[0] | numbers[1] << 16).to_bytes(_DIGIT_BYTES * count, "little")
    row = 2 * len(numbers)
    pcm = bytearray(row * count)
    for place, number in zip(range(0, row, 2), numbers, strict=True):
        digits = number.to_bytes(_DIGIT_BYTES * count, "little")
        pcm[place::row], pcm[place + 1 :: row] = digits[0::_DIGIT_BYTES], digits[1::_DIGIT_BYTES]
    return bytes(pcm)


def _signed(words: int, count: int) -> int:
    """Convert words to signed samples. A negative one borrows from the digit above."""
    signs = _repeated(_SIGN, count)
    return (words ^ signs) - signs


def _settle(sums: int, count: int) -> tuple[int, int]:
    """Round so many sums to words; give also the sums that are still incomplete."""
    sums += _repeated(_SUM_OFFSET, count)
    words = sums >> _UNITY_BITS & _repeated(_WORD, count)
    if sums & _repeated(0b11 << 30, count) != _repeated(0b10 << 30, count):
        words = _clipped(words, sums, count)
    return words ^ _repeated(_SIGN, count), sums >> _DIGIT_BITS * count


def _clipped(words: int, sums: int, count: int) -> int:
    """Clip the sums out of range. Their upper two bits are 0b11 above the range, 0b10 inside, 0b01 below."""
    ones = _repeated(1, count)
    too_low = (sums >> 31 & ones) ^ ones
    too_high = sums >> 31 & sums >> 30 & ones
    return (words | (too_low | too_high) * _WORD) ^ too_low * _WORD


@cache  # few digits, and counts up to a piece
def _repeated(digit: int, count: int) -> int:
    """Give the number with one digit repeated `count` times."""
    return int.from_bytes(digit.to_bytes(_DIGIT_BYTES, "little") * count, "little")


@cache
def _taps_between(ratio: int) -> list[int]:
    """Give the filters for the points between two samples, from left to right."""
    return [_taps(phase / ratio - REACH_SAMPLES, 1) for phase in range(1, ratio)]


@cache
def _taps_around(ratio: int) -> list[tuple[int, int]]:
    """Give the filter for each place in a row, without its low zero bits, and the number of those bits.

    The filter of the first place has one tap, so it becomes a short number.
    """
    filters = [_taps(1 - REACH_SAMPLES - place / ratio, 1 / ratio) for place in range(ratio)]
    shifts = [(taps & -taps).bit_length() - 1 for taps in filters]
    return [(taps >> shift, shift) for taps, shift in zip(filters, shifts, strict=True)]


def _taps(first_at: float, gain: float) -> int:
    """Write a filter's taps, one sample apart, as one number."""
    weights = [round(gain * _impulse(first_at + tap) * (1 << _UNITY_BITS)) for tap in range(_TAPS)]
    return sum(weight << _DIGIT_BITS * tap for tap, weight in enumerate(weights))


def _impulse(at: float) -> float:
    """Give the windowed low-pass filter at a time in samples."""
    if not at:
        return 1.0
    inside = 1 - (at / REACH_SAMPLES) ** 2
    return sin(pi * at) / (pi * at) * _bessel_i0(_KAISER_BETA * sqrt(max(inside, 0.0))) / _bessel_i0(_KAISER_BETA)


def _bessel_i0(x: float) -> float:
    """Give the modified Bessel function of order zero, by its power series."""
    return sum((x / 2) ** (2 * term) / factorial(term) ** 2 for term in range(25))
