"""The media leg in C does what the one in Python does, bit for bit, for the same datagrams, bytes and clock."""

import os
import random

import pytest

from exoswitch.audio.g711 import ALAW, ULAW
from exoswitch.rtp.leg import LegSettings
from tests.harness.faulty_sender import FaultySender
from tests.harness.native_leg import COMPILER, NativeLeg, PythonLeg, compiled

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")

STEPS = int(os.environ.get("EXOSWITCH_LEG_STEPS", "9000"))
PER_CALL = 1500
SEED = int(os.environ.get("EXOSWITCH_LEG_SEED", "1"))
ASTERISK, OTHER, STRANGER = ("10.0.1.5", 12000), ("10.0.1.5", 12002), ("10.0.9.9", 12000)


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("native"))


class Parts(list):
    """A sink of a recording."""

    def take(self, said, played):
        self.append((said, played))


class Pair:
    """The two legs of one made-up call, and the steps that both take."""

    def __init__(self, native, seed):
        self.rng = rng = random.Random(seed)
        settings = LegSettings(
            source_host=ASTERISK[0],
            law=rng.choice([ULAW, ALAW]),
            jitter_max_ms=rng.choice([20, 60, 200, 200, 1000]),
            playout_max_s=rng.choice([1, 3, 300]),
            silence_timeout_s=rng.choice([0.5, 30.0]),
            waiting_sound=rng.randbytes(rng.choice([0, 1, 50, 160, 401])),
        )
        self.legs = PythonLeg(settings, random.Random(seed)), NativeLeg(native, settings, random.Random(seed))
        self.sender = FaultySender(rng)
        self.now = rng.choice([0.0, 100.0, 5e6])
        self.fewest_slots = self.legs[1].free_slots
        self.marks = 0
        self.tapes = None

    def both(self, method, *arguments, **options):
        python, in_c = (getattr(leg, method)(*arguments, **options) for leg in self.legs)
        assert python == in_c, (method, arguments, options)

    def step(self):
        rng = self.rng
        for _ in range(rng.choice([1, 1, 1, 1, 0, 2, 6])):
            for data in self.sender.packets():
                source = ASTERISK if rng.random() < 0.98 else rng.choice([OTHER, STRANGER])
                self.both("datagram", data, source, self.now + rng.random() * 0.02)
        if rng.random() < 0.3:
            self.command(rng.random())
        self.now += 0.02 if rng.random() < 0.97 else rng.choice([0.0, 0.1, 0.15, 3.0])
        self.tick()

    def tick(self):
        self.both("tick", self.now)
        self.both("take_state")
        python, in_c = ((leg.remote, leg.queued_ms, leg.is_heard, leg.counts()) for leg in self.legs)
        assert python == in_c
        if self.tapes:
            assert self.tapes[0] == self.tapes[1]
            for tape in self.tapes:
                tape.clear()
        self.fewest_slots = min(self.fewest_slots, self.legs[1].free_slots)

    def command(self, chance):
        rng = self.rng
        if chance < 0.45:
            samples = rng.choice([0, 20, 160, 320, 800, 801, 4000, 30_000])
            pcm = rng.randbytes(2 * samples + rng.choice([0, 0, 0, 1]))
            self.both("play", pcm, continues=rng.random() < 0.3)
        elif chance < 0.75:
            for _ in range(rng.choice([1, 1, 1, 1, 3, 70, 70, 4200]) if rng.random() < 0.3 else 1):
                self.marks += 1
                self.both("mark", self.marks)
        elif chance < 0.85:
            self.both("clear", finish_message=rng.random() < 0.5)
        elif chance < 0.92:
            self.both(rng.choice(["attach", "attach", "attach", "detach", "hold", "drain"]))
        elif chance < 0.95:
            self.both("direct", *rng.choice([ASTERISK, ASTERISK, OTHER]))
        elif chance < 0.97:
            self.both("forgive", rng.random())
        else:
            self.record(wanted=rng.random() < 0.6)

    def record(self, *, wanted):
        before = self.tapes
        self.tapes = (Parts(), Parts()) if wanted else None
        for leg, tape in zip(self.legs, self.tapes or (None, None), strict=True):
            leg.record(tape)
        if before:
            assert before[0] == before[1]


@pytest.mark.parametrize("call", range(max(1, STEPS // PER_CALL)))
def test_both_legs_give_the_same_packets_frames_marks_and_counts(native, call):
    pair = Pair(native, f"{SEED} {call}")
    pair.both("attach")
    for _ in range(PER_CALL):
        pair.step()
    pair.record(wanted=False)
    pair.legs[1].close()
    assert pair.fewest_slots > 0
