"""Adapter: whether a client has the token of an account, which the configuration has as it is, or as a hash.

A right token is remembered, so that only the first request with it waits for a check. A few wrong ones are remembered
too: a dialer with an old token tries it again and again.
"""

import hmac
import secrets
from collections import OrderedDict
from hashlib import blake2b

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from exoswitch.credentials.hash_checks import HashChecks
from exoswitch.credentials.token_hash import TokenHash, is_hash

MAX_WRONG = 1000


@define(eq=False)
class Tokens:
    """Compares tokens in constant time. It keeps no token: only a digest with a key of this process."""

    _checks: HashChecks
    _key: bytes = field(factory=lambda: secrets.token_bytes(32), init=False, repr=False)
    _right: dict[str, bytes] = field(factory=dict, init=False, repr=False)
    _wrong: OrderedDict[bytes, None] = field(factory=OrderedDict, init=False, repr=False)
    _asked: dict[bytes, list[Deferred[bool]]] = field(factory=dict, init=False, repr=False)

    def same(self, one: bytes, other: bytes) -> bool:
        """Compare two texts in a time that tells nothing of them, not even their lengths."""
        return hmac.compare_digest(self._digest(one), self._digest(other))

    async def is_right(self, account: str, known: str, token: bytes, address: str) -> bool:
        """Whether `token` is the token of an account, of which the configuration has `known`.

        Raises:
            BackendUnavailable: too many tokens are being checked.
        """
        if not is_hash(known):
            return self.same(token, known.encode())
        digest = self._digest(known.encode(), token)
        if hmac.compare_digest(self._right.get(account, b""), digest):
            return True
        if digest in self._wrong:
            self._wrong.move_to_end(digest)
            return False
        is_right = await self._check(digest, known, token, address)
        if is_right:
            self._right[account] = digest
        else:
            self._wrong[digest] = None
            if len(self._wrong) > MAX_WRONG:
                self._wrong.popitem(last=False)
        return is_right

    def _check(self, digest: bytes, known: str, token: bytes, address: str) -> Deferred[bool]:
        """Check a token; all who ask for the same one meanwhile get the same answer."""
        answer: Deferred[bool] = Deferred()
        if digest in self._asked:
            self._asked[digest].append(answer)
        else:
            checked = self._checks.check(TokenHash.read(known), token, address)
            self._asked[digest] = [answer]
            checked.addBoth(self._tell, digest)
        return answer

    def _tell(self, result: bool | Failure, digest: bytes) -> None:
        for answer in self._asked.pop(digest):
            if not answer.called:
                answer.callback(result)

    def _digest(self, *texts: bytes) -> bytes:
        whole = blake2b(key=self._key)
        for text in texts:
            whole.update(len(text).to_bytes(8) + text)
        return whole.digest()
