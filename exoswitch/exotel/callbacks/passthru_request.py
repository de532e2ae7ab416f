"""Adapter: asks the passthru of an app, as Exotel's Passthru applet does: one GET, no redirect followed."""

from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from zope.interface import implementer

from exoswitch.call.session import Session
from exoswitch.exotel.callbacks.outgoing import Outgoing
from exoswitch.exotel.callbacks.passthru import question
from exoswitch.interfaces.passthru import IPassthru


@implementer(IPassthru)
class PassthruRequests(Service):
    """Asks over `outgoing`; `wall_clock` gives seconds since the epoch.

    `recording_url` gives the URL that a call's recording will have after its end, or an empty text.
    """

    def __init__(
        self, outgoing: Outgoing, wall_clock: Callable[[], float], recording_url: Callable[[Session], str]
    ) -> None:
        self._outgoing = outgoing
        self._wall_clock = wall_clock
        self._recording_url = recording_url
        self._under_way: set[Deferred[int]] = set()

    def ask(self, session: Session) -> Deferred[int]:
        """Tell how a call's last stream ended; give the status of the answer, see IPassthru."""
        asked = Deferred.fromCoroutine(self._ask(session))
        self._under_way.add(asked)
        return asked.addBoth(self._answered, asked)

    async def _ask(self, session: Session) -> int:
        if session.bot is None or session.bot.passthru is None:
            raise LookupError("a passthru is asked for a call without one")
        passthru = session.bot.passthru
        reply = await self._outgoing.send(
            "GET",
            question(session, passthru, self._wall_clock(), self._recording_url(session)),
            account=session.account,
            timeout_s=passthru.timeout_s,
            configured=passthru.url,
        )
        return reply.status

    def _answered(self, result: Any, asked: Deferred[int]) -> Any:
        self._under_way.discard(asked)
        return result

    def stopService(self) -> None:
        """Give up the questions that have no answer yet: no caller waits for them now."""
        for asked in tuple(self._under_way):
            asked.cancel()
