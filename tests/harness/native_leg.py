"""A media leg in C, and one in Python, behind the same methods; the first is compiled here, for the tests alone.

With EXOSWITCH_SANITIZE=1 it is compiled with AddressSanitizer and UBSan. Python must then have been started with
LD_PRELOAD set to the compiler's libasan.so.
"""

import ctypes
import os
import shutil
import socket
import struct
import subprocess
from ctypes import (
    POINTER,
    byref,
    c_bool,
    c_char_p,
    c_double,
    c_int,
    c_int16,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_void_p,
)
from pathlib import Path

from exoswitch.audio.frames import FRAME_BYTES, FRAME_SAMPLES, SILENCE_PCM
from exoswitch.rtp.leg import LegState, LegTick, MediaLeg
from exoswitch.rtp.session import LegCounts

ROOT = Path(__file__).parents[2]
ROOMS = [ROOT / "native" / room for room in ("audio", "rtp", "machine")]
COMPILER = shutil.which(os.environ.get("CC", "cc"))
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-g"]
IS_SANITIZED = os.environ.get("EXOSWITCH_SANITIZE") == "1"
PARTS = ("leg", "jitter", "slots", "playout", "places", "packet", "reception", "timeline", "tape", "recording")

MARKS_MAX, MARKS_AT_ONCE, TAPE_FRAMES = 4096, 64, 50
STATES = [LegState.IDLE, LegState.ATTACHED, LegState.HOLDING, LegState.DRAINING, LegState.DRAINED]


class _Address(ctypes.Structure):
    _fields_ = (("host", c_uint32), ("port", c_uint16))


class _Settings(ctypes.Structure):
    _fields_ = (
        ("source_host", c_uint32),
        ("law", c_void_p),
        ("jitter_max_ms", c_int),
        ("playout_max_s", c_int),
        ("silence_timeout_s", c_double),
        ("waiting_sound", c_char_p),
        ("waiting_samples", c_size_t),
    )


class _Tick(ctypes.Structure):
    _fields_ = (
        ("has_pcm", c_bool),
        ("has_packet", c_bool),
        ("is_silent", c_bool),
        ("silent_s", c_double),
        ("mark_count", c_size_t),
        ("marks", c_uint32 * MARKS_AT_ONCE),
        ("pcm", c_int16 * FRAME_SAMPLES),
        ("packet", c_uint8 * (12 + FRAME_SAMPLES)),
    )


_OTHERS = ("unsent", "flooded", "unrecorded", "untold", "jitter_ms")  # of the session, and one that is no integer
_COUNTS = [name for name in LegCounts._fields if name not in _OTHERS]


class _Counts(ctypes.Structure):
    _fields_ = (*((name, c_int64) for name in _COUNTS), ("jitter_ms", c_double))


_TAKE = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_void_p, c_int64)


class _Sink(ctypes.Structure):
    _fields_ = (("take", _TAKE), ("of", c_void_p))


def compiled(folder: Path) -> ctypes.CDLL:
    """Compile the leg, and load it."""
    library = folder / "native_leg.so"
    sources = [Path(__file__).with_suffix(".c"), *ROOMS[0].glob("*.c"), *(ROOMS[1] / f"{part}.c" for part in PARTS)]
    flags = ["-std=gnu11", "-O2", "-ffp-contract=off", "-fPIC", "-shared", *(SANITIZERS if IS_SANITIZED else [])]
    includes = [f"-I{room}" for room in ROOMS]
    subprocess.run([COMPILER, *flags, *includes, *sources, "-o", library, "-lm"], check=True)
    native = ctypes.CDLL(str(library))
    pointer = c_void_p
    for name, result, arguments in (
        ("leg_new", pointer, [POINTER(_Settings), c_uint16, c_uint32, c_uint32]),
        ("leg_delete", None, [pointer]),
        ("leg_take_state", c_int, [pointer]),
        ("leg_remote", None, [pointer, POINTER(_Address)]),
        ("leg_queued_ms", c_int64, [pointer]),
        ("leg_free_slots", c_int, [pointer]),
        ("leg_is_heard", c_bool, [pointer]),
        ("leg_direct", None, [pointer, _Address]),
        ("leg_attach", None, [pointer]),
        ("leg_detach", None, [pointer]),
        ("leg_hold", None, [pointer]),
        ("leg_drain", None, [pointer]),
        ("leg_record", c_bool, [pointer, POINTER(_Sink)]),
        ("leg_play", c_int64, [pointer, c_char_p, c_size_t, c_bool]),
        ("leg_mark", c_int, [pointer, c_uint32, POINTER(c_uint32)]),
        ("leg_clear", c_size_t, [pointer, c_bool, POINTER(c_uint32)]),
        ("leg_datagram", None, [pointer, c_char_p, c_size_t, _Address, c_double]),
        ("leg_tick", None, [pointer, c_double, POINTER(_Tick)]),
        ("leg_forgive", None, [pointer, c_double]),
        ("leg_counts", _Counts, [pointer]),
    ):
        function = getattr(native, name)
        function.restype, function.argtypes = result, arguments
    return native


def _address(host, port):
    return _Address(struct.unpack("=I", socket.inet_aton(host))[0], socket.htons(port))


class NativeLeg:
    """A leg in C, with the methods of `PythonLeg`."""

    def __init__(self, native, settings, rng):
        self._native, self._settings, self._sink = native, settings, None
        law = ctypes.addressof(c_uint8.in_dll(native, settings.law.name.upper()))
        sound = settings.waiting_sound
        self._sound = ctypes.create_string_buffer(sound, max(1, len(sound)))  # it must outlive the leg
        described = _Settings(
            source_host=_address(settings.source_host, 0).host,
            law=law,
            jitter_max_ms=settings.jitter_max_ms,
            playout_max_s=settings.playout_max_s,
            silence_timeout_s=settings.silence_timeout_s,
            waiting_sound=ctypes.cast(self._sound, c_char_p),
            waiting_samples=len(sound),
        )
        numbers = rng.getrandbits(16), rng.getrandbits(32), rng.getrandbits(32)
        self._leg = native.leg_new(byref(described), *numbers)
        self._tick = _Tick()
        self._answered = (c_uint32 * MARKS_MAX)()

    def close(self):
        self._native.leg_delete(self._leg)

    def direct(self, host, port):
        self._native.leg_direct(self._leg, _address(host, port))

    def attach(self):
        self._native.leg_attach(self._leg)

    def detach(self):
        self._native.leg_detach(self._leg)

    def hold(self):
        self._native.leg_hold(self._leg)

    def drain(self):
        self._native.leg_drain(self._leg)

    def forgive(self, gap_s):
        self._native.leg_forgive(self._leg, gap_s)

    def record(self, sink):
        before = self._sink  # C still calls it
        self._sink = None if sink is None else _Sink(_TAKE(_taking(sink)), None)
        assert self._native.leg_record(self._leg, None if sink is None else byref(self._sink))
        del before

    def play(self, pcm, *, continues):
        return self._native.leg_play(self._leg, pcm, len(pcm), continues)

    def mark(self, number):
        return self._answered[: self._native.leg_mark(self._leg, number, self._answered)]

    def clear(self, *, finish_message):
        return self._answered[: self._native.leg_clear(self._leg, finish_message, self._answered)]

    def datagram(self, data, address, now):
        self._native.leg_datagram(self._leg, data, len(data), _address(*address), now)

    def tick(self, now):
        tick = self._tick
        self._native.leg_tick(self._leg, now, byref(tick))
        return LegTick(
            bytes(tick.pcm) if tick.has_pcm else None,
            bytes(tick.packet) if tick.has_packet else None,
            tick.marks[: tick.mark_count],
            tick.silent_s if tick.is_silent else None,
        )

    def take_state(self):
        return STATES[self._native.leg_take_state(self._leg)]

    @property
    def remote(self):
        remote = _Address()
        self._native.leg_remote(self._leg, byref(remote))
        port = socket.ntohs(remote.port)
        return (socket.inet_ntoa(struct.pack("=I", remote.host)), port) if port else None

    @property
    def queued_ms(self):
        return self._native.leg_queued_ms(self._leg)

    @property
    def free_slots(self):
        return self._native.leg_free_slots(self._leg)

    @property
    def is_heard(self):
        return self._native.leg_is_heard(self._leg)

    def counts(self):
        counts = self._native.leg_counts(self._leg)
        return {name: getattr(counts, name) for name, _ in _Counts._fields_}


def _taking(sink):
    """Give the C function of a sink: it gets long silence at once, and gives it in parts as the Python tape does."""

    def take(_of, said, played, frames):
        if said is not None:
            sink.take(ctypes.string_at(said, frames * FRAME_BYTES), ctypes.string_at(played, frames * FRAME_BYTES))
        while said is None and frames > 0:
            part = SILENCE_PCM * min(frames, TAPE_FRAMES)
            sink.take(part, part)
            frames -= TAPE_FRAMES

    return take


class PythonLeg:
    """The leg in Python, which is the specification."""

    def __init__(self, settings, rng):
        self.leg = leg = MediaLeg(settings, rng)
        self.direct, self.attach, self.detach, self.hold = leg.direct, leg.attach, leg.detach, leg.hold
        self.drain, self.record, self.forgive = leg.drain, leg.record, leg.forgive
        self.datagram, self.play = leg.datagram, leg.playout.play
        self.mark, self.clear = leg.playout.mark, leg.playout.clear

    def tick(self, now):
        tick = self.leg.tick(now)
        return tick._replace(marks=list(tick.marks))

    def take_state(self):
        state = self.leg.state
        if state is LegState.DRAINED:
            self.leg.state = LegState.IDLE
        return state

    @property
    def remote(self):
        return self.leg.remote

    @property
    def queued_ms(self):
        return self.leg.playout.queued_ms

    @property
    def is_heard(self):
        return self.leg.is_heard

    def counts(self):
        parts = (self.leg.reception, self.leg.jitter, self.leg.playout, self.leg)
        names = (*_COUNTS, "jitter_ms")
        return {name: next(getattr(part, name) for part in parts if hasattr(part, name)) for name in names}
