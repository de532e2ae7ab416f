"""A registrar (RFC 3261 §10.3) with the moods of real ones: stale nonces, short Expires, refusals for a while."""

import re
import time

from attrs import define, field

from tests.harness.carrier.digest import Digest
from tests.harness.carrier.message import Message, parameter, uri_of

Refusal = tuple[int, str]


@define
class Registrar:
    """Registers one user; without a `digest` anybody.

    `refusal` is the answer to every REGISTER while it is set. `stale_next` answers the next good credentials with a
    new challenge and ``stale=true``. `min_expires` refuses a shorter one by 423. `granted_s` is the longest lease.
    """

    digest: Digest | None = None
    refusal: Refusal | None = None
    is_silent: bool = False
    stale_next: bool = False
    min_expires: int = 0
    granted_s: int = 3600
    bindings: dict[str, float] = field(factory=dict, init=False)
    registered_at: list[float] = field(factory=list, init=False)

    @property
    def is_registered(self) -> bool:
        """Whether a contact is registered now."""
        return any(until > time.monotonic() for until in self.bindings.values())

    def answer(self, request: Message) -> Message | None:
        """Give the answer to a REGISTER; None is silence."""
        if self.is_silent:
            return None
        if self.refusal is not None:
            return request.response(*self.refusal, tag="reg")
        if self.digest is not None and (challenge := self._challenge(self.digest, request)):
            return challenge
        expires = _expires(request)
        if 0 < expires < self.min_expires:
            more = [("Min-Expires", str(self.min_expires))]
            return request.response(423, "Interval Too Brief", more, tag="reg")
        return self._bound(request, min(expires, self.granted_s))

    def _challenge(self, digest: Digest, request: Message) -> Message | None:
        verdict = digest.verdict(request)
        if verdict == "good" and self.stale_next:
            self.stale_next = False
            digest.forget()
            verdict = "stale"
        if verdict == "good":
            return None
        if verdict == "wrong":
            return request.response(403, "Forbidden", tag="reg")
        header = ("WWW-Authenticate", digest.challenge(stale=verdict == "stale"))
        return request.response(401, "Unauthorized", [header], tag="reg")

    def _bound(self, request: Message, expires: int) -> Message:
        now = time.monotonic()
        contact = request.get("Contact") or ""
        if contact == "*" or expires == 0:
            self.bindings.clear()
            return request.response(200, "OK", tag="reg")
        self.bindings = {uri_of(contact): now + expires}
        self.registered_at.append(now)
        return request.response(200, "OK", [("Contact", f"<{uri_of(contact)}>;expires={expires}")], tag="reg")


def _expires(request: Message) -> int:
    contact = re.sub(r"<[^>]*>", "", request.get("Contact") or "")
    return int(parameter(contact, "expires") or request.get("Expires") or 3600)
