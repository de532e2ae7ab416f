"""Adapter: delivers a status callback: renders it, signs it, sends it, and says what the receiver's answer means."""

import secrets
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime

from attrs import define, field
from twisted.logger import Logger

from exoswitch.call.session import Session
from exoswitch.errors import AddressRefused, CorruptRecord, ExoswitchError
from exoswitch.exotel.callbacks.bodies import encode
from exoswitch.exotel.callbacks.documents import document
from exoswitch.exotel.callbacks.outgoing import Outgoing, Reply
from exoswitch.exotel.callbacks.passthru import question
from exoswitch.exotel.callbacks.signature import signature_headers
from exoswitch.outbox.callbacks import PASSTHRU
from exoswitch.outbox.delivery import ATTEMPT_S, Attempt, Leased, Result
from exoswitch.sessions.document import from_text
from exoswitch.tasks.deferred import deferred

_WHY_MAX = 200
_WAY_ON = 302  # the second of the two answers of a passthru; it is no redirect
_NOT_NOW = {408, 425, 429}
"""The statuses of 4xx that say nothing about the callback itself (RFC 9110 §15.5.9, RFC 8470, RFC 6585)."""


@define(eq=False)
class StatusCallbacks:
    """Delivers status callbacks, and tells passthrus of streams that ended with their calls.

    `keys` gives the signing keys of an account, `recording_url` the URL of a call's recording, or ``""``.
    """

    _outgoing: Outgoing
    _keys: Callable[[str], Sequence[bytes]]
    _wall_clock: Callable[[], float]
    _recording_url: Callable[[Session], str] = lambda _session: ""
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.callbacks"), init=False)

    @deferred
    async def deliver(self, leased: Leased) -> Attempt:
        """Deliver a callback once; what goes wrong is a failed attempt."""
        try:
            return self._judge(await self._send(leased), leased.event)
        except AddressRefused as refusal:
            return Attempt(result=Result.FORBIDDEN, why=str(refusal)[:_WHY_MAX])
        except ExoswitchError as problem:
            return Attempt(result=Result.FAILED, why=str(problem)[:_WHY_MAX])
        except Exception:  # noqa: BLE001 - an error in exoswitch must not lose the callback
            self._log.failure("callback {key} cannot be sent", key=leased.key)
            return Attempt(result=Result.FAILED, why="an error in the gateway: see its log")

    async def _send(self, leased: Leased) -> Reply:
        session = from_text(leased.document)
        if leased.event == PASSTHRU:
            return await self._tell_passthru(session)
        callback = session.callback
        if callback is None:
            raise CorruptRecord("the stored session names no one to tell")
        told = document(session, leased.event, self._recording_url(session))
        body = encode(told, callback.content, secrets.token_hex(16))
        signed = signature_headers(leased.key, self._wall_clock(), body.data, self._keys(leased.account))
        return await self._outgoing.send(
            "POST",
            callback.url,
            account=leased.account,
            headers={"Content-Type": body.content_type, **signed},
            body=body.data,
            timeout_s=ATTEMPT_S,
        )

    async def _tell_passthru(self, session: Session) -> Reply:
        passthru = None if session.bot is None else session.bot.passthru
        if passthru is None:
            raise CorruptRecord("the stored session has no passthru to tell")
        return await self._outgoing.send(
            "GET",
            question(session, passthru, self._wall_clock(), self._recording_url(session)),
            account=session.account,
            timeout_s=ATTEMPT_S,
            configured=passthru.url,
        )

    def _judge(self, reply: Reply, event: str) -> Attempt:
        status = reply.status
        if 200 <= status < 300 or (event == PASSTHRU and status == _WAY_ON):
            return Attempt(result=Result.DELIVERED)
        is_refusal = 300 <= status < 500 and status not in _NOT_NOW
        return Attempt(
            result=Result.REFUSED if is_refusal else Result.FAILED,
            why=f"it answered with status {status}",
            retry_after_s=retry_after_s(reply.headers.get("retry-after", ""), self._wall_clock()),
        )


def retry_after_s(value: str, now: float) -> float | None:
    """Read a Retry-After: seconds, or a date (RFC 9110 §10.2.3); None if it is neither."""
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError, TypeError):
        return None
