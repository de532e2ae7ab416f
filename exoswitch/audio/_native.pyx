# cython: language_level=3
"""Adapter: the compiled loops of audio: the resampler, and for tests the codecs under each instruction set."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, uint8_t
from libc.string cimport memcpy


cdef extern from "simd.h":
    struct simd_set "simd":
        const char *name
    const simd_set *simd_in_use "simd"
    const simd_set *simd_at(size_t at)
    void simd_use(const simd_set *chosen)

cdef extern from "g711.h":
    struct law:
        pass
    const law *law_by_payload_type(uint8_t payload_type)
    void law_decode(const law *law, const uint8_t *codes, size_t count, int16_t *pcm)
    void law_encode(const law *law, const int16_t *pcm, size_t count, uint8_t *codes)

cdef extern from "base64.h":
    size_t base64_length(size_t count)
    void c_base64_encode "base64_encode"(const void *data, size_t count, char *text)
    Py_ssize_t c_base64_decode "base64_decode"(const char *text, size_t length, void *data)

cdef extern from "mask.h":
    void mask_payload(void *payload, size_t count, const uint8_t *key)

cdef extern from "keys.h":
    enum: KEYS_SEED_BYTES
    struct keys:
        pass
    void keys_seed(keys *keys, const uint8_t *seed)
    bint keys_open(keys *keys)
    void keys_next(keys *keys, uint8_t *key)

cdef extern from "resample.h":
    struct resampler:
        pass
    bint resampler_init(resampler *resampler, int from_hz, int to_hz)
    size_t resampler_most(const resampler *resampler, size_t count)
    size_t resampler_feed(resampler *resampler, const int16_t *pcm, size_t count, int16_t *resampled)
    size_t resampler_flush(resampler *resampler, int16_t *resampled)


def instruction_sets() -> tuple[str, ...]:
    """Name the instruction sets of this machine, the best one first, last plain C."""
    names = []
    while simd_at(len(names)) != NULL:
        names.append(simd_at(len(names)).name.decode("ascii"))
    return tuple(names)


def instruction_set() -> str:
    """Name the one in use."""
    return simd_in_use.name.decode("ascii")


def use_instruction_set(name: str) -> None:
    """Use this one from now on, in this module only."""
    simd_use(simd_at(instruction_sets().index(name)))


def g711_decode(payload_type: int, bytes codes not None) -> bytes:
    """Expand to PCM."""
    pcm = PyBytes_FromStringAndSize(NULL, 2 * len(codes))
    law_decode(law_by_payload_type(payload_type), <const uint8_t *>PyBytes_AS_STRING(codes), len(codes),
               <int16_t *>PyBytes_AS_STRING(pcm))
    return pcm


def g711_encode(payload_type: int, bytes pcm not None) -> bytes:
    """Compress whole samples of PCM."""
    codes = PyBytes_FromStringAndSize(NULL, len(pcm) // 2)
    law_encode(law_by_payload_type(payload_type), <const int16_t *>PyBytes_AS_STRING(pcm), len(codes),
               <uint8_t *>PyBytes_AS_STRING(codes))
    return codes


def base64_encode(bytes data not None) -> bytes:
    """Write as text, with padding."""
    text = PyBytes_FromStringAndSize(NULL, base64_length(len(data)))
    c_base64_encode(PyBytes_AS_STRING(data), len(data), PyBytes_AS_STRING(text))
    return text


def base64_decode(bytes text not None) -> bytes | None:
    """Read a text; give None if it is not clean base64."""
    data = PyBytes_FromStringAndSize(NULL, len(text) // 4 * 3)
    size = c_base64_decode(PyBytes_AS_STRING(text), len(text), PyBytes_AS_STRING(data))
    return None if size < 0 else data[:size]


def masked(bytes payload not None, bytes key not None) -> bytes:
    """Mask a payload with the four bytes of a key."""
    data = PyBytes_FromStringAndSize(NULL, len(payload))
    memcpy(PyBytes_AS_STRING(data), PyBytes_AS_STRING(payload), len(payload))
    mask_payload(PyBytes_AS_STRING(data), len(data), <const uint8_t *>PyBytes_AS_STRING(key))
    return data


def random_keys(bytes seed, count: int) -> list[bytes]:
    """Give so many masking keys from a seed of 32 bytes, or from one of the operating system."""
    cdef keys generator
    cdef uint8_t key[4]
    if seed is None:
        if not keys_open(&generator):
            raise OSError("the operating system gives no random bytes")
    else:
        keys_seed(&generator, <const uint8_t *>PyBytes_AS_STRING(seed))
    given = []
    for _ in range(count):
        keys_next(&generator, key)
        given.append(key[:4])
    return given


cdef class Resampler:
    """One direction of one stream between two rates: `exoswitch.audio.resample.Resampler` in C."""

    cdef resampler _stream

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if not resampler_init(&self._stream, from_hz, to_hz):
            raise ValueError(f"cannot convert {from_hz} Hz to {to_hz} Hz: one must be two or three times the other")

    def feed(self, bytes pcm not None) -> bytes:
        """Convert the next samples."""
        cdef size_t count = len(pcm) // 2
        if count == 0:
            return b""
        resampled = PyBytes_FromStringAndSize(NULL, 2 * resampler_most(&self._stream, count))
        written = resampler_feed(&self._stream, <const int16_t *>PyBytes_AS_STRING(pcm), count,
                                 <int16_t *>PyBytes_AS_STRING(resampled))
        return resampled[: 2 * written]

    def flush(self) -> bytes:
        """Give the delayed samples, and begin a new stream."""
        resampled = PyBytes_FromStringAndSize(NULL, 2 * resampler_most(&self._stream, 0))
        written = resampler_flush(&self._stream, <int16_t *>PyBytes_AS_STRING(resampled))
        return resampled[: 2 * written]
