"""The contract of every IMediaPlane and its legs, for both planes, and for each way to tick and to read datagrams."""

from itertools import pairwise

import pytest
from zope.interface.verify import verifyObject

from exoswitch.audio.frames import FRAME_BYTES, FRAME_SAMPLES, SILENCE_PCM
from exoswitch.audio.g711 import ULAW
from exoswitch.errors import NoCapacity
from exoswitch.interfaces.media import IMediaLeg, IMediaPlane
from exoswitch.rtp.packet import parse
from tests.contract.media_plane_stage import CODED, HEARD, TONE, Asterisk, connected
from tests.harness.rtp_nodes import ENCODING

SILENT = ULAW.silence * FRAME_SAMPLES


def test_the_implementation_provides_its_interfaces(node):
    leg, _ = node.open()
    assert verifyObject(IMediaPlane, node.plane)
    assert verifyObject(IMediaLeg, leg)


def test_each_call_has_its_own_port_of_the_range(node):
    legs = [node.open()[0] for _ in range(3)]
    assert len({leg.port for leg in legs} & set(node.ports)) == 3
    assert {leg.host for leg in legs} == {"127.0.0.1"}


def test_a_call_is_refused_if_no_port_is_free(node):
    for _ in node.ports:
        node.open()
    with pytest.raises(NoCapacity):
        node.open()


def test_the_callers_audio_reaches_the_stream_in_the_next_tick(node):
    _, call, asterisk = connected(node)
    for _ in range(10):
        asterisk.speak()
        node.tick()
    assert call.media == [HEARD] * 10


def test_the_stream_receives_one_frame_a_tick_for_any_packets(node):
    _, call, asterisk = connected(node)
    node.tick(3)
    for _ in range(5):
        asterisk.speak()
    node.tick(5)
    assert [len(frame) for frame in call.media] == [FRAME_BYTES] * 8
    assert call.media[:3] == [SILENCE_PCM] * 3
    assert call.media[3:] == [HEARD] * 5


def test_the_audio_of_calls_is_separate(node):
    talks = [connected(node) for _ in range(3)]
    sounds = [ULAW.encode(bytes([0, number + 1]) * FRAME_SAMPLES) for number in range(3)]
    for sound, (leg, _, asterisk) in zip(sounds, talks, strict=True):
        asterisk.speak(sound)
        leg.play(ULAW.decode(sound))
    node.tick()
    assert [call.media for _, call, _ in talks] == [[ULAW.decode(sound)] for sound in sounds]
    assert [asterisk.heard() for _, _, asterisk in talks] == [[sound] for sound in sounds]


def test_audio_from_before_the_attach_is_not_sent_to_the_stream(node):
    leg, call = node.open()
    asterisk = Asterisk(node, leg)
    leg.direct(*asterisk.address)
    asterisk.speak()
    node.tick()
    leg.attach(call, ENCODING)
    node.tick()
    assert call.media == [SILENCE_PCM]


def test_after_direct_a_packet_is_sent_every_tick(node):
    leg, _ = node.open()
    asterisk = Asterisk(node, leg)
    node.tick(2)
    leg.direct(*asterisk.address)
    node.tick(5)
    packets = [parse(data) for data in asterisk.peer.received()]
    assert [packet.payload for packet in packets] == [SILENT] * 5
    assert {(after.timestamp - before.timestamp) & 0xFFFFFFFF for before, after in pairwise(packets)} == {160}


def test_before_direct_packets_are_sent_to_the_first_source(node):
    leg, _ = node.open()
    first, second = Asterisk(node, leg), Asterisk(node, leg)
    first.speak()
    node.tick()
    second.speak()
    node.tick()
    assert (len(first.heard()), second.heard()) == (2, [])
    assert leg.statistics().foreign == 1


def test_after_direct_no_other_address_is_accepted(node):
    leg, call, _ = connected(node)
    stranger = Asterisk(node, leg)
    stranger.speak()
    node.tick()
    assert call.media == [SILENCE_PCM]
    assert (leg.statistics().foreign, leg.statistics().received) == (1, 0)
    assert stranger.heard() == []


def test_the_bots_audio_is_played_in_order_and_in_real_time(node):
    leg, _, asterisk = connected(node)
    frames = [ULAW.encode(bytes([0, number]) * FRAME_SAMPLES) for number in range(1, 11)]
    leg.play(b"".join(ULAW.decode(frame) for frame in frames))
    assert leg.queued_ms == 200
    node.tick(4)
    assert leg.queued_ms == 120
    assert asterisk.heard() == frames[:4]
    node.tick(7)
    assert asterisk.heard() == [*frames[4:], SILENT]
    assert leg.statistics().underruns == 1


def test_a_mark_is_sent_back_after_the_audio_before_it(node):
    leg, call, asterisk = connected(node)
    leg.play(TONE * 2)
    leg.mark("said")
    node.tick()
    assert call.marks == []
    node.tick()
    assert call.marks == ["said"]
    assert asterisk.heard() == [CODED] * 2


def test_a_mark_before_any_audio_is_sent_back_at_once(node):
    leg, call, _ = connected(node)
    leg.mark("idle")
    assert call.marks == ["idle"]


def test_clear_silences_the_next_packet_and_answers_the_marks(node):
    leg, call, asterisk = connected(node)
    leg.play(TONE * 20)
    leg.mark("one")
    leg.mark("two")
    node.tick()
    leg.clear()
    assert (call.marks, leg.queued_ms) == (["one", "two"], 0)
    node.tick()
    assert asterisk.heard() == [CODED, SILENT]


def test_clear_can_drop_the_marks(node):
    leg, call, _ = connected(node)
    leg.play(TONE * 20)
    leg.mark("never")
    leg.clear(answer_marks=False)
    node.tick(2)
    assert (call.marks, leg.queued_ms) == ([], 0)


def test_clear_can_finish_the_message_that_has_begun(node):
    leg, call, asterisk = connected(node)
    leg.play(TONE * 3)
    leg.mark("finished")
    leg.play(TONE * 10)
    leg.mark("dropped")
    node.tick()
    leg.clear(finish_message=True)
    assert (call.marks, leg.queued_ms) == (["dropped"], 40)
    node.tick(3)
    assert call.marks == ["dropped", "finished"]
    assert asterisk.heard() == [*[CODED] * 3, SILENT]


def test_detach_drops_unplayed_audio_and_stops_the_callers_audio(node):
    leg, call, asterisk = connected(node)
    leg.play(TONE * 20)
    leg.mark("never")
    leg.detach()
    asterisk.speak()
    node.tick(2)
    assert (call.media, call.marks, leg.queued_ms) == ([], [], 0)
    assert asterisk.heard() == [SILENT] * 2


MELODY = TONE + b"\x30\x40" * (FRAME_SAMPLES // 2)
MELODY_CODED = ULAW.encode(MELODY)


def test_on_hold_the_waiting_sound_repeats_until_a_stream_is_attached(begin):
    node = begin(waiting_sound=MELODY)
    leg, call, asterisk = connected(node)
    leg.play(TONE * 20)
    leg.mark("never")
    node.tick()
    leg.hold()
    asterisk.speak()
    node.tick(6)
    leg.attach(call, ENCODING)
    node.tick()
    heard = asterisk.heard()
    assert heard[0] == CODED
    assert b"".join(heard[1:7]) == MELODY_CODED * 4
    assert heard[7:] == [SILENT]
    assert (call.media, call.marks, leg.queued_ms) == ([SILENCE_PCM] * 2, [], 0)


def test_the_waiting_sound_starts_from_its_beginning_each_time_and_ends_at_detach(begin):
    node = begin(waiting_sound=MELODY)
    leg, _, asterisk = connected(node)
    for _ in range(2):
        leg.hold()
        node.tick()
    leg.detach()
    node.tick()
    assert asterisk.heard() == [CODED, CODED, SILENT]


def test_on_hold_without_a_waiting_sound_silence_is_sent(node):
    leg, call, asterisk = connected(node)
    leg.play(TONE * 20)
    leg.hold()
    node.tick(2)
    assert (asterisk.heard(), call.media, leg.queued_ms) == ([SILENT] * 2, [], 0)


def test_drain_plays_the_queue_and_reports_its_end_once(node):
    leg, call, asterisk = connected(node)
    leg.play(TONE * 3)
    leg.mark("unanswered")
    node.tick()
    leg.drain()
    asterisk.speak()
    node.tick(2)
    assert call.finished == 0
    node.tick(3)
    assert call.finished == 1
    assert asterisk.heard() == [*[CODED] * 3, *[SILENT] * 3]
    assert (len(call.media), call.marks) == (1, [])


def test_drain_with_an_empty_queue_reports_its_end_in_the_next_tick(node):
    leg, call, _ = connected(node)
    leg.drain()
    assert call.finished == 0
    node.tick()
    assert call.finished == 1


def test_a_detach_during_drain_reports_nothing(node):
    leg, call, asterisk = connected(node)
    leg.play(TONE * 3)
    leg.drain()
    leg.detach()
    node.tick(3)
    assert (call.finished, asterisk.heard()) == (0, [SILENT] * 3)


def test_a_second_stream_replaces_the_first(node):
    leg, first, asterisk = connected(node)
    leg.detach()
    _, second = node.open()
    leg.attach(second, ENCODING)
    asterisk.speak()
    leg.mark("here")
    node.tick()
    assert (first.media, second.media, second.marks) == ([], [HEARD], ["here"])


def test_the_first_audio_of_a_bot_is_reported_once(node):
    leg, call, _ = connected(node)
    leg.play(b"")
    assert call.began == 0
    leg.play(TONE)
    leg.play(TONE)
    leg.detach()
    leg.attach(call, ENCODING)
    leg.play(TONE)
    assert call.began == 1


def test_audio_beyond_the_queue_limit_is_dropped_and_reported_once(node):
    leg, call, _ = connected(node)
    leg.play(TONE * 52)
    leg.play(TONE)
    assert call.overflowed == [40]
    assert leg.statistics().overflowed_ms == 60
    assert leg.queued_ms == 1000


def test_missing_media_is_reported_once(node):
    _, call, asterisk = connected(node)
    node.tick(30)
    asterisk.speak()
    node.tick(120)
    assert call.lost == [pytest.approx(1.0, abs=0.03)]


def test_statistics_have_all_counts(node):
    leg, _, asterisk = connected(node)
    for lost in (False, False, True, False):
        if lost:
            asterisk.stream.encode(CODED, marker=False)
        else:
            asterisk.speak()
        node.tick()
    asterisk.peer.send(b"not RTP", leg.port)
    again = asterisk.stream.encode(CODED, marker=False)
    asterisk.peer.send(again, leg.port)
    asterisk.peer.send(again, leg.port)
    node.tick()
    told = leg.statistics()
    assert (told.received, told.lost, told.duplicate, told.malformed, told.concealed) == (4, 1, 1, 1, 1)
    assert told.sent == 5


def test_a_closed_leg_sends_and_receives_nothing_and_its_port_is_free(begin):
    node = begin()
    leg, call, asterisk = connected(node)
    leg.close()
    leg.close()
    asterisk.speak()
    node.tick(3)
    assert (call.media, asterisk.heard()) == ([], [])
    again = begin(ports=range(leg.port, leg.port + 1))
    assert again.open()[0].port == leg.port


def test_a_late_packet_of_a_closed_call_does_not_reach_the_next_call_on_its_port(begin):
    node = begin(count=1, quarantine_s=1.0)
    leg, _, asterisk = connected(node)
    leg.close()
    with pytest.raises(NoCapacity):
        node.open()
    for _ in range(52):
        asterisk.speak()
        node.tick()
    leg, call = node.open()
    leg.attach(call, ENCODING)
    leg.direct(*Asterisk(node, leg).address)
    asterisk.speak()
    node.tick(3)
    assert (leg.statistics().received, leg.statistics().foreign) == (0, 1)
    assert set(call.media) == {SILENCE_PCM}


def test_a_failing_stream_does_not_stop_the_other_calls(node, logged_failures):
    leg, broken, _ = connected(node)
    broken.send_media = None
    _, call, asterisk = connected(node)
    asterisk.speak()
    node.tick(2)
    assert len(call.media) == 2
    assert leg.statistics().sent == 2
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_a_call_can_be_closed_by_its_stream_within_a_tick(node):
    leg, call, asterisk = connected(node)
    call.send_media = lambda message: leg.close()
    asterisk.speak()
    node.tick(2)
    assert leg.statistics().sent == 1
