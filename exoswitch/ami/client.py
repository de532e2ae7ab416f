"""Adapter: one connection to an Asterisk's manager port: actions and their answers, events, and whether it lives.

It always reads, since Asterisk queues without bound for whoever does not. Every action has a time-out, every waiter
fails when the connection does, and a connection that answers no Ping is dropped.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from exoswitch.ami import actions
from exoswitch.ami.message import AmiDecoder, AmiMessage, encode
from exoswitch.errors import (
    BackendUnavailable,
    ChannelGone,
    LocalProtocolError,
    RemoteProtocolError,
    TrunkRefused,
)
from exoswitch.tasks.spawn import spawn

ACTION_WAIT_S = 10.0
PING_EVERY_S = 10.0
MOST_WAITING = 10_000
LONGEST_LIST = 20_000


class LoginRefused(BackendUnavailable):
    """Asterisk does not take the username and secret of the configuration: compare them with its manager.conf."""


@frozen(eq=False)
class _Waiter:
    """An action on its way; `items` gathers the events of a list, and is None where the response is the answer."""

    action: str
    answer: Deferred[Any]
    time_out: IDelayedCall
    items: list[AmiMessage] | None


@frozen(kw_only=True, eq=False)
class AmiListener:
    """Whoever uses a connection: is told when it is up, of each event that answers no action, and why it ended."""

    connected: Callable[["AmiProtocol"], None]
    event: Callable[[AmiMessage], None]
    lost: Callable[["AmiProtocol", str], None]


class AmiProtocol(Protocol):
    """The client's side of AMI; decodes those events only whose names are in `wanted`."""

    transport: ITCPTransport
    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        listener: AmiListener,
        wanted: frozenset[str] | None = None,
        *,
        server: str = "Asterisk",
    ) -> None:
        self._server = server
        self._clock = clock
        self._listener = listener
        self._decoder = AmiDecoder(wanted=wanted)
        self._waiters: dict[str, _Waiter] = {}
        self._numbers = count(1)
        self._is_up = False
        self._is_booted = False
        self._boot_waiters: list[Deferred[None]] = []
        self._next_ping: IDelayedCall | None = None
        self._reason = ""

    # --- What its user asks -------------------------------------------------------------------------------------

    async def log_in(self, username: str, secret: str) -> None:
        """Log in, by challenge where Asterisk gives one.

        Raises:
            LoginRefused: the username or the secret is wrong, or not allowed from here.
            BackendUnavailable: the connection was lost, or no answer came in time.
        """
        challenged = await self.action(actions.challenge())
        accepted = await self.action(actions.log_in(username, secret, challenged))
        if not accepted.succeeded:
            raise LoginRefused(f"Asterisk refused the login of {username!r}: {accepted.get('Message')}")

    def when_booted(self) -> Deferred[None]:
        """Wait until Asterisk is fully booted: it takes logins before that, but its Originates then fail."""
        if self._is_booted:
            return succeed(None)
        if not self._is_up:
            return fail(self._no_connection())
        waiter: Deferred[None] = Deferred(self._boot_waiters.remove)
        self._boot_waiters.append(waiter)
        return waiter

    def action(self, message: AmiMessage, wait_s: float = ACTION_WAIT_S) -> Deferred[AmiMessage]:
        """Send an action, and give its response, be it Success or Error.

        Raises:
            BackendUnavailable: not connected, or no answer in time.
        """
        return self._begin(message, wait_s, None)

    async def command(self, message: AmiMessage) -> AmiMessage:
        """Send an action that is about a channel, and give its response, which is a Success.

        Raises:
            ChannelGone: Asterisk says that there is no such channel.
            TrunkRefused: Asterisk refused for another reason.
            BackendUnavailable: not connected, or no answer in time.
        """
        response = await self.action(message)
        if response.succeeded:
            return response
        text = f"{self._server} refused {message.get('Action')}: {response.get('Message')}"
        raise (ChannelGone if actions.says_channel_gone(response) else TrunkRefused)(text)

    def collect(self, message: AmiMessage, wait_s: float = ACTION_WAIT_S) -> Deferred[list[AmiMessage]]:
        """Send an action that is answered by a list of events, and give those; the last one only closes the list.

        Raises:
            BackendUnavailable: Asterisk refused, not connected, or the list was not complete in time.
        """
        return self._begin(message, wait_s, [])

    def keep_alive(self) -> None:
        """Ping from now on, and drop the connection when no answer comes."""
        self._next_ping = self._clock.callLater(PING_EVERY_S, self._ping)

    def drop(self, reason: str) -> None:
        """End the connection at once."""
        self._is_up = False
        self._reason = self._reason or reason
        self.transport.abortConnection()

    # --- What Twisted calls -------------------------------------------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Tell our user."""
        self._is_up = True
        self._listener.connected(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take in messages; whatever is not AMI ends the connection."""
        if not self._is_up:
            return
        try:
            messages = self._decoder.feed(data)
        except RemoteProtocolError as problem:
            self.drop(str(problem))
            return
        for message in messages:
            self._receive(message)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """Tell our user, then fail whoever waits."""
        self._is_up = False
        self._reason = self._reason or reason.getErrorMessage()
        if self._next_ping is not None:
            self._next_ping.cancel()
            self._next_ping = None
        self._listener.lost(self, self._reason)
        boot_waiters, self._boot_waiters = self._boot_waiters, []
        for boot_waiter in boot_waiters:
            boot_waiter.errback(self._no_connection())
        for action_id in tuple(self._waiters):
            self._end(action_id, self._no_connection())

    # --- Messages -----------------------------------------------------------------------------------------------

    def _receive(self, message: AmiMessage) -> None:
        name = message.event
        if not name:
            self._respond(message)
        elif name == "FullyBooted":
            self._is_booted = True
            boot_waiters, self._boot_waiters = self._boot_waiters, []
            for waiter in boot_waiters:
                waiter.callback(None)
        elif not self._gather(message):
            try:
                self._listener.event(message)
            except Exception:  # noqa: BLE001 - one event's fault must not cost the connection
                self._log.failure("the {event} event could not be handled", event=name)

    def _respond(self, message: AmiMessage) -> None:
        waiter = self._waiters.get(message.action_id)
        if waiter is None:
            return  # It came too late; its waiter has been told so.
        if waiter.items is None:
            self._end(message.action_id, message)
        elif not message.succeeded:
            self._end(
                message.action_id,
                BackendUnavailable(f"{self._server} refused {waiter.action}: {message.get('Message')}"),
            )

    def _gather(self, message: AmiMessage) -> bool:
        """Take an event that belongs to a list; say whether it did."""
        waiter = self._waiters.get(message.action_id)
        if waiter is None or waiter.items is None:
            return False
        if message.get("EventList") == "Complete":
            self._end(message.action_id, waiter.items)
        elif len(waiter.items) < LONGEST_LIST:
            waiter.items.append(message)
        else:
            self._end(message.action_id, BackendUnavailable(f"Asterisk's list exceeds {LONGEST_LIST} items"))
        return True

    # --- Waiters ------------------------------------------------------------------------------------------------

    def _begin(self, message: AmiMessage, wait_s: float, items: list[AmiMessage] | None) -> Deferred[Any]:
        if not self._is_up:
            return fail(self._no_connection())
        if len(self._waiters) >= MOST_WAITING:
            return fail(BackendUnavailable(f"{MOST_WAITING} actions wait for Asterisk's answer already"))
        if not message.action_id:
            message = AmiMessage((*message.headers, ("ActionID", f"exoswitch-{next(self._numbers)}")))
        action_id = message.action_id
        if action_id in self._waiters:
            raise LocalProtocolError(f"an action with the ActionID {action_id} waits for its answer already")
        self.transport.write(encode(message))
        too_late = BackendUnavailable(f"{self._server} did not answer {message.get('Action')} within {wait_s:g} s")
        time_out = self._clock.callLater(wait_s, self._end, action_id, too_late)

        def cancelled(_: Deferred[Any]) -> None:
            self._forget(action_id)

        waiter = self._waiters[action_id] = _Waiter(message.get("Action"), Deferred(cancelled), time_out, items)
        return waiter.answer

    def _end(self, action_id: str, result: AmiMessage | list[AmiMessage] | BackendUnavailable) -> None:
        waiter = self._forget(action_id)
        if isinstance(result, BackendUnavailable):
            waiter.answer.errback(result)
        else:
            waiter.answer.callback(result)

    def _forget(self, action_id: str) -> _Waiter:
        waiter = self._waiters.pop(action_id)
        if waiter.time_out.active():
            waiter.time_out.cancel()
        return waiter

    def _no_connection(self) -> BackendUnavailable:
        return BackendUnavailable(f"no connection to Asterisk's manager: {self._reason or 'not connected yet'}")

    # --- Whether it lives ---------------------------------------------------------------------------------------

    def _ping(self) -> None:
        self._next_ping = None
        spawn(self._check(), self._log, "the keep-alive of AMI")

    async def _check(self) -> None:
        try:
            await self.action(AmiMessage.action("Ping"))
        except BackendUnavailable as problem:
            if self._is_up:
                self.drop(str(problem))
        else:
            self.keep_alive()
