"""Recordings for tests: sounds, what is in a file, and a recorder whose threads are this one."""

import math
import os
import wave
from io import BytesIO

import miniaudio
from attrs import evolve
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock

from exoswitch.audio.samples import pcm_of, samples_of
from exoswitch.call.recording import RecordingWish
from exoswitch.call.session import CallStatus
from exoswitch.recordings.recorder import Recorder
from exoswitch.recordings.upkeep import Upkeep
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.sessions import MOMENT, SESSION

SID = "0123456789abcdef0123456789ab19bl"
RATE = 8000


def tone(hz, seconds, level=8000):
    """Make a sine."""
    samples = (round(level * math.sin(2 * math.pi * hz * at / RATE)) for at in range(round(seconds * RATE)))
    return pcm_of(samples)


def silence(seconds):
    return bytes(2 * round(seconds * RATE))


def decoded(data):
    """Give the channels of an MP3 or WAV file as arrays of samples."""
    if data[:4] == b"RIFF":
        with wave.open(BytesIO(data)) as file:
            assert file.getframerate() == RATE
            channels, samples = file.getnchannels(), samples_of(file.readframes(file.getnframes()))
    else:
        channels = miniaudio.mp3_get_info(data).nchannels
        samples = miniaudio.decode(data, nchannels=channels, sample_rate=RATE).samples
    return [samples[channel::channels] for channel in range(channels)]


def power(samples, hz, begin_s, end_s):
    """Give the level of a tone in a part of a channel."""
    part = samples[round(begin_s * RATE) : round(end_s * RATE)]
    turns = [2 * math.pi * hz * at / RATE for at in range(len(part))]
    cosine = sum(sample * math.cos(turn) for sample, turn in zip(part, turns, strict=True))
    sine = sum(sample * math.sin(turn) for sample, turn in zip(part, turns, strict=True))
    return 2 * math.hypot(cosine, sine) / max(1, len(part))


def recorded_session(account="acme1", sid=SID, **wish):
    """Make a session of an answered call that asks for a recording."""
    session = evolve(SESSION, call_sid=sid, account=account, recording=RecordingWish(**wish))
    return session.progressed(CallStatus.IN_PROGRESS, MOMENT)


class Desk:
    """A recorder with its folder; its clock moves only in `pass_s`."""

    def __init__(self, folder, **options):
        self.folder, self.clock, self.metrics, self.now = folder, Clock(), MemoryMetrics(), MOMENT
        options = {"spare_bytes": 0, **options}
        self.upkeep = Upkeep(folder, 86_400.0 * 30, 10**9, rest=lambda _s: None)
        self.recorder = Recorder(
            self.clock,
            self.upkeep,
            in_thread=maybeDeferred,
            aside=maybeDeferred,
            wall_clock=lambda: self.now,
            metrics=self.metrics,
            **options,
        )
        self.recorder.startService()

    def pass_s(self, seconds):
        while seconds > 0:
            self.clock.advance(min(0.5, seconds))
            seconds -= 0.5

    def record(self, said, played, session=None, offset_s=0.0):
        """Begin a recording, and give it audio a second at a time."""
        recording = self.recorder.begin(session or recorded_session(), offset_s)
        for at in range(0, len(said), 2 * RATE):
            recording.take(said[at : at + 2 * RATE], played[at : at + 2 * RATE])
            self.pass_s(1)
        return recording

    def files(self):
        """Give the content of each file by its name, except the key."""
        paths = sorted(self.folder.rglob("[!.]*"))
        return {path.name: path.read_bytes() for path in paths if path.is_file()}


def grow_old(folder, moment):
    """Set the time of change of all files."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (moment, moment))
