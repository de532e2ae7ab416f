"""The phone with SRTP: it hears who has its key, and nobody else."""

from tests.harness.carrier.sdp import new_key
from tests.harness.carrier.secure_phone import SecurePhone

RTP = bytes([0x80, 0, 0, 1]) + bytes(8) + b"\x55" * 160


def test_only_packets_with_the_right_key_are_opened():
    with SecurePhone() as one, SecurePhone() as other:
        one.play_nothing()
        other.play_nothing()
        mine, yours = new_key(), new_key()
        one.secure(sends=mine, receives=yours)
        other.secure(sends=yours, receives=mine)
        sealed = one.sealed(RTP)
        assert RTP[12:] not in sealed
        assert other.opened(sealed) == RTP
        assert other.opened(RTP) == b""
        assert other.refused == 1
