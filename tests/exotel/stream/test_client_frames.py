import struct

from exoswitch.exotel.stream.client_frames import ClientFrames


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
