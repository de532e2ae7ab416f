import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.exotel.stream.server_frames import Binary, Control, ServerFrames, Step, Violation

KIB_64 = 65536


def server_frame(payload, first=0x81):
    """Build a server's frame."""
    size = len(payload)
    if size <= 125:
        return bytes((first, size)) + payload
    if size < KIB_64:
        return bytes((first, 126)) + struct.pack("!H", size) + payload
    return bytes((first, 127)) + struct.pack("!Q", size) + payload


def events(frames, *pieces):
    """Feed data in pieces; give the events without the steps."""
    found = []
    for piece in pieces:
        frames.feed(piece)
        while (event := frames.next()) is not None:
            if event is not Step.PARTIAL:
                found.append(event)
    return found


def test_a_whole_text_frame_of_any_size_gives_its_message():
    for size in (0, 1, 125, 126, 583, 65535, 65536):
        assert events(ServerFrames(1 << 20), server_frame(b"x" * size)) == [b"x" * size]


def test_fragments_are_joined_and_control_frames_between_them_come_first():
    ping, close = server_frame(b"ping", 0x89), server_frame(b"", 0x88)
    data = server_frame(b"one ", 0x01) + ping + server_frame(b"", 0x00) + server_frame(b"two", 0x80) + close
    assert events(ServerFrames(1000), data) == [Control(ping), b"one two", Control(close)]


def test_a_binary_message_gives_its_size_and_is_not_held():
    frames = ServerFrames(1000)
    assert events(frames, server_frame(b"x" * 300, 0x02) + server_frame(b"y" * 100, 0x80)) == [Binary(400)]
    assert events(frames, server_frame(b"z" * 900, 0x82)[:800]) == []
    assert frames.unfinished_bytes == 0
    assert events(frames, server_frame(b"z" * 900, 0x82)[800:]) == [Binary(900)]


@pytest.mark.parametrize(
    ("foreign", "code"),
    [
        (b"\xc1\x04zzzz", 1002),
        (b"\x91\x00", 1002),
        (b"\x83\x00", 1002),
        (b"\x8b\x00", 1002),
        (b"\x8f\x01x", 1002),
        (b"\x09\x00", 1002),
        (b"\x89\x7e\x00\x80" + b"x" * 128, 1002),
        (b"\x81\x85mask\0\0\0\0\0", 1002),
        (b"\x88\x82mask\0\0", 1002),
        (b"\x80\x01x", 1002),
        (b"\x81\x7e\x00\x05short", 1002),
        (b"\x81\x7f" + struct.pack("!Q", 500) + b"x" * 500, 1002),
        (server_frame(b"x" * 1001), 1009),
        (server_frame(b"x" * 1001, 0x82), 1009),
        (server_frame(b"x" * 600, 0x01) + server_frame(b"x" * 401, 0x80), 1009),
    ],
)
@pytest.mark.parametrize("is_cut", [False, True])
def test_a_violation_is_told_once_and_after_it_only_frames_of_control(foreign, code, is_cut):
    before, text, close = server_frame(b"before"), server_frame(b"after"), server_frame(b"", 0x88)
    data = before + foreign + text + foreign + close
    pieces = [data[at : at + 1] for at in range(len(data))] if is_cut else [data]
    first, violation, *rest = events(ServerFrames(1000), *pieces)
    assert first == b"before"
    assert isinstance(violation, Violation)
    assert violation.code == code
    assert rest == [Control(close)]


def test_a_new_message_within_an_unfinished_one_is_a_violation():
    (violation,) = events(ServerFrames(1000), server_frame(b"one", 0x01) + server_frame(b"two"))
    assert violation == Violation(1002, "frame with opcode 1 inside a fragmented message")


def test_a_frame_of_impossible_length_is_skipped_for_ever():
    frames = ServerFrames(1000)
    (violation,) = events(frames, b"\x81\x7f" + struct.pack("!Q", (1 << 64) - 1), b"x" * 5000)
    assert violation.code == 1002
    assert frames.unfinished_bytes == 0


def test_dropped_messages_are_not_held_and_frames_of_control_still_come():
    frames, close = ServerFrames(1000), server_frame(b"", 0x88)
    assert events(frames, server_frame(b"x" * 500, 0x01)) == []
    assert frames.unfinished_bytes == 500
    frames.drop_messages()
    assert frames.unfinished_bytes == 0
    assert events(frames, server_frame(b"x" * 900, 0x80), server_frame(b"text"), close) == [Control(close)]
    assert frames.unfinished_bytes == 0


def test_a_fragment_costs_no_memory_beyond_its_bytes():
    frames = ServerFrames(1 << 20)
    frames.feed(server_frame(b"", 0x01) + server_frame(b"", 0x00) * 10_000 + server_frame(b"x", 0x00) * 10_000)
    while frames.next() is not None:
        pass
    assert frames.unfinished_bytes == 10_000


def test_one_step_takes_one_frame():
    frames = ServerFrames(1 << 20)
    frames.feed(server_frame(b"", 0x01) + server_frame(b"", 0x00) * 9 + server_frame(b"", 0x8A) * 10)
    steps = 0
    while frames.next() is not None:
        steps += 1
    assert steps == 20


DATA_FRAMES = st.builds(server_frame, st.binary(max_size=300), st.sampled_from([0x81, 0x82, 0x01, 0x00, 0x80]))
CONTROL_FRAMES = st.builds(server_frame, st.binary(max_size=125), st.sampled_from([0x88, 0x89, 0x8A]))


@settings(deadline=None, max_examples=100)
@given(st.lists(DATA_FRAMES | CONTROL_FRAMES, max_size=6), st.binary(max_size=12), st.integers(1, 50))
def test_data_in_pieces_of_any_size_gives_the_same_events_as_data_at_once(parts, rest, size):
    data = b"".join(parts) + rest
    at_once = events(ServerFrames(400), data)
    assert events(ServerFrames(400), *(data[at : at + size] for at in range(0, len(data), size))) == at_once
