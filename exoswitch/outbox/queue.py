"""Core: the queue of deliveries: which may begin, so that a receiver that hangs or is down costs the others nothing.

A receiver that works gets several at a time. One that does not answer, or answers with an error of its own, gets one
at a time until it works again. All receivers of an account together have a part of the places, and not all.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping

from attrs import define, field

from exoswitch.outbox.delivery import Leased, Result

AT_ONCE = 128
EACH_RECEIVER = 8
EACH_ACCOUNT = 48
RECEIVERS_AT_ONCE = 200
"""Of an account, in one look: each takes 20 µs in SQLite, and an account may name a host for every call."""

_DOWN_MAX = 1000  # receivers; of more, the first ones count as working again: each look reads them all, in 0.5 ms


@define(eq=False)
class Queue:
    """The deliveries that are under way."""

    at_once: int = AT_ONCE
    each_receiver: int = EACH_RECEIVER
    each_account: int = EACH_ACCOUNT
    _receivers: Counter[str] = field(factory=Counter, init=False)
    _accounts: Counter[str] = field(factory=Counter, init=False)
    _down: OrderedDict[str, None] = field(factory=OrderedDict, init=False)

    def __len__(self) -> int:
        """Count them."""
        return self._receivers.total()

    @property
    def room(self) -> int:
        """How many more may begin, in all."""
        return self.at_once - len(self)

    def rooms(self) -> Mapping[str, int]:
        """Give how many more may begin for each receiver for which it is not `each_receiver`."""
        concerned = {*self._receivers, *self._down}
        return {receiver: max(self._limit(receiver) - self._receivers[receiver], 0) for receiver in concerned}

    def full_accounts(self) -> frozenset[str]:
        """Give the accounts for which no more may begin."""
        return frozenset(account for account, count in self._accounts.items() if count >= self.each_account)

    def begin(self, leased: Leased) -> None:
        """Count a delivery that begins."""
        self._receivers[leased.receiver] += 1
        self._accounts[leased.account] += 1

    def end(self, leased: Leased, result: Result | None) -> None:
        """Count it no longer; `result` is None if no attempt was made."""
        for counter, name in ((self._receivers, leased.receiver), (self._accounts, leased.account)):
            counter[name] -= 1
            if not counter[name]:
                del counter[name]
        if result in {Result.FAILED, Result.FORBIDDEN}:
            self._down[leased.receiver] = None
            if len(self._down) > _DOWN_MAX:
                self._down.popitem(last=False)
        elif result is not None:
            self._down.pop(leased.receiver, None)

    def _limit(self, receiver: str) -> int:
        return 1 if receiver in self._down else self.each_receiver
