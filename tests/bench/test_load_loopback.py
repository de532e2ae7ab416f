"""What the load counts, with a gateway that keeps, drops and joins frames as a test says."""

import base64
import itertools
import json
import os
import socket
import subprocess
import sys

import pytest

from exoswitch.audio.concealment import spliced
from exoswitch.audio.frames import FRAME_SAMPLES
from exoswitch.audio.g711 import ULAW
from exoswitch.bench.job import STEADY, Job
from exoswitch.bench.programs import Program
from exoswitch.exotel.stream.client_frames import ClientFrames

pytest.importorskip("exoswitch.bench._load", reason="needs the compiled load")

pytestmark = pytest.mark.loopback

REQUEST = f"GET {STEADY} HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
RTP_HEADER = bytes(12)
SPAN_S, SPAN_PACKETS = 1.0, 50


class Line:
    """One call of the load; this is its gateway."""

    def __init__(self, load, frames):
        load.tell(Job(calls=1, chunk_ms=20 * frames).document())
        ports = load.hear(60)
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.settimeout(60)
        self.rtp.connect(("127.0.0.1", ports["phones"][0]))
        self.bot = socket.create_connection(("127.0.0.1", ports["bot"]), timeout=60)
        self.bot.sendall(REQUEST)
        while b"media" not in self.bot.recv(4096):
            continue
        self.rtp.send(RTP_HEADER + bytes(FRAME_SAMPLES))
        self._writer, self._frames, self._held = ClientFrames(os.urandom), frames, []

    def hear(self):
        """Give the next 20 ms of the phone."""
        return ULAW.decode(self.rtp.recv(2048)[len(RTP_HEADER) :])

    def say(self, pcm):
        """Send a frame to the bot, in messages of as many as the job says."""
        self._held.append(pcm)
        if len(self._held) == self._frames:
            media = {"payload": base64.b64encode(b"".join(self._held)).decode()}
            self.bot.sendall(self._writer.text(json.dumps({"event": "media", "media": media}).encode()))
            self._held = []


@pytest.fixture
def load():
    program = Program("load")
    yield program
    program.end()


def passed_on(load, frames, change):
    """Pass a phone's frames on to its bot, changed; give what the load counts."""
    line = Line(load, frames)
    load.tell({"measure": SPAN_S})
    heard = (line.hear() for _ in range(SPAN_PACKETS + 3 * frames))
    for pcm in change(heard):
        line.say(pcm)
    counted = load.hear(60)["to_bot"]
    line.rtp.close()
    line.bot.close()
    return counted


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_frames_that_were_joined_have_arrived_and_those_that_were_dropped_are_lost(load, frames):
    def change(heard):
        for number, pcm in enumerate(heard):
            if number in {15, 21}:
                yield spliced(pcm, next(heard))
            elif number not in {9, 27, 28}:
                yield pcm

    counted = passed_on(load, frames, change)
    assert counted["joined"] == 4
    assert counted["sent"] - counted["arrived"] - counted["joined"] == 3


def test_concealed_and_silent_frames_are_no_audio_of_the_phone(load):
    def change(heard):
        for pcm in itertools.islice(heard, 10):
            yield pcm
        for pcm in heard:
            yield spliced(pcm, bytes(len(pcm)))

    counted = passed_on(load, 1, change)
    assert counted["joined"] == 0
    assert counted["arrived"] <= 10


def test_a_load_that_ends_closes_no_descriptor_of_others():
    program = "from exoswitch.bench._load import Load; import os; Load(2, 2, 1, '', ''); os.fstat(0)"
    subprocess.run([sys.executable, "-P", "-c", program], stdin=subprocess.DEVNULL, check=True)
