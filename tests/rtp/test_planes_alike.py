"""A differential fuzzer: both media planes give the same packets, messages, marks and counts for the same input.

The compiled one does so when a thread ticks it, too, and while the reactor is too busy to take what the ticks found.

The short form runs with all tests. `make planes` makes a million steps, EXOSWITCH_PLANE_STEPS another number;
EXOSWITCH_PLANE_SEED chooses others.
"""

import os
import random

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from exoswitch.audio.g711 import ALAW, ULAW
from exoswitch.call.media import MediaEncoding
from exoswitch.rtp.session import LegSettings
from tests.harness.faulty_sender import FaultySender
from tests.harness.plane_pair import TEMPLATES, PlanePair
from tests.harness.rtp_nodes import NEEDS_COMPILED

STEPS = int(os.environ.get("EXOSWITCH_PLANE_STEPS", "2000"))
SEED = int(os.environ.get("EXOSWITCH_PLANE_SEED", "1"))
OF_A_CALL = 100
CALLS = 3
ASTERISK, OTHER, STRANGER = ("10.0.1.5", 12000), ("10.0.1.5", 12002), ("10.0.9.9", 12000)

LEGS = st.builds(
    LegSettings,
    source_host=st.just(ASTERISK[0]),
    law=st.sampled_from([ULAW, ALAW]),
    jitter_max_ms=st.sampled_from([20, 60, 200, 1000]),
    playout_max_s=st.sampled_from([1, 3, 300]),
    silence_timeout_s=st.sampled_from([0.5, 30.0]),
    waiting_sound=st.sampled_from([b"", b"\x01", bytes(range(50)), bytes(160), bytes(range(200)) * 2 + b"\x07"]),
)
ENCODINGS = st.builds(
    MediaEncoding,
    template=st.sampled_from(TEMPLATES),
    sample_rate_hz=st.sampled_from([8000, 8000, 16000, 24000]),
    frames=st.sampled_from([1, 1, 2, 5, 50]),
    from_zero=st.booleans(),
    first_number=st.sampled_from([1, 2, 2**40]),
)
PCM = st.builds(
    lambda seed, samples, odd: random.Random(seed).randbytes(2 * samples + odd),
    st.integers(0, 99),
    st.sampled_from([0, 1, 80, 160, 160, 160, 161, 320, 800, 8000, 30_000]),
    st.sampled_from([0, 0, 0, 1]),
)
SOURCES = st.sampled_from([ASTERISK, ASTERISK, ASTERISK, ASTERISK, OTHER, STRANGER])
CALL = st.integers(0, CALLS - 1)
EVENTS = st.sampled_from(["media", "media", "mark", "lost", "finished"])
STEP_S = st.sampled_from([0.02, 0.02, 0.02, 0.02, 0.0, 0.005, 0.1, 0.15, 0.9, 3.0, 70.0])
REACTIONS = st.one_of(
    st.tuples(st.sampled_from(["detach", "hold", "drain", "remove"]), st.just(())),
    st.tuples(st.just("play"), st.tuples(PCM)),
    st.tuples(st.just("mark"), st.tuples(st.sampled_from(["a", "b", ""]))),
    st.tuples(st.just("clear"), st.just(())),
    st.tuples(st.just("direct"), st.sampled_from([ASTERISK, OTHER])),
)


class Planes(RuleBasedStateMachine):
    """Made-up calls in both planes at once."""

    @initialize(
        legs=st.lists(LEGS, min_size=CALLS, max_size=CALLS),
        number=st.integers(0, 2**32),
        now=st.sampled_from([0.0, 100.0, 5e6]),
    )
    def begin(self, legs, number, now):
        self.pair, self.now = PlanePair(), now
        rng = random.Random(number)
        self.senders = [FaultySender(rng) for _ in legs]
        for call, leg in enumerate(legs):
            self.pair.open(leg, number + call)
            self.pair.command(call, "direct", *ASTERISK)
            self.pair.attach(call, MediaEncoding(template=TEMPLATES[0], sample_rate_hz=8000))
        self.marks = 0

    @rule(step_s=STEP_S, is_busy=st.booleans())
    def tick(self, step_s, is_busy):
        self.now += step_s
        self.pair.tick(self.now, is_busy=is_busy)

    @rule(call=CALL, ticks=st.integers(1, 12), is_busy=st.booleans())
    def talk(self, call, ticks, is_busy):
        for _ in range(ticks):
            for data in self.senders[call].packets():
                self.pair.datagram(call, data, ASTERISK)
            self.now += 0.02
            self.pair.tick(self.now, is_busy=is_busy)

    @rule(call=CALL, source=SOURCES, checked=st.booleans())
    def packets(self, call, source, checked):
        deliver = self.pair.datagram if checked else self.pair.unchecked_datagram
        for data in self.senders[call].packets():
            deliver(call, data, source)

    @rule(call=CALL, data=st.binary(max_size=40), source=SOURCES)
    def raw_datagram(self, call, data, source):
        self.pair.datagram(call, data, source)

    @rule(call=CALL, pcm=PCM, continues=st.booleans())
    def play(self, call, pcm, continues):
        self.pair.command(call, "play", pcm, continues=continues)

    @rule(call=CALL, count=st.sampled_from([1, 1, 1, 1, 3, 70, 4200]))
    def mark(self, call, count):
        for _ in range(count):
            self.marks += 1
            self.pair.command(call, "mark", f"mark {self.marks}")

    @rule(call=CALL, finish_message=st.booleans())
    def clear(self, call, finish_message):
        self.pair.command(call, "clear", finish_message=finish_message)

    @rule(call=CALL, name=st.sampled_from(["detach", "hold", "drain"]))
    def leave(self, call, name):
        self.pair.command(call, name)

    @rule(call=CALL, encoding=ENCODINGS)
    def attach(self, call, encoding):
        self.pair.attach(call, encoding)

    @rule(call=CALL, name=st.sampled_from(["next_number", "hold", "release", "release", "take_dropped_ms"]))
    def messages(self, call, name):
        self.pair.messages(call, name)

    @rule(call=CALL, address=st.sampled_from([ASTERISK, ASTERISK, OTHER]))
    def direct(self, call, address):
        self.pair.command(call, "direct", *address)

    @rule(call=CALL, wanted=st.booleans())
    def record(self, call, wanted):
        self.pair.record(call, wanted=wanted)

    @rule(call=CALL, event=EVENTS, reaction=REACTIONS)
    def react(self, call, event, reaction):
        name, arguments = reaction
        self.pair.react(call, event, name, *arguments)

    @precondition(lambda self: hasattr(self, "pair"))
    @rule(call=CALL, chance=st.integers(0, 9))
    def remove(self, call, chance):
        if chance == 0:
            self.pair.remove(call)

    def teardown(self):
        if hasattr(self, "pair"):
            for call in range(CALLS):
                self.pair.command(call, "record", None)
            self.pair.tick(self.now + 0.02)


TestPlanes = NEEDS_COMPILED(seed(SEED)(Planes).TestCase)
TestPlanes.settings = settings(
    max_examples=max(1, STEPS // OF_A_CALL),
    stateful_step_count=OF_A_CALL,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
