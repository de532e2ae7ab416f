"""The compiled plane on a bot's TCP connection, held to the plane in Python, whose stream reads and writes itself."""

import base64
import json
import os
import select
import socket
import struct
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exoswitch.rtp.planes import choose_plane
from tests.harness.secured_bot import SUITES
from tests.harness.tcp_wire import TcpWire
from tests.harness.wire import BINARY, CLOSE, PING, PONG, TEXT, frame, stream_start

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:Passing pyOpenSSL"),  # Twisted 26.10 does it
    pytest.mark.skipif(choose_plane("auto") == "python", reason="needs the compiled plane"),
]


TLS = "TLS_AES_256_GCM_SHA384"


@pytest.fixture
def begin():
    wires = []

    def begin(kind="compiled", **how):
        wires.append(TcpWire(kind, **how))
        return wires[-1].tick(2)

    yield begin
    for wire in wires:
        wire.end()
        assert wire.failures == []
        assert [told for told in wire.listener.told if told != "opened"] != []


def media(pcm, **more):
    return frame({"event": "media", "stream_sid": "s1", **more, "media": {"payload": base64.b64encode(pcm).decode()}})


def tone(number, frames=1):
    return bytes([number, number % 120 + 1]) * 160 * frames


def mark(name):
    return frame({"event": "mark", "mark": {"name": name}})


def events(frames):
    return [message["event"] for opcode, message in frames if opcode == TEXT]


def numbers(frames):
    return [
        int(message["sequence_number"])
        for opcode, message in frames
        if opcode == TEXT and "sequence_number" in message
    ]


def taught(wire):
    """Let the stream learn the form of the bot's messages."""
    wire.say(media(tone(1))).tick(2)
    wire.received()
    wire.phone.heard.clear()
    return wire


def test_the_compiled_plane_serves_a_started_stream(begin):
    assert begin().is_served
    assert not begin("python").is_served
    assert not begin("python", suite=TLS).is_served


def test_a_stream_over_the_tls_of_python_stays_with_the_stream(begin):
    wire = taught(begin(suite=TLS, is_native=False))
    wire.phone.speak(bytes(160))
    wire.say(media(tone(1)) + mark("one")).tick(3)
    assert not wire.is_served
    assert len(set(wire.phone.heard)) == 2
    assert {"media", "mark"} <= set(events(wire.received()))


@pytest.mark.parametrize("suite", [None, *SUITES])
def test_media_is_played_without_python_once_its_form_is_known(begin, monkeypatch, suite):
    wire = taught(begin(suite=suite))
    assert wire.is_served
    monkeypatch.setattr(wire.connection, "text_received", None)
    for number in range(5):
        wire.say(media(tone(number))).tick()
    assert len(set(wire.phone.heard)) == 5


def test_a_message_that_differs_in_its_numbers_has_the_same_form(begin, monkeypatch):
    wire = begin()
    wire.say(media(tone(1), sequence_number=1, timestamp="20")).tick(2)
    monkeypatch.setattr(wire.connection, "text_received", None)
    for number in (2, 99, 12_345_678):
        wire.say(media(tone(2), sequence_number=number, timestamp=str(number * 20))).tick()
    assert len(wire.phone.heard) == 7


@pytest.mark.parametrize("suite", [None, TLS])
def test_audio_for_the_bot_goes_out_in_the_tick_and_in_order_with_marks_and_keys(begin, suite):
    wire = taught(begin(suite=suite))
    wire.say(media(tone(1)) + mark("one")).tick()
    wire.connection.send_digit("5", 100)
    wire.say(frame(b"?", PING)).tick()
    frames = wire.received()
    assert [opcode for opcode, _ in frames if opcode != TEXT] == [PONG]
    assert sorted(events(frames)) == ["dtmf", "mark", "media", "media"]
    assert all(after == before + 1 for before, after in pairwise(numbers(frames)))


@pytest.mark.parametrize("suite", [None, TLS])
def test_a_bot_that_does_not_read_gets_the_newest_audio_when_it_reads(begin, suite):
    wire = taught(begin(suite=suite))
    for end in (wire.transport.socket, wire.transport.peer):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    for _ in range(20_000):
        if wire.tick().connection._socket.is_congested:  # The kernel may make room once more just after it had none.
            break
    assert wire.connection._socket.is_congested
    wire.tick(200)
    frames = wire.received()
    for _ in range(1000):
        select.select([], [wire.transport], [], 1)  # the kernel acknowledges in its own time
        frames += wire.tick(5).received()
        if wire.is_served:
            break
    assert wire.is_served
    assert wire.metrics["caller_audio_dropped_seconds_total"] > 0  # how much, the kernel decides
    assert all(after == before + 1 for before, after in pairwise(numbers(frames)))
    times = [
        int(message["media"]["timestamp"])
        for opcode, message in frames
        if opcode == TEXT and message["event"] == "media"
    ]
    assert times == sorted(times)


WAYS = [(kind, suite) for kind in ("python", "compiled") for suite in (None, TLS)]


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize(("kind", "suite"), WAYS)
def test_a_connection_that_ends_without_a_handshake_is_told_once_after_its_messages(begin, kind, suite, how):
    wire = taught(begin(kind, suite=suite))
    wire.say(media(tone(5)) + frame({"event": "clear"})[:5])
    if how == "reset":
        wire.tick()
        wire.transport.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.bot.close()
    wire.tick(3)
    assert len(set(wire.phone.heard)) == 2
    assert [told[:2] for told in wire.listener.told[1:]] == [("closed", None)]


@pytest.mark.parametrize(("kind", "suite"), WAYS)
def test_a_bot_can_close(begin, kind, suite):
    wire = taught(begin(kind, suite=suite))
    wire.say(media(tone(5)) + frame(struct.pack("!H", 1000), CLOSE)).tick()
    assert [opcode for opcode, _ in wire.received()][-1] == CLOSE
    assert not wire.is_served
    wire.bot.close()
    wire.tick(3)
    assert [told[:2] for told in wire.listener.told[1:]] == [("closed", 1000)]


@pytest.mark.parametrize("suite", [None, TLS])
@pytest.mark.parametrize("end", ["detach", "hold", "drain", "close"])
def test_a_leg_that_ends_its_stream_gives_the_socket_back(begin, end, suite):
    wire = taught(begin(suite=suite))
    half = media(tone(5))
    wire.say(half[:100]).tick()
    getattr(wire.leg, end)()
    assert not wire.is_served
    wire.say(half[100:]).tick()
    assert wire.metrics["bot_faults_total"] == 0
    assert wire.connection._socket._incoming.unfinished_bytes == 0


def test_a_bot_that_sends_much_at_once_is_read_in_parts(begin):
    wire = taught(begin(playout_max_s=300))
    flood = media(tone(9, 50)) * 100
    for at in range(0, len(flood), 100_000):
        try:
            wire.say(flood[at : at + 100_000])
        except BlockingIOError:
            break
    queued = [wire.tick().leg.queued_ms for _ in range(8)]
    assert all(0 < after - before <= 64 * 1024 * 3 / 4 / 16 + 1000 for before, after in pairwise(queued))


def test_audio_beyond_the_queue_limit_is_reported_once(begin):
    wire = taught(begin(playout_max_s=1))
    wire.say(media(tone(9, 40)) * 3).tick()
    assert len(wire.call.overflowed) == 1
    assert wire.leg.queued_ms == 980


@pytest.mark.parametrize("kind", ["python", "compiled"])
def test_the_end_that_tls_tells_is_told_once_after_its_messages(begin, kind):
    wire = taught(begin(kind, suite=TLS))
    wire.say(media(tone(5)) + frame({"event": "clear"})[:5])
    wire.bot.shutdown()
    wire.tick(3)
    assert len(set(wire.phone.heard)) == 2
    assert [told[:2] for told in wire.listener.told[1:]] == [("closed", None)]


@pytest.mark.parametrize("content", [b"\x02\x50\x15", b"\x18\0\0\1\x07\x16", b"?\x99"], ids=["alert", "key", "type"])
@pytest.mark.parametrize("kind", ["python", "compiled"])
def test_a_fault_in_tls_ends_the_connection_after_its_messages(begin, kind, content):
    wire = taught(begin(kind, suite=TLS))
    wire.say(media(tone(5)))
    wire.bot.peer.sendall(wire.bot.forge(content))
    wire.tick(3)
    assert len(set(wire.phone.heard)) == 2
    assert [told[:2] for told in wire.listener.told[1:]] == [("closed", None)]


@pytest.mark.parametrize("kind", ["python", "compiled"])
def test_a_changed_record_ends_the_connection_after_its_messages(begin, kind):
    wire = taught(begin(kind, suite=TLS))
    record = bytearray(wire.bot.forge(media(tone(6)) + b"\x17"))
    record[-1] ^= 1
    wire.bot.records -= 1
    wire.say(media(tone(5)))
    wire.bot.peer.sendall(record)
    wire.tick(3)
    assert len(set(wire.phone.heard)) == 2
    assert [told[:2] for told in wire.listener.told[1:]] == [("closed", None)]


@pytest.mark.parametrize("kind", ["python", "compiled"])
def test_new_keys_are_used_and_answered(begin, kind):
    wire = taught(begin(kind, suite=TLS))
    records = wire.bot.update_keys(3, asks=True) + wire.bot.forge(media(tone(5)) + b"\x17")
    wire.bot.peer.sendall(records)
    wire.tick(3)
    wire.connection.send_digit("5", 100)
    assert wire.is_served == (kind == "compiled")
    assert len(set(wire.phone.heard)) == 2
    assert "dtmf" in events(wire.received())


def test_a_flood_of_new_keys_is_read_in_parts(begin):
    wire = taught(begin(suite=TLS))
    flood = wire.bot.update_keys(400) + wire.bot.forge(media(tone(5)) + b"\x17")
    wire.bot.peer.sendall(flood)
    ticks = 0
    while len(set(wire.phone.heard)) < 2:
        wire.tick()
        ticks += 1
    assert ticks >= 400 * 16 / 256
    assert wire.is_served


@pytest.mark.parametrize("end", ["detach", "close"])
def test_records_that_the_plane_did_not_read_are_read_after_it(begin, end):
    wire = taught(begin(suite=TLS))
    ping = wire.bot.update_keys(300) + wire.bot.forge(frame(b"?", PING) + b"\x17")
    wire.bot.peer.sendall(ping)
    wire.tick()
    getattr(wire.leg, end)()
    wire.tick(3)
    assert (PONG, b"?") in wire.received()


EXAMPLES = int(os.environ.get("EXOSWITCH_SERVED_EXAMPLES", "40"))
CHUNKS = st.sampled_from([0, 1, 2, 320, 321, 640, 1600])


def in_forms(pcm):
    """Give the frames that a bot can send with this audio, and some that it must not send."""
    text = base64.b64encode(pcm).decode()
    body = {"payload": text}
    whole = {"event": "media", "stream_sid": "s1", "media": body}
    raw = json.dumps(whole).encode()
    return [
        *[frame(whole)] * 9,
        mark("a"),
        mark("b"),
        frame({"event": "clear"}),
        frame(b"?", PING),
        frame(pcm[:1000], BINARY),
        frame(raw[:30], final=False) + frame(b"!", PING) + frame(raw[30:], 0),
        frame({"media": body, "n": len(pcm), "event": "media"}),
        frame({**whole, "media": {"payload": text.rstrip("=") + "\n"}}),
        frame({**whole, "media": {"payload": text + "="}}),
        frame(b'{"event":"media","media":{"payload":"A"}}'),
        frame(b"hello"),
    ]


AUDIO = st.builds(
    lambda sample, size: (sample * 800)[:size],
    st.binary(min_size=4, max_size=4),
    st.sampled_from([0, 1, 2, 3, 320, 321, 640, 1600, 3200]),
)
FRAMES = AUDIO.flatmap(lambda pcm: st.sampled_from(in_forms(pcm)))
STEPS = st.lists(st.tuples(st.lists(FRAMES, max_size=4), st.booleans(), st.integers(1, 3)), min_size=1, max_size=8)


def outcome(kind, steps, cuts, **how):
    """Play the steps; give all that the phone and the bot received."""
    wire = TcpWire(kind, playout_max_s=1, **how).tick(11)
    try:
        assert wire.is_served == (kind != "python")
        return played(wire, steps, cuts)
    finally:
        wire.end()


def played(wire, steps, cuts):
    data = b"".join(b"".join(frames) for frames, _, _ in steps)
    bounds = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [data[start:end] for start, end in pairwise(bounds)]
    for index, (_, speaks, ticks) in enumerate([*steps, *[([], True, 1)] * len(pieces)]):
        if index < len(pieces):
            wire.say(pieces[index])
        if speaks:
            wire.phone.speak(bytes([index]) * 160)
        wire.tick(ticks)
    wire.flush().tick()
    wire.leg.drain()
    wire.tick(70)
    told = (wire.call.overflowed, wire.call.began, wire.call.finished, wire.metrics)
    return wire.received(), wire.phone.heard, wire.phone.session.counts(), told


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(
    STEPS,
    st.lists(st.integers(0, 100_000), max_size=8),
    st.sampled_from([20, 40, 100]),
    st.sampled_from([8, 16]),
    st.sampled_from([None, TLS]),
)
def test_both_planes_play_and_send_the_same(steps, cuts, chunk_ms, rate, suite_in_thread):
    start = stream_start(f"ws://127.0.0.1:5000/ws?sample-rate={rate}000", chunk_ms=chunk_ms)
    reference = outcome("python", steps, cuts, start=start)
    assert outcome("compiled", steps, cuts, start=start) == reference
    assert outcome("compiled", steps, cuts, start=start, suite=TLS) == reference
    assert outcome("thread", steps, cuts, start=start, suite=suite_in_thread) == reference


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(
    STEPS,
    st.lists(st.integers(0, 100_000), max_size=8),
    st.sampled_from(sorted(SUITES)),
    st.one_of(st.integers(0, 100), st.integers(0, 20_000)),
)
def test_records_of_tls_can_be_cut_anywhere(steps, cuts, suite, cut):
    reference = outcome("python", steps, cuts, suite=suite, cut=cut)
    assert outcome("compiled", steps, cuts, suite=suite, cut=cut) == reference
