"""Root: the links of a command to servers: each is made once, used, and ended with the command."""

import random
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, capturedLogs, formatEvent

from exoswitch.ami.client import AmiProtocol
from exoswitch.ami.link import AmiLink
from exoswitch.ami.message import AmiMessage
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import ExoswitchError
from exoswitch.tasks.fair_turns import ASTERISKS_S, FairTurns
from exoswitch.tasks.within import within
from exoswitch.telemetry.memory import MemoryMetrics

T = TypeVar("T")

ANSWER_S = 8.0


class Login(AmiLink):
    """A link to an Asterisk's manager; `up` fires once, with the connection and the channels that are up."""

    def __init__(self, asterisk: AsteriskConfig, reactor: Any) -> None:
        super().__init__(asterisk, reactor, FairTurns(reactor, ASTERISKS_S), random.Random(), MemoryMetrics())
        self.up: Deferred[tuple[AmiProtocol, list[AmiMessage]]] = Deferred()

    def event(self, message: AmiMessage) -> None:
        """Ignore events."""

    def came_up(self, connection: AmiProtocol, found: list[AmiMessage]) -> None:
        """Give the connection and the channels, the first time."""
        if not self.up.called:
            self.up.callback((connection, found))


async def linked(
    link: Any,
    reactor: Any,
    look: Callable[[], Coroutine[Any, Any, T]],
    failed: Callable[[str], T],
    *,
    wait_s: float = ANSWER_S,
) -> T:
    """Use a server through its link for so long; a failure is told in the words that the link logs."""
    with capturedLogs() as log:
        link.startService()
        try:
            return await within(wait_s, reactor, look(), link.server)
        except ExoswitchError as problem:
            told = (event for event in log if event["log_level"] in {LogLevel.warn, LogLevel.error})
            return failed(next((_told(event) for event in told), str(problem)))
        finally:
            await link.stopService()


def _told(event: dict[str, Any]) -> str:
    """Give the text of a log event; of a link's trouble without the time of the next attempt, which is not made."""
    return str(event.get("trouble") or formatEvent(event))
