"""Core: the scrypt hash of a token, as a configuration file has it (RFC 7914, and the PHC string format).

It is written as ``$scrypt$ln=14,r=8,p=1$SALT$DIGEST``; salt and digest are in Base64 without padding.
"""

import base64
import binascii
import hmac
import re
from hashlib import scrypt

from attrs import field, frozen

from exoswitch.errors import InvalidValue

PREFIX = "$scrypt$"
SALT_BYTES = 16
_DIGEST_BYTES = 32
_FORM = re.compile(
    r"\$scrypt\$ln=(?P<ln>[0-9]{1,2}),r=(?P<r>[0-9]{1,2}),p=(?P<p>[0-9]{1,2})"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,86})\$(?P<digest>[A-Za-z0-9+/]{22,86})",
    re.ASCII,
)
_COSTS, _BLOCKS, _PARALLEL = range(10, 18), range(1, 17), range(1, 5)
_LEFT_BY_A_SHELL = re.compile(r"=[0-9]{1,2},r=[0-9]{1,2},p=", re.ASCII)
_MALFORMED = "is not a hash of `exoswitch hash-token`: write all that it prints, in single quotes in a shell"
_TOO_DEAR = "has costs that no login may take: write ln from 10 to 17, r from 1 to 16, p from 1 to 4"


@frozen(kw_only=True)
class TokenHash:
    """A hash: N is 2 ** `cost`, and a check takes 128 * N * `block` bytes of memory."""

    cost: int = 14
    block: int = 8
    parallel: int = 1
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, token: bytes, salt: bytes) -> "TokenHash":
        """Hash a token, with the usual costs: about 50 ms and 16 MiB."""
        bare = cls(salt=salt, digest=bytes(_DIGEST_BYTES))
        return cls(salt=salt, digest=bare._digest_of(token))

    @classmethod
    def read(cls, text: str) -> "TokenHash":
        """Read a hash.

        Raises:
            InvalidValue: it is malformed, or a check would take too long.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise InvalidValue(_MALFORMED)
        cost, block, parallel = int(match["ln"]), int(match["r"]), int(match["p"])
        if cost not in _COSTS or block not in _BLOCKS or parallel not in _PARALLEL:
            raise InvalidValue(_TOO_DEAR)
        return cls(
            cost=cost, block=block, parallel=parallel, salt=_decoded(match["salt"]), digest=_decoded(match["digest"])
        )

    def __str__(self) -> str:
        """Write the hash."""
        return f"{PREFIX}ln={self.cost},r={self.block},p={self.parallel}${_text(self.salt)}${_text(self.digest)}"

    def matches(self, token: bytes) -> bool:
        """Whether this is the hash of a token; the work takes 50 ms or more, and the GIL is free in it."""
        return hmac.compare_digest(self._digest_of(token), self.digest)

    def _digest_of(self, token: bytes) -> bytes:
        n = 1 << self.cost
        return scrypt(
            token,
            salt=self.salt,
            n=n,
            r=self.block,
            p=self.parallel,
            maxmem=256 * n * self.block,  # OpenSSL counts a little more than 128 * N * r
            dklen=len(self.digest),
        )


def is_hash(text: str) -> bool:
    """Whether a token of a configuration file is a hash, or what a shell leaves of one without single quotes."""
    return text.startswith(PREFIX) or _LEFT_BY_A_SHELL.match(text) is not None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise InvalidValue(_MALFORMED) from None
