"""Core: the phone's 8,000 Hz turned into a bot's 16,000 or 24,000 Hz, and back, as it streams.

The filter is a sinc under a Kaiser window, in polyphase form, cut off at the phone's 4,000 Hz: flat to 3,400 Hz, down
by 58 dB from 4,600 Hz on. It reaches 12 phone samples to either side, and that is all its delay: 1.5 ms.

Convolution is what multiplication does to digits. So a chunk is written as one number, a digit of 32 bits to a
sample, and multiplied by the filter written likewise; the digits of the product are the sums. Python multiplies
numbers of that length about as fast as a numerical library convolves, and the sums are exact. Of a product the last
digits are open: they await the samples to come, and are carried over to the next chunk, as one does in long
multiplication. That is why no border between chunks can be heard, or found.
"""

from functools import cache
from math import factorial, pi, sin, sqrt

from attrs import define, field

REACH_SAMPLES = 12  # to either side, at the lower rate

_TAPS = 2 * REACH_SAMPLES
_KAISER_BETA = 5.5
_PIECE_SAMPLES = 160  # 20 ms at 8,000 Hz; a long message goes through in pieces, to keep its numbers few

_DIGIT_BYTES = 4
_DIGIT_BITS = 8 * _DIGIT_BYTES
_UNITY_BITS = 14  # a tap of 1 is 2^14: a sum has 30 bits with its sign when in range, and never more than 32
_OFFSET = 0x8000  # makes a sample a digit that is not negative
_SUM_OFFSET = (1 << 31) + (_OFFSET << _UNITY_BITS) + (1 << _UNITY_BITS - 1)  # likewise a sum, and rounds it
_SIGN_FLIPPED = bytes(high ^ 0x80 for high in range(256))
_IN_RANGE = bytes(byte for byte in range(256) if byte & 0b11 == 0b10)


class Resampler:
    """One direction of one stream between two rates, of which one is two or three times the other.

    PCM is signed 16-bit little-endian, in whole samples, any number of them at a time.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        low_hz, high_hz = sorted((from_hz, to_hz))
        if low_hz <= 0 or high_hz not in {2 * low_hz, 3 * low_hz}:
            raise ValueError(f"cannot turn {from_hz} Hz into {to_hz} Hz: one must be two or three times the other")
        self._ratio = high_hz // low_hz
        self._upward = from_hz == low_hz
        self._piece_bytes = 2 * _PIECE_SAMPLES * (1 if self._upward else self._ratio)
        self._stream = self._new_stream()

    def _new_stream(self) -> "_Upward | _Downward":
        return _Upward(self._ratio) if self._upward else _Downward(self._ratio)

    def feed(self, pcm: bytes) -> bytes:
        """Turn the next samples.

        Upward, each gives two or three, from the first one on: the delay is silence at the start. Downward, the delay
        is a start that gives less, and nothing is added to what was fed.
        """
        if len(pcm) <= self._piece_bytes:
            return self._stream.feed(pcm)
        cuts = range(0, len(pcm), self._piece_bytes)
        return b"".join([self._stream.feed(pcm[cut : cut + self._piece_bytes]) for cut in cuts])

    def flush(self) -> bytes:
        """Give what is still inside, and begin anew."""
        rest = self._stream.drain()
        self._stream = self._new_stream()
        return rest


@define
class _Upward:
    """Puts one or two samples behind each, which itself is only delayed."""

    _ratio: int
    _sums: list[int] = field(factory=lambda: [0, 0])
    _delayed: bytes = bytes(2 * REACH_SAMPLES)
    _is_new: bool = True

    def feed(self, pcm: bytes) -> bytes:
        self._is_new = self._is_new and not pcm
        count, step = len(pcm) // 2, 2 * self._ratio
        turned = bytearray(count * step)
        line = self._delayed + pcm
        self._delayed = line[len(pcm) :]
        turned[0::step], turned[1::step] = line[0 : len(pcm) : 2], line[1 : len(pcm) : 2]
        samples = _number(pcm[0::2], pcm[1::2])
        for phase, taps in enumerate(_taps_between(self._ratio), 1):
            low, high, self._sums[phase - 1] = _settle(self._sums[phase - 1] + samples * taps, count)
            turned[2 * phase :: step], turned[2 * phase + 1 :: step] = low, high
        return bytes(turned)

    def drain(self) -> bytes:
        return b"" if self._is_new else self.feed(bytes(2 * REACH_SAMPLES))


@define
class _Downward:
    """Makes one sample of each row of two or three, and of their neighbours."""

    _ratio: int
    _sums: int = 0
    _part_of_a_row: bytes = b""
    _rows_to_skip: int = REACH_SAMPLES - 1

    def feed(self, pcm: bytes) -> bytes:
        pcm = self._part_of_a_row + pcm
        row = 2 * self._ratio
        count = len(pcm) // row
        end = count * row
        self._part_of_a_row = pcm[end:]
        for place, (taps, shift) in enumerate(_taps_around(self._ratio)):
            samples = _number(pcm[2 * place : end : row], pcm[2 * place + 1 : end : row])
            self._sums += samples * taps << shift
        turned = bytearray(2 * count)
        turned[0::2], turned[1::2], self._sums = _settle(self._sums, count)
        skipped = min(self._rows_to_skip, count)
        self._rows_to_skip -= skipped
        return bytes(turned[2 * skipped :])

    def drain(self) -> bytes:
        row = 2 * self._ratio
        return self.feed(bytes(-len(self._part_of_a_row) % row + row * (REACH_SAMPLES - 1)))


def _number(low: bytes, high: bytes) -> int:
    """Write samples, given as their low and their high bytes, as one number, the first its lowest digit."""
    digits = bytearray(_DIGIT_BYTES * len(low))
    digits[0::_DIGIT_BYTES], digits[1::_DIGIT_BYTES] = low, high.translate(_SIGN_FLIPPED)
    return int.from_bytes(digits, "little") - _repeated(_OFFSET, len(low))


def _settle(sums: int, count: int) -> tuple[bytes, bytes, int]:
    """Read that many sums as samples: their low bytes, their high bytes, and the sums that are still open.

    Doubled twice, a sum has its sample in the two upper bytes of its digit. What goes beyond the 16 bits stands in
    the lowest two bits of the next digit, which the doubling has left empty: 0b10 if the sample is in range.
    """
    sums += _repeated(_SUM_OFFSET, count)
    digits = (sums << 2).to_bytes(_DIGIT_BYTES * (count + _TAPS) + 1, "little", signed=True)
    end = _DIGIT_BYTES * count
    low, high, beyond = digits[2:end:4], digits[3:end:4], digits[4 : end + 1 : 4]
    if beyond.translate(None, _IN_RANGE):
        low, high = _clipped(low, beyond), _clipped(high, beyond)
    return low, high.translate(_SIGN_FLIPPED), sums >> _DIGIT_BITS * count


def _clipped(plane: bytes, beyond: bytes) -> bytes:
    """Put the utmost where a sample is out of range: both its bytes are all zeros or all ones, before the flip."""
    utmost = {0b00: 0x00, 0b01: 0x00, 0b11: 0xFF}
    return bytes([utmost.get(bits & 0b11, byte) for byte, bits in zip(plane, beyond, strict=True)])


@cache  # of two digits, and of no more than a piece's count
def _repeated(digit: int, count: int) -> int:
    """Write the number that has one digit so many times."""
    return int.from_bytes(digit.to_bytes(_DIGIT_BYTES, "little") * count, "little")


@cache
def _taps_between(ratio: int) -> list[int]:
    """Give the filters for the points between two samples, from left to right."""
    return [_taps(phase / ratio - REACH_SAMPLES, 1) for phase in range(1, ratio)]


@cache
def _taps_around(ratio: int) -> list[tuple[int, int]]:
    """Give the filter for each place in a row, and how many bits further up it stands.

    The first place has one tap: as a number it is short, once its zeros are taken for what they are.
    """
    filters = [_taps(1 - REACH_SAMPLES - place / ratio, 1 / ratio) for place in range(ratio)]
    shifts = [(taps & -taps).bit_length() - 1 for taps in filters]
    return [(taps >> shift, shift) for taps, shift in zip(filters, shifts, strict=True)]


def _taps(first_at: float, gain: float) -> int:
    """Write as one number a filter's taps, which stand a sample apart from each other."""
    weights = [round(gain * _impulse(first_at + tap) * (1 << _UNITY_BITS)) for tap in range(_TAPS)]
    return sum(weight << _DIGIT_BITS * tap for tap, weight in enumerate(weights))


def _impulse(at: float) -> float:
    """Give the ideal low pass at a time in samples, under the window that lets it end."""
    if not at:
        return 1.0
    inside = 1 - (at / REACH_SAMPLES) ** 2
    return sin(pi * at) / (pi * at) * _bessel_i0(_KAISER_BETA * sqrt(max(inside, 0.0))) / _bessel_i0(_KAISER_BETA)


def _bessel_i0(x: float) -> float:
    """Give the modified Bessel function of order zero, by its power series."""
    return sum((x / 2) ** (2 * term) / factorial(term) ** 2 for term in range(25))
