"""All calls' media on one tick, in memory."""

import random

import pytest

from exoswitch.audio.frames import FRAME_BYTES, FRAME_SAMPLES, SILENCE_PCM
from exoswitch.audio.g711 import ULAW
from exoswitch.rtp.packet import Packetizer, parse
from exoswitch.rtp.planes import make_plane
from exoswitch.rtp.session import LegSettings
from tests.harness.rtp_nodes import ENCODING, NEEDS_COMPILED, PLANES, pcm_of

ASTERISK = ("10.0.1.5", 12000)
TONE = b"\x10\x20" * FRAME_SAMPLES


class Party:
    """The wire, the stream and the listener of one call; one list records all their calls."""

    send_errors = 0

    def __init__(self):
        self.told = []

    def connect(self, address):
        self.told.append(("connected", address))

    def send(self, packet, address):
        self.told.append(("packet", parse(packet).payload, address))

    def send_media(self, message):
        self.told.append(("media", pcm_of(message)))

    def send_mark(self, name):
        self.told.append(("mark", name))

    def media_lost(self, silent_s):
        self.told.append(("lost", round(silent_s)))

    def playout_finished(self):
        self.told.append(("finished",))


class Node:
    """A plane with its own clock, and its waiting datagrams."""

    def __init__(self, kind):
        self.pending, self.failed, self.now = [], [], 50.0
        self.plane = make_plane(kind, self, self.failed.append)

    def receive(self):
        while self.pending:
            yield self.pending.pop(0)

    def line(self, party, *, directed=True, attached=True):
        settings = LegSettings(source_host=ASTERISK[0], silence_timeout_s=1.0)
        line = self.plane.open(settings, random.Random(2), party, party, None)
        if directed:
            line.direct(*ASTERISK)
        if attached:
            line.attach(party, ENCODING)
        return line

    def tick(self, ticks=1):
        for _ in range(ticks):
            self.now += 0.02
            self.plane.tick(self.now)


@pytest.fixture(params=PLANES)
def node(request):
    return Node(request.param)


SILENT_PACKET = ("packet", ULAW.silence * FRAME_SAMPLES, ASTERISK)


def test_a_tick_sends_rtp_then_media_then_marks(node):
    party = Party()
    line = node.line(party)
    node.pending.append((line, Packetizer(0, 1, 2, 3).encode(ULAW.encode(TONE), marker=False), ASTERISK))
    line.play(TONE)
    line.mark("said")
    node.tick()
    assert party.told == [
        ("connected", ASTERISK),
        ("packet", ULAW.encode(TONE), ASTERISK),
        ("media", ULAW.decode(ULAW.encode(TONE))),
        ("mark", "said"),
    ]


def test_a_call_without_stream_and_remote_sends_nothing(node):
    unattached, undirected = Party(), Party()
    node.line(unattached, attached=False)
    node.line(undirected, directed=False)
    node.tick()
    assert unattached.told == [SILENT_PACKET]
    assert undirected.told == [("media", SILENCE_PCM)]


ELSEWHERE = (ASTERISK[0], 12002)


def connections(party):
    return [told[1] for told in party.told if told[0] == "connected"]


def speak(node, line, source=ASTERISK, sequence=1):
    node.pending.append((line, Packetizer(0, sequence, 2, 3).encode(ULAW.encode(TONE), marker=False), source))


def test_the_wire_is_connected_once_rtp_has_come_from_the_announced_address(node):
    party = Party()
    line = node.line(party)
    speak(node, line, source=ELSEWHERE)
    node.tick(5)
    assert connections(party) == []
    speak(node, line)
    node.tick(5)
    assert connections(party) == [ASTERISK]


def test_the_wire_is_not_connected_to_an_address_that_was_not_announced(node):
    party = Party()
    line = node.line(party, directed=False)
    speak(node, line)
    node.tick(5)
    assert connections(party) == []
    line.direct(*ASTERISK)
    node.tick()
    assert connections(party) == [ASTERISK]


def test_a_new_announced_address_is_heard_although_the_wire_is_connected(node):
    party = Party()
    line = node.line(party)
    speak(node, line)
    node.tick()
    line.direct(*ELSEWHERE)
    assert connections(party) == [ASTERISK, ELSEWHERE]
    speak(node, line, source=ELSEWHERE, sequence=2)
    speak(node, line, sequence=3)
    node.tick()
    assert (line.counts().received, line.counts().foreign) == (2, 1)


def test_a_new_announced_address_must_be_heard_before_the_wire_is_connected_to_it(node):
    party = Party()
    line = node.line(party, directed=False)
    speak(node, line)
    node.tick()
    line.direct(*ELSEWHERE)
    node.tick()
    assert connections(party) == []


def lost(party):
    return [told for told in party.told if told[0] == "lost"]


def test_lost_media_is_reported_to_the_call_once(node):
    party = Party()
    node.line(party)
    node.tick(200)
    assert lost(party) == [("lost", 1)]


def test_a_pause_of_the_process_is_not_silence_of_a_caller(node):
    parties = [Party(), Party()]
    for party in parties:
        node.line(party)
    node.tick(25)
    node.now += 3600
    node.tick(20)
    assert [lost(party) for party in parties] == [[], []]
    node.tick(10)
    assert [lost(party) for party in parties] == [[("lost", 1)], [("lost", 1)]]


def test_datagrams_that_came_during_a_pause_count_at_its_end(node):
    party = Party()
    line = node.line(party)
    node.tick(40)
    node.now += 3600
    node.pending.append((line, Packetizer(0, 1, 2, 3).encode(ULAW.encode(TONE), marker=False), ASTERISK))
    node.tick(49)
    assert lost(party) == []
    node.tick(3)
    assert lost(party) == [("lost", 1)]


def test_a_late_tick_is_not_a_pause(node):
    party = Party()
    node.line(party)
    node.tick()
    node.now += 0.9
    node.tick(3)
    node.now += 0.9
    node.tick()
    assert lost(party) == [("lost", 2)]


def test_a_pause_does_not_affect_a_call_that_begins_after_it(node):
    node.tick()
    node.now += 3600
    party = Party()
    node.line(party)
    node.tick(50)
    assert lost(party) == []
    node.tick(3)
    assert lost(party) == [("lost", 1)]


def test_a_failing_call_is_reported_and_does_not_stop_the_others(node):
    class Broken(Party):
        def send_media(self, message):
            raise ZeroDivisionError

    broken, sound = Broken(), [Party() for _ in range(5)]
    line = node.line(broken)
    for party in sound:
        node.line(party)
    node.tick(3)
    assert node.failed == [line] * 3
    assert line.failures == 3
    assert broken.told == [SILENT_PACKET] * 3
    assert [len(party.told) for party in sound] == [6] * 5


def test_a_datagram_that_raises_does_not_stop_the_other_calls(node):
    party, other = Party(), Party()
    line = node.line(party)
    node.pending += [(line, None, ASTERISK), (node.line(other), b"", ASTERISK)]
    node.tick()
    assert node.failed == [line]
    assert len(other.told) == 2


def test_a_call_can_be_removed_within_a_tick(node):
    class Leaving(Party):
        def send_media(self, message):
            super().send_media(message)
            for line in lines:
                node.plane.remove(line)

    parties = [Leaving(), Leaving()]
    lines = [node.line(party) for party in parties]
    node.tick(2)
    assert sorted(len(party.told) for party in parties) == [0, 2]
    assert len(node.plane) == 0


def test_playout_finished_is_reported_after_the_packet_of_its_tick(node):
    party = Party()
    line = node.line(party)
    line.play(TONE)
    line.drain()
    node.tick(3)
    assert party.told == [("packet", ULAW.encode(TONE), ASTERISK), SILENT_PACKET, ("finished",), SILENT_PACKET]


def test_a_stream_that_is_detached_within_a_tick_is_told_of_no_further_mark(node):
    class Ending(Party):
        def send_mark(self, name):
            super().send_mark(name)
            line.detach()

    party = Ending()
    line = node.line(party)
    line.play(TONE)
    line.mark("one")
    line.mark("two")
    node.tick()
    assert [told for told in party.told if told[0] == "mark"] == [("mark", "one")]


def test_a_call_that_is_removed_within_a_tick_is_told_nothing_more(node):
    class Leaving(Party):
        def send_media(self, message):
            super().send_media(message)
            if len(self.told) > 100:
                node.plane.remove(line)

    party = Leaving()
    line = node.line(party)
    node.tick(51)
    assert party.told[-1][0] == "media"
    assert lost(party) == []


@pytest.mark.parametrize("frames", range(48, 54))
def test_a_call_that_is_put_on_hold_in_the_tick_that_ends_its_drain_is_not_told_of_that_end(node, frames):
    class Holding(Party):
        def media_lost(self, silent_s):
            super().media_lost(silent_s)
            line.hold()

    party = Holding()
    line = node.line(party)
    line.play(TONE * frames)
    line.drain()
    node.tick(80)
    told = [told[0] for told in party.told if told[0] in {"lost", "finished"}]
    assert told in (["lost"], ["finished", "lost"])


class SlowSink:
    """A sink that takes one part in each tick; it notes the frames of each."""

    def __init__(self):
        self.frames, self.is_slow = [], True

    def take(self, said, _played):
        self.frames.append(len(said) // FRAME_BYTES)
        if self.is_slow:
            raise RuntimeError


@NEEDS_COMPILED
def test_recorded_audio_that_found_no_room_is_silence_in_time_and_counted():
    node, party, sink = Node("compiled"), Party(), SlowSink()
    line = node.line(party)
    line.record(sink)
    node.tick()
    began_at = node.now - 0.02
    while not line.counts().unrecorded:
        node.now += 0.4
        node.tick()  # the audio of the tick before, and the gap: two parts
        assert node.now < began_at + 300
    node.tick(3)
    sink.is_slow = False
    line.record(None)
    assert line.counts().unrecorded < 10
    assert sum(sink.frames) == pytest.approx((node.now - began_at) / 0.02, abs=2)
