"""A phone whose audio is SRTP (RFC 3711), with the keys that SDES has exchanged."""

import base64

from attrs import define, field
from pylibsrtp import Error, Policy, Session

from tests.harness.e2e.phone import Phone

PROFILE = Policy.SRTP_PROFILE_AES128_CM_SHA1_80


@define
class SecurePhone(Phone):
    """A phone that hears nothing that is not encrypted with the other side's key."""

    refused: int = field(default=0, init=False)
    _sends: Session | None = field(default=None, init=False)
    _receives: Session | None = field(default=None, init=False)

    def secure(self, *, sends: str, receives: str) -> None:
        """Take the master keys of both directions, as SDP has them."""
        self._sends = Session(Policy(base64.b64decode(sends), Policy.SSRC_ANY_OUTBOUND, srtp_profile=PROFILE))
        self._receives = Session(Policy(base64.b64decode(receives), Policy.SSRC_ANY_INBOUND, srtp_profile=PROFILE))

    def sealed(self, packet: bytes) -> bytes:
        """Encrypt a packet."""
        assert self._sends is not None, "the keys have not been exchanged"
        return bytes(self._sends.protect(packet))

    def opened(self, datagram: bytes) -> bytes:
        """Decrypt a packet; one with another key is counted, and not heard."""
        try:
            return bytes(self._receives.unprotect(datagram)) if self._receives else b""
        except Error:
            self.refused += 1
            return b""
