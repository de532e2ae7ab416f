"""The contract of every IMediaPlane that records its calls; see `test_media_plane`."""

import pytest

from exoswitch.audio.frames import FRAME_BYTES, SILENCE_PCM
from tests.contract.media_plane_stage import HEARD, TONE, connected
from tests.harness.rtp_nodes import ENCODING


class Sink:
    """Takes a recording; `sides` are both sides as frames."""

    def __init__(self):
        self.parts = []

    def take(self, said, played):
        assert len(said) == len(played)
        self.parts.append((said, played))

    @property
    def sides(self):
        said, played = (b"".join(side) for side in zip(*self.parts, strict=True)) if self.parts else (b"", b"")
        return frames(said), frames(played)


def frames(pcm):
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES)]


def recorded(node):
    leg, call, asterisk = connected(node)
    sink = Sink()
    leg.record(sink)
    return leg, call, asterisk, sink


def test_a_recording_has_both_sides_in_time(node):
    leg, _, asterisk, sink = recorded(node)
    node.tick()
    asterisk.speak()
    node.tick()
    leg.play(TONE * 2)
    node.tick(3)
    leg.record(None)
    said, played = sink.sides
    assert said[:2] == [SILENCE_PCM, HEARD]
    assert played == [SILENCE_PCM, SILENCE_PCM, HEARD, HEARD, SILENCE_PCM]
    assert len(said) == 5


def test_a_recording_has_what_the_caller_heard_after_a_clear(node):
    leg, _, _, sink = recorded(node)
    leg.play(TONE * 10)
    node.tick(2)
    leg.clear()
    node.tick(2)
    leg.record(None)
    assert sink.sides[1] == [HEARD, HEARD, SILENCE_PCM, SILENCE_PCM]


def test_a_recording_goes_on_while_no_stream_is_attached(begin):
    node = begin(waiting_sound=TONE)
    leg, call, asterisk, sink = recorded(node)
    leg.hold()
    asterisk.speak()
    node.tick()
    leg.attach(call, ENCODING)
    asterisk.speak()
    node.tick()
    leg.play(TONE)
    leg.drain()
    asterisk.speak()
    node.tick()
    leg.record(None)
    assert sink.sides == ([HEARD] * 3, [HEARD, SILENCE_PCM, HEARD])
    assert call.media == [HEARD]


def test_a_recording_is_given_once_a_second_and_its_rest_at_the_end(node):
    leg, _, _, sink = recorded(node)
    node.tick(60)
    assert [len(said) for said, _ in sink.parts] == [50 * FRAME_BYTES]
    leg.close()
    node.tick(5)
    assert [len(said) for said, _ in sink.parts] == [50 * FRAME_BYTES, 10 * FRAME_BYTES]


def test_a_pause_of_the_process_is_silence_in_a_recording(node):
    leg, _, asterisk, sink = recorded(node)
    asterisk.speak()
    node.tick()
    node.turn()
    node.reactor.advance(3.0)
    node.tick(3)
    leg.record(None)
    assert len(sink.sides[0]) == pytest.approx(154, abs=5)
    assert sink.sides[0][0] == HEARD


def test_a_second_recording_follows_the_first(node):
    leg, _, _, first = recorded(node)
    second = Sink()
    node.tick(3)
    leg.record(second)
    node.tick(2)
    leg.record(None)
    node.tick()
    assert [len(sink.sides[0]) for sink in (first, second)] == [3, 2]


def test_a_failing_recording_does_not_stop_the_call(node, logged_failures):
    leg, call, _ = connected(node)
    leg.record(object())
    node.tick(60)
    assert leg.statistics().sent == 60
    assert len(call.media) >= 59
    assert logged_failures
    logged_failures.clear()
