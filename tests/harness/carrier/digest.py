"""HTTP Digest as SIP uses it (RFC 3261 §22, RFC 2617): a challenge, and the check of its answer."""

import hashlib
import re
import secrets

from attrs import define, field

from tests.harness.carrier.message import Message

_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\s]+))')


@define
class Digest:
    """What a registrar or a proxy asks of one user; `user` is the private identity, often not the number.

    A nonce is good until `forget()`; then its next use is answered with ``stale=true``.
    """

    user: str
    password: str
    realm: str
    nonces: set[str] = field(factory=set, init=False)
    old_nonces: set[str] = field(factory=set, init=False)

    def challenge(self, *, stale: bool = False) -> str:
        """Give the value of WWW-Authenticate or Proxy-Authenticate."""
        nonce = secrets.token_hex(16)
        self.nonces.add(nonce)
        more = ", stale=true" if stale else ""
        return f'Digest realm="{self.realm}", nonce="{nonce}", algorithm=MD5, qop="auth"{more}'

    def forget(self) -> None:
        """Let every nonce be stale."""
        self.old_nonces |= self.nonces
        self.nonces.clear()

    def verdict(self, request: Message) -> str:
        """Say what the request's credentials are: ``good``, ``stale``, ``wrong``, or ``none``."""
        value = request.get("Authorization") or request.get("Proxy-Authorization")
        if value is None:
            return "none"
        given = credentials(value)
        if given.get("username") != self.user or given.get("realm") != self.realm:
            return "wrong"
        if given.get("response") != self._expected(request.method, given):
            return "wrong"
        if given["nonce"] in self.nonces:
            return "good"
        return "stale" if given["nonce"] in self.old_nonces else "wrong"

    def _expected(self, method: str, given: dict[str, str]) -> str:
        secret = _md5(f"{self.user}:{self.realm}:{self.password}")
        what = _md5(f"{method}:{given.get('uri')}")
        count, theirs = given.get("nc"), given.get("cnonce")
        return _md5(f"{secret}:{given.get('nonce')}:{count}:{theirs}:{given.get('qop')}:{what}")


def credentials(value: str) -> dict[str, str]:
    """Read the parameters of an Authorization header, or of a challenge."""
    return {name: quoted or plain for name, quoted, plain in _PAIR.findall(value)}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
