"""Adapter: one connection to an Asterisk's manager port: actions and their answers, events, pings.

It reads as fast as it handles messages, because Asterisk queues events without bound for a slow reader. A flood of
events takes a few milliseconds of each turn of the reactor (`FairTurns`). Every action has a time-out. Every waiter
fails when the connection is lost. A connection that answers no Ping is dropped. ActionIDs are random: a caller whose
text gets into an event cannot answer an action.
"""

import secrets
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from attrs import frozen
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IPushProducer, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from exoswitch.ami import actions
from exoswitch.ami.message import AmiDecoder, AmiMessage, encode
from exoswitch.errors import BackendUnavailable, ChannelGone, LocalProtocolError, RemoteProtocolError, TrunkRefused
from exoswitch.tasks.fair_turns import FairTurns
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.within import within

ACTION_WAIT_S = 10.0
PING_EVERY_S = 10.0
MOST_WAITING = 10_000
LONGEST_LIST = 20_000
CALLS_A_TURN = 16  # that end, or are told of, together: the next frame of audio is never far


@frozen(eq=False)
class _Waiter:
    """An action on its way; `items` collects the events of a list, and is None if the response is the answer.

    `end` names the event that closes the list.
    """

    action: str
    answer: Deferred[Any]
    items: list[AmiMessage] | None
    end: str = ""


@frozen(kw_only=True, eq=False)
class AmiListener:
    """The callbacks of a connection's user.

    `connected`: the connection is up. `event`: an event came that answers no action. `refused`: a message was
    refused, and why. `lost`: the connection is lost, and why. `answered`: an action of this name has its answer, or
    no longer waits for it, so many seconds after it was sent.
    """

    connected: Callable[["AmiProtocol"], None]
    event: Callable[[AmiMessage], None]
    refused: Callable[[str], None]
    lost: Callable[["AmiProtocol", str], None]
    answered: Callable[[str, float], None]


class AmiProtocol(Protocol):
    """The client's side of AMI.

    It decodes only the events whose names are in `wanted`, or all if that is None. `server` is Asterisk's name in
    errors.
    """

    transport: ITCPTransport
    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        turns: FairTurns,
        listener: AmiListener,
        wanted: frozenset[str] | None = None,
        *,
        server: str = "Asterisk",
    ) -> None:
        self._server = server
        self._clock = clock
        self._turns = turns
        self._listener = listener
        self._decoder = AmiDecoder(wanted=wanted)
        self._waiters: dict[str, _Waiter] = {}
        self._is_up = False
        self._booted: Deferred[None] = Deferred()
        self._pings: LoopingCall | None = None
        self._reason = ""
        self._received: deque[AmiMessage] = deque()

    # --- What its user asks -------------------------------------------------------------------------------------

    def when_booted(self) -> Deferred[None]:
        """Wait until Asterisk is fully booted: before that it takes logins, but every Originate fails."""
        return self._booted if self._is_up else fail(self._no_connection())

    def action(self, message: AmiMessage) -> Deferred[AmiMessage]:
        """Send an action, and give its response: Success or Error.

        Raises:
            BackendUnavailable: not connected, or no answer in time.
        """
        return self._begin(message, None)

    async def command(self, message: AmiMessage) -> AmiMessage:
        """Send an action for a channel, and give its response if that is a Success.

        Raises:
            ChannelGone: Asterisk says that there is no such channel.
            TrunkRefused: Asterisk refused for another reason, or would not take so long a line.
            BackendUnavailable: not connected, or no answer in time.
        """
        try:
            response = await self.action(message)
        except LocalProtocolError as problem:
            raise TrunkRefused(f"{message.get('Action')} cannot be sent to {self._server}: {problem}") from problem
        if response.succeeded:
            return response
        text = f"{self._server} refused {message.get('Action')}: {response.get('Message')}"
        raise (ChannelGone if actions.says_channel_gone(response) else TrunkRefused)(text)

    def collect(self, message: AmiMessage, end: str = "") -> Deferred[list[AmiMessage]]:
        """Send an action whose answer is a list of events, and give the list without its closing event.

        That one is `end`, or has the action's name with ``Complete`` after it.

        Raises:
            BackendUnavailable: Asterisk refused, not connected, or the list was not complete in time.
        """
        return self._begin(message, [], end or f"{message.get('Action')}Complete")

    def keep_alive(self) -> None:
        """Ping from now on, and drop the connection if no answer comes."""
        self._pings = repeat(self._ping, PING_EVERY_S, self._clock, self._log)

    def drop(self, reason: str) -> None:
        """End the connection at once."""
        self._is_up = False
        self._reason = self._reason or reason
        self.transport.abortConnection()

    @property
    def waiting(self) -> int:
        """How many actions wait for their answer."""
        return len(self._waiters)

    # --- What Twisted calls -------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """Tell our user."""
        self._is_up = True
        self._listener.connected(self)

    def dataReceived(self, data: bytes) -> None:
        """Take in messages; bytes that are not AMI end the connection."""
        if not self._is_up:
            return
        try:
            messages = self._decoder.feed(data)
        except RemoteProtocolError as problem:
            self.drop(str(problem))
            return
        self._received.extend(messages)
        self._turns.start(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell our user, then fail every waiter."""
        self._is_up = False
        self._received.clear()
        self._reason = self._reason or reason.getErrorMessage()
        if self._pings is not None:
            self._pings.stop()
        self._listener.lost(self, self._reason)
        if not self._booted.called:
            self._booted.errback(self._no_connection())
            self._booted.addErrback(lambda _: None)  # Nobody may wait for it.
        self._fail_waiters()

    # --- Messages -----------------------------------------------------------------------------------------------

    def work(self) -> bool:
        """Handle one message, in its turn; say whether more have come."""
        if self._received and self._is_up:
            self._receive(self._received.popleft())
        return bool(self._received) and self._is_up

    def pause(self) -> None:
        """Read nothing: what has come waits for its turn."""
        if self._is_up:
            cast("IPushProducer", self.transport).pauseProducing()

    def resume(self) -> None:
        """Read again."""
        if self._is_up:
            cast("IPushProducer", self.transport).resumeProducing()

    def give_up(self, why: str) -> None:
        """End the connection: a message could not be handled."""
        self.drop(why)

    def _receive(self, message: AmiMessage) -> None:
        name = message.event
        if message.foreign:
            self._listener.refused(message.foreign)
        elif not name:
            self._respond(message)
        elif name == "FullyBooted":
            if not self._booted.called:
                self._booted.callback(None)
        elif not self._gather(message):
            try:
                self._listener.event(message)
            except Exception:  # noqa: BLE001 - a fault in one event must not end the connection
                self._log.failure("the {event} event could not be handled", event=name)

    def _respond(self, message: AmiMessage) -> None:
        waiter = self._waiters.get(message.action_id)
        if waiter is None:
            return  # It came too late: its waiter has timed out.
        if waiter.items is None:
            self._end(message.action_id, message)
        elif not message.succeeded:
            self._end(
                message.action_id,
                BackendUnavailable(f"{self._server} refused {waiter.action}: {message.get('Message')}"),
            )

    def _gather(self, message: AmiMessage) -> bool:
        """Take an event if it belongs to a list; say whether it did."""
        waiter = self._waiters.get(message.action_id)
        if waiter is None or waiter.items is None:
            return False
        if message.event == waiter.end:
            self._end(message.action_id, waiter.items)
        elif len(waiter.items) < LONGEST_LIST:
            waiter.items.append(message)
        else:
            self._end(message.action_id, BackendUnavailable(f"a list of {self._server} exceeds {LONGEST_LIST} items"))
        return True

    # --- Waiters ------------------------------------------------------------------------------------------------

    def _begin(self, message: AmiMessage, items: list[AmiMessage] | None, end: str = "") -> Deferred[Any]:
        if not self._is_up:
            return fail(self._no_connection())
        if len(self._waiters) >= MOST_WAITING:
            return fail(BackendUnavailable(f"{MOST_WAITING} actions already wait for the answer of {self._server}"))
        if not message.action_id:
            message = AmiMessage((*message.headers, ("ActionID", secrets.token_hex(16))))
        action_id = message.action_id
        if action_id in self._waiters:
            raise LocalProtocolError(f"an action with the ActionID {action_id} already waits for its answer")
        self.transport.write(encode(message))

        def cancelled(_: Deferred[Any]) -> None:
            del self._waiters[action_id]

        answer: Deferred[Any] = Deferred(cancelled)
        self._waiters[action_id] = _Waiter(message.get("Action"), answer, items, end)
        answer.addBoth(self._timed, message.get("Action"), self._clock.seconds())
        return within(ACTION_WAIT_S, self._clock, answer, self._server, message.get("Action"))

    def _timed(self, result: Any, action: str, sent_at: float) -> Any:
        self._listener.answered(action, self._clock.seconds() - sent_at)
        return result

    def _end(self, action_id: str, result: AmiMessage | list[AmiMessage] | BackendUnavailable) -> None:
        answer = self._waiters.pop(action_id).answer
        if isinstance(result, BackendUnavailable):
            answer.errback(result)
        else:
            answer.callback(result)

    def _fail_waiters(self) -> None:
        """Fail some waiters a turn: each of them may be a call that ends."""
        for action_id in tuple(self._waiters)[:CALLS_A_TURN]:
            if action_id in self._waiters:
                self._end(action_id, self._no_connection())
        if self._waiters:
            self._clock.callLater(0, self._fail_waiters)

    def _no_connection(self) -> BackendUnavailable:
        return BackendUnavailable(f"{self._server} is not connected: {self._reason or 'no connection yet'}")

    async def _ping(self) -> None:
        try:
            await self.action(AmiMessage.action("Ping"))
        except BackendUnavailable as problem:
            if self._is_up:
                self.drop(str(problem))
