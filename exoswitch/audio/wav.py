"""Core: WAV files of 16-bit PCM at 8,000 Hz, which a phone plays without conversion."""

import wave
from io import BytesIO

from exoswitch.audio.channels import interleaved
from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.errors import InvalidValue


def read_wav(data: bytes) -> bytes:
    """Read a WAV file of 16-bit mono PCM at 8,000 Hz; give its PCM.

    Raises:
        InvalidValue: the file has another format; the text is a sentence about "it".
    """
    try:
        with wave.open(BytesIO(data)) as file:
            channels, bits, rate_hz = file.getnchannels(), 8 * file.getsampwidth(), file.getframerate()
            pcm: bytes = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: a chunk ends beyond the file
        raise InvalidValue(f"it is not a WAV file of PCM ({str(error) or 'it ends too early'})") from None
    if (channels, bits, rate_hz) != (1, 16, SAMPLE_RATE_HZ):
        shape = f"{channels} channel{'s' if channels > 1 else ''} of {bits} bits at {rate_hz} Hz"
        raise InvalidValue(f"it has {shape}; it must have 1 of 16 at {SAMPLE_RATE_HZ}")
    return pcm[: len(pcm) & ~1]


def write_wav(left: bytes, right: bytes) -> bytes:
    """Write a stereo WAV file at 8,000 Hz. Silence fills the shorter side."""
    length = max(len(left), len(right))
    file = BytesIO()
    with wave.open(file, "wb") as output:
        output.setnchannels(2)
        output.setsampwidth(2)
        output.setframerate(SAMPLE_RATE_HZ)
        output.writeframes(interleaved(left.ljust(length, b"\0"), right.ljust(length, b"\0")))
    return file.getvalue()
