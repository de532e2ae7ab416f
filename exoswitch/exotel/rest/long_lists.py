"""Adapter: long lists of what is configured for an account: written a part at a time, and kept.

5,000 numbers take up to 90 ms to write, and nothing else would happen meanwhile. Some dialers ask before each call.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from exoswitch.exotel.rest.endpoint import Answered, Asked
from exoswitch.exotel.rest.form import Form
from exoswitch.interfaces.routing import Account
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.fair_turns import HTTP_REST, HTTP_S
from exoswitch.tasks.one_at_a_time import OneAtATime

SHORT = 20
"""Items of a list that is written at once, and not kept."""

_KEPT = 16  # lists; one of 5,000 numbers has up to 2 MB
_ALL = "all"  # lists are written one after the other

_Key = tuple[str, Form, str]


@define(eq=False)
class LongLists:
    """Writes lists that depend on the account alone: a reload makes a new account if one of them changes."""

    _clock: IReactorTime
    _kept: dict[_Key, tuple[Account, bytes]] = field(factory=dict, init=False)  # in the order of their last use
    _writing: OneAtATime = field(factory=OneAtATime, init=False)

    async def answer(
        self, asked: Asked, kind: str, count: int, document: Callable[[Account], Mapping[str, Any]]
    ) -> Answered:
        """Answer with the document of an account; its last value is an iterator of at most so many items."""
        if count <= SHORT:
            return Answered({}, body=b"".join(asked.form.parts(document(asked.account))))
        key = (asked.account.name, asked.form, kind)
        body = self._find(key, asked.account)
        if body is None:
            body = await self._writing.run(_ALL, lambda: self._write(key, asked.account, document))
        return Answered({}, body=body)

    def _find(self, key: _Key, account: Account) -> bytes | None:
        found = self._kept.pop(key, None)
        if found is None or found[0] is not account:
            return None
        self._kept[key] = found
        return found[1]

    @deferred
    async def _write(self, key: _Key, account: Account, document: Callable[[Account], Mapping[str, Any]]) -> bytes:
        """Write a list, unless another client has just waited for it; give HTTP a rest after its time in a turn."""
        body = self._find(key, account)
        if body is not None:
            return body
        _, form, _ = key
        written, began = [], self._clock.seconds()
        for part in form.parts(document(account)):
            written.append(part)
            spent = self._clock.seconds() - began
            if spent >= HTTP_S:
                await deferLater(self._clock, HTTP_REST * spent)
                began = self._clock.seconds()
        body = b"".join(written)
        self._kept[key] = account, body
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return body
