import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.exotel.stream.websocket_frames import ClientFrames, ServerFrames

KIB_64 = 65536


def unmask(frame: bytes) -> bytes:
    """Read a client's frame byte by byte, as RFC 6455 §5.3 describes it."""
    assert frame[0] == 0x81
    size, start = frame[1] & 0x7F, 2
    assert frame[1] & 0x80
    if size == 126:
        (size,), start = struct.unpack("!H", frame[2:4]), 4
        assert size > 125
    elif size == 127:
        (size,), start = struct.unpack("!Q", frame[2:10]), 10
        assert size > 0xFFFF
    mask, masked = frame[start : start + 4], frame[start + 4 :]
    assert len(masked) == size
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))


def server_frame(payload: bytes, first: int = 0x81) -> bytes:
    """Build a server's frame."""
    size = len(payload)
    if size <= 125:
        return bytes((first, size)) + payload
    return bytes((first, 126)) + struct.pack("!H", size) + payload if size < KIB_64 else (
        bytes((first, 127)) + struct.pack("!Q", size) + payload
    )  # fmt: skip


def test_a_client_frame_of_any_size_has_its_masked_message():
    frames = ClientFrames(lambda count: b"\x12\xab\x00\xff" * (count // 4))
    for size in (0, 1, 2, 3, 4, 5, 125, 126, 127, 583, 4423, 65535, 65536):
        payload = bytes(index * 7 % 256 for index in range(size))
        assert unmask(frames.text(payload)) == payload


def test_no_two_frames_have_the_same_mask():
    asked = []

    def entropy(size):
        asked.append(size)
        return b"".join(struct.pack("!I", len(asked) * 100_000 + index) for index in range(size // 4))

    frames = ClientFrames(entropy)
    masks = [frames.text(b"hello")[2:6] for _ in range(2500)]
    assert len(set(masks)) == len(masks)
    assert len(asked) == 3


def test_a_whole_text_frame_of_any_size_gives_its_message():
    for size in (0, 1, 125, 126, 583, 65535, 65536):
        assert ServerFrames(1 << 20).feed(server_frame(b"x" * size)) == ([b"x" * size], b"")


@pytest.mark.parametrize(
    "foreign",
    [
        server_frame(b"", 0x88),
        server_frame(b"ping", 0x89),
        server_frame(b"pong", 0x8A),
        server_frame(b"binary", 0x82),
        server_frame(b"first fragment", 0x01),
        server_frame(b"last fragment", 0x80),
        server_frame(b"compressed", 0xC1),
        b"\x81\x85mask\0\0\0\0\0",
        b"\x81\x7e\x00\x05short",
        b"\x81\x7f" + struct.pack("!Q", 500) + b"x" * 500,
        b"\x81\x7f" + struct.pack("!Q", 1 << 63),
        server_frame(b"x" * 1001),
    ],
)
def test_other_frames_and_all_data_after_them_are_left_unchanged(foreign):
    before, after = server_frame(b"before"), server_frame(b"after")
    assert ServerFrames(1000).feed(before + foreign + after) == ([b"before"], foreign + after)


def test_an_incomplete_message_is_held_until_its_end_comes():
    frames = ServerFrames(1000)
    whole = server_frame(b"a" * 300)
    assert frames.feed(server_frame(b"first") + whole[:200]) == ([b"first"], b"")
    assert frames.feed(whole[200:] + server_frame(b"last")) == ([b"a" * 300, b"last"], b"")


def test_held_data_can_be_given_back():
    frames = ServerFrames(1000)
    frames.feed(server_frame(b"held")[:4])
    assert frames.release() == server_frame(b"held")[:4]
    assert frames.release() == b""
    assert frames.feed(server_frame(b"next")) == ([b"next"], b"")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=300), max_size=6), st.binary(max_size=12))
def test_data_byte_by_byte_gives_the_same_messages_as_data_at_once(payloads, rest):
    data = b"".join(map(server_frame, payloads)) + rest
    at_once = ServerFrames(400)
    messages, foreign = at_once.feed(data)
    foreign += at_once.release()

    one_by_one = ServerFrames(400)
    received, left = [], b""
    for index in range(len(data)):
        if left:
            left += data[index : index + 1]
            continue
        some, left = one_by_one.feed(data[index : index + 1])
        received += some
    left += one_by_one.release()
    assert (received, left) == (messages, foreign)
    assert b"".join(map(server_frame, received)) + left == data
