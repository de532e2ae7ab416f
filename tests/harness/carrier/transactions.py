"""Transactions over UDP (RFC 3261 §17): an answer is repeated until its ACK, a request until its answer."""

import asyncio
from collections.abc import Callable

from attrs import define, field

from tests.harness.carrier.message import Message
from tests.harness.carrier.transports import Link

T1_S = 0.5
T2_S = 4.0
GIVE_UP_S = 64 * T1_S

Send = Callable[[Message, Link], None]


@define
class ServerTransactions:
    """The requests that were received. A repeated request gets its last answer again."""

    send: Send
    _answers: dict[tuple[str, str], Message | None] = field(factory=dict)
    _repeating: dict[str, asyncio.Task[None]] = field(factory=dict)

    def is_new(self, request: Message, link: Link) -> bool:
        """Whether this request is no repetition; answers it again if it is."""
        key = _key(request)
        if key not in self._answers:
            self._answers[key] = None
            return True
        if answer := self._answers[key]:
            self.send(answer, link)
        return False

    def answer(self, request: Message, response: Message, link: Link) -> None:
        """Send an answer; a final one of an INVITE is repeated until it is acknowledged (§13.3.1.4, §17.2.1)."""
        self._answers[_key(request)] = response
        self.send(response, link)
        if request.method == "INVITE" and response.status >= 200 and (link.name == "udp" or response.status < 300):
            self._repeat(request, response, link)

    def acknowledged(self, call_id: str, cseq: int) -> None:
        """Stop repeating: the ACK has come."""
        if task := self._repeating.pop(f"{call_id} {cseq}", None):
            task.cancel()

    def _repeat(self, request: Message, response: Message, link: Link) -> None:
        key = f"{request.call_id} {request.cseq}"
        task = asyncio.get_running_loop().create_task(repeat(lambda: self.send(response, link)))
        self._repeating[key] = task
        task.add_done_callback(lambda done: self._repeating.pop(key, None) if self._is(key, done) else None)

    def _is(self, key: str, task: "asyncio.Task[None]") -> bool:
        return self._repeating.get(key) is task

    def close(self) -> None:
        """Stop repeating anything."""
        for task in list(self._repeating.values()):
            task.cancel()


@define
class ClientTransactions:
    """The requests that were sent, and what waits for their final answers."""

    send: Send
    _waiting: dict[tuple[str, str], "asyncio.Future[Message]"] = field(factory=dict)
    _provisional: set[tuple[str, str]] = field(factory=set)

    async def request(self, request: Message, link: Link) -> Message:
        """Send a request, repeat it over UDP, and give its final answer.

        Raises:
            TimeoutError: none came.
        """
        key = _key(request)
        self._waiting[key] = asyncio.get_running_loop().create_future()
        self.send(request, link)
        again = asyncio.get_running_loop().create_task(self._repeat(key, request, link))
        try:
            return await asyncio.wait_for(self._waiting[key], GIVE_UP_S)
        finally:
            again.cancel()
            del self._waiting[key]
            self._provisional.discard(key)

    def answered(self, response: Message) -> None:
        """Take an answer."""
        key = _key(response)
        waiting = self._waiting.get(key)
        if response.status < 200:
            self._provisional.add(key)
        elif waiting is not None and not waiting.done():
            waiting.set_result(response)

    async def _repeat(self, key: tuple[str, str], request: Message, link: Link) -> None:
        if link.name == "udp":
            await repeat(lambda: None if key in self._provisional else self.send(request, link))


async def repeat(send: Callable[[], None]) -> None:
    """Call this after T1, then twice as late each time, at most T2, until 64 T1 are over."""
    wait_s, left_s = T1_S, GIVE_UP_S
    while left_s > 0:
        await asyncio.sleep(wait_s)
        send()
        left_s -= wait_s
        wait_s = min(2 * wait_s, T2_S)


def _key(message: Message) -> tuple[str, str]:
    return message.branch, message.method
