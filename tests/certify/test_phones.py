from attrs import define, field

from exoswitch.audio.g711 import ULAW
from exoswitch.certify import cues
from exoswitch.certify.phones import SimulatedPhones
from exoswitch.certify.scenario import Plan, press, quiet, speak
from exoswitch.certify.tape import Tape
from exoswitch.rtp.plane import Plane
from exoswitch.sim.network import Conditions
from exoswitch.sim.sounds import babble
from tests.harness.certify_seen import SID
from tests.harness.rtp_nodes import ENCODING, pcm_of

SPEECH = babble()


@define
class Bot:
    """A bot behind a line, in the place of a connection; and what the caller's call hears."""

    media: object = None
    echoes: bool = True
    heard: list = field(factory=list)
    told: list = field(factory=list)

    def send_media(self, message):
        pcm = pcm_of(message)
        self.heard.append(pcm)
        if self.echoes:
            self.media.play(pcm)

    def send_mark(self, name):
        self.told.append(name)

    def pressed(self, digit):
        self.told.append(digit)

    def hung_up(self):
        self.told.append("hung up")


def call(*stages, seconds=5.0, network=None, echoes=True, seed=0):
    """Run a caller with these stages."""
    bot, phones = Bot(echoes=echoes), SimulatedPhones()
    plane, tape = Plane(phones, lambda media: None), Tape("", SID, 0.0)
    bot.media = media = phones.open(
        Plan(stages=stages, network=network or Conditions()), tape, bot, bot, seed=seed, plane=plane
    )
    tape.opened_at = 0.0
    media.attach(bot, ENCODING)
    for tick in range(1, round(seconds / 0.02) + 1):
        phones.tick(tick * 0.02)
        plane.tick(tick * 0.02)
    assert media.failures == 0
    return bot, tape


def test_the_caller_speaks_hears_and_hangs_up():
    bot, tape = call(speak("speech", SPEECH, 1.0), quiet("after", 0.5), seconds=2.0)
    assert bot.heard[:50] == [ULAW.decode(ULAW.encode(frame)) for frame in SPEECH[:50]]
    assert bot.told == ["hung up"]
    assert tape.stages == [("speech", 0.02), ("after", 1.02)]
    assert tape.heard_at_phone == tape.audible_ticks(0.0) > 20


def test_a_stage_ends_when_its_cue_comes():
    _, tape = call(speak("speech", SPEECH), quiet("waiting", 3.0, cues.answered_since("speech")), quiet("after", 0.2))
    assert tape.stage_began("after") == tape.stage_began("waiting")


def test_a_stage_ends_without_its_cue():
    bot, tape = call(quiet("waiting", 1.0, cues.is_talking), echoes=False, seconds=1.5)
    assert (tape.audible_ticks(0.0), bot.told) == (0, ["hung up"])


def test_the_caller_waits_for_the_end_of_a_greeting():
    _, tape = call(quiet("greeting", 4.0, cues.pauses), quiet("after", 0.1))
    assert 1.48 <= tape.stage_began("after") <= 1.54


def test_a_key_is_sent_when_it_is_released():
    bot, _ = call(press("keys", "0#", 0.5), seconds=1.0)
    assert bot.told == ["0", "#", "hung up"]


def test_the_same_seed_loses_the_same_packets():
    bad = Conditions(delay_s=0.15, jitter_s=0.05, loss=0.2, burst=3)
    first, again = (call(speak("speech", SPEECH, 3.0), network=bad, seed=7) for _ in range(2))
    assert first[0].heard == again[0].heard
    assert first[1].heard_at_phone < first[1].audible_ticks(0.0)


def test_the_caller_waits_until_the_bot_accepts():
    bot, phones = Bot(), SimulatedPhones()
    plane, tape = Plane(phones, lambda media: None), Tape("", SID, 0.0)
    media = phones.open(Plan(stages=(quiet("a", 0.1),)), tape, bot, bot, seed=0, plane=plane)
    for tick in range(20):
        phones.tick(tick * 0.02)
    assert tape.stages == []
    phones.close(media)
    phones.close(media)
    assert list(phones.receive()) == []
