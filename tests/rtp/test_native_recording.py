"""The recorded audio of a call waits in the compiled plane until Python takes it, up to a minute of it."""

import ctypes
from ctypes import POINTER, byref, c_bool, c_char_p, c_int, c_int64, c_void_p

import pytest

from exoswitch.audio.frames import FRAME_BYTES
from tests.harness.native_leg import COMPILER, compiled

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")

SECONDS = 60
FRAMES = 50  # of one part, a second


class Recording(ctypes.Structure):
    _fields_ = (
        ("first", c_void_p),
        ("last", c_void_p),
        ("spare", c_void_p),
        ("count", c_int),
        ("lost_frames", c_int64),
        ("owed_frames", c_int64),
    )


class Recorded(ctypes.Structure):
    _fields_ = (("next", c_void_p), ("frames", c_int64), ("is_silence", c_bool))  # and the audio


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    library = compiled(tmp_path_factory.mktemp("native"))
    library.recording_take.argtypes = [POINTER(Recording), c_char_p, c_char_p, c_int64]
    library.recording_next.argtypes = [POINTER(Recording)]
    library.recording_next.restype = POINTER(Recorded)
    library.recording_reuse.argtypes = [POINTER(Recording), POINTER(Recorded)]
    library.recording_free.argtypes = [POINTER(Recording)]
    return library


def take(native, recording, frames, *, silence=False):
    audio = None if silence else bytes(frames * FRAME_BYTES)
    native.recording_take(byref(recording), audio, audio, frames)


def parts(native, recording):
    """Take all that wait: of each, its frames, and whether it is silence."""
    while part := native.recording_next(byref(recording)):
        yield part.contents.frames, part.contents.is_silence
        native.recording_reuse(byref(recording), part)


def test_more_than_a_minute_of_recorded_audio_is_lost_and_counted_and_becomes_silence(native):
    recording = Recording()
    for _ in range(SECONDS + 2):
        take(native, recording, FRAMES)
    assert (recording.count, recording.lost_frames) == (SECONDS, 2 * FRAMES)
    native.recording_reuse(byref(recording), native.recording_next(byref(recording)))
    take(native, recording, 7)
    assert (recording.count, recording.lost_frames) == (SECONDS, 2 * FRAMES + 7)
    assert list(parts(native, recording)) == [(FRAMES, False)] * (SECONDS - 1) + [(2 * FRAMES, True), (7, True)]
    take(native, recording, 3)
    assert list(parts(native, recording)) == [(3, False)]
    native.recording_free(byref(recording))
    assert recording.spare is None


def test_a_pause_that_does_not_fit_is_silence_later_and_not_lost(native):
    recording = Recording()
    for _ in range(SECONDS):
        take(native, recording, FRAMES)
    take(native, recording, 1000, silence=True)
    assert list(parts(native, recording)) == [(FRAMES, False)] * SECONDS + [(1000, True)]
    assert recording.lost_frames == 0
    native.recording_free(byref(recording))


def test_a_recording_that_is_freed_gives_no_silence(native):
    recording = Recording()
    for _ in range(SECONDS + 1):
        take(native, recording, FRAMES)
    native.recording_free(byref(recording))
    assert (recording.count, recording.first, recording.spare) == (0, None, None)
