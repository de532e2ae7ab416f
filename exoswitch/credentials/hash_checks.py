"""Adapter: checks of hashes, one after the other in a thread, so that no flood of logins takes the CPU.

A check takes 50 ms of one core. After each one the thread rests four times as long.
"""

from collections import Counter, deque
from collections.abc import Callable

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from exoswitch.credentials.token_hash import TokenHash
from exoswitch.errors import BackendUnavailable
from exoswitch.tasks.spawn import spawn

REST = 4
"""Of the time of a check: the thread takes a fifth of one core at most."""

MAX_WAITING = 32
MAX_WAITING_OF_ADDRESS = 2
_BUSY = "too many logins are being checked: try again"

InThread = Callable[..., Deferred[bool]]
"""Runs a function in a thread."""


@define(eq=False)
class _Check:
    hash: TokenHash
    token: bytes = field(repr=False)
    address: str
    result: Deferred[bool] = field(factory=Deferred, init=False)


@define(eq=False)
class HashChecks:
    """Checks tokens; each client address waits for `MAX_WAITING_OF_ADDRESS` of them at most."""

    _in_thread: InThread
    _clock: IReactorTime
    _waiting: deque[_Check] = field(factory=deque, init=False)
    _of_address: Counter[str] = field(factory=Counter, init=False)
    _is_working: bool = field(default=False, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.rest"), init=False)

    def check(self, known: TokenHash, token: bytes, address: str) -> Deferred[bool]:
        """Check a token.

        Raises:
            BackendUnavailable: too many others wait.
        """
        if len(self._waiting) >= MAX_WAITING or self._of_address[address] >= MAX_WAITING_OF_ADDRESS:
            raise BackendUnavailable(_BUSY)
        check = _Check(known, token, address)
        self._waiting.append(check)
        self._of_address[address] += 1
        if not self._is_working:
            self._is_working = True
            spawn(self._work(), self._log, "checking tokens")
        return check.result

    async def _work(self) -> None:
        try:
            while self._waiting:
                check = self._waiting.popleft()
                self._of_address -= Counter([check.address])  # forgets addresses without a check
                began_at = self._clock.seconds()
                await self._in_thread(check.hash.matches, check.token).addBoth(check.result.callback)
                await deferLater(self._clock, REST * (self._clock.seconds() - began_at))
        finally:
            self._is_working = False
