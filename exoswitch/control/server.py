"""Adapter: the control socket of a running gateway, for commands of the same user or root.

Its folder is locked by the gateway, so a socket that lies there when the gateway starts is of a process that is gone.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from exoswitch.control.messages import REQUEST_MAX_BYTES, Answer, Request, read_request, write_answer
from exoswitch.control.place import place_of
from exoswitch.errors import ExoswitchError, RemoteProtocolError

REQUEST_S = 5.0
AT_ONCE = 16

Handler = Callable[[Request], Deferred[Answer]]
"""Answers one command; its errors of exoswitch are told to the command."""


class Conversation(LineOnlyReceiver):
    """One connection: one request, one answer, and its end."""

    delimiter = b"\n"
    MAX_LENGTH = REQUEST_MAX_BYTES
    factory: "ControlFactory"
    transport: Any
    _waiting: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Wait for the request, but not long; beyond the limit of connections there is no answer."""
        self.factory.open += 1
        if self.factory.open > AT_ONCE:
            self.transport.loseConnection()
        else:
            self._waiting = self.factory.clock.callLater(REQUEST_S, self.transport.loseConnection)

    def connectionLost(self, _reason: Failure | None = None) -> None:
        """Wait no longer."""
        self.factory.open -= 1
        self._stop_waiting()

    def lineReceived(self, line: bytes) -> None:
        """Answer the first line; the others are ignored."""
        if self._stop_waiting():
            self.factory.answer(line).addCallback(self._send)

    def _stop_waiting(self) -> bool:
        """Stop the wait for the request; say whether it was going on."""
        waiting, self._waiting = self._waiting, None
        if waiting is None or not waiting.active():
            return False
        waiting.cancel()
        return True

    def _send(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.loseConnection()


@define(eq=False)
class ControlFactory(ServerFactory):
    """Makes the conversations; `open` counts those that have not ended."""

    noisy = False
    _handlers: Mapping[str, Handler]
    clock: IReactorTime
    open: int = field(default=0, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.control"), init=False)

    def buildProtocol(self, _addr: object) -> Conversation:  # type: ignore[override] # any address
        """Make a conversation."""
        conversation = Conversation()
        conversation.factory = self
        return conversation

    def answer(self, line: bytes) -> Deferred[bytes]:
        """Give the answer to a request, in bytes; an error is one, too."""
        return maybeDeferred(self._handle, line).addCallback(write_answer).addErrback(self._failed)

    def _handle(self, line: bytes) -> Deferred[Answer]:
        request = read_request(line)
        handler = self._handlers.get(request.command)
        if handler is None:
            raise RemoteProtocolError(f"this gateway does not know the command {request.command!r}: is it older?")
        return handler(request)

    def _failed(self, failure: Failure) -> bytes:
        if isinstance(failure.value, ExoswitchError):
            return write_answer({"error": str(failure.value)})
        self._log.failure("a command failed", failure)
        return write_answer({"error": "the gateway failed to answer: see its log"})


@define(eq=False)
class ControlSocket(Service):
    """Listens at the socket in `folder`, from its start to its stop."""

    _folder: Path
    _handlers: Mapping[str, Handler]
    _reactor: Any
    _port: IListeningPort | None = field(default=None, init=False)
    _opened: ExitStack = field(factory=ExitStack, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.control"), init=False)

    def startService(self) -> None:
        """Listen; without a socket the gateway works, and commands cannot ask it."""
        try:
            place = self._opened.enter_context(place_of(self._folder))
            with suppress(FileNotFoundError):
                Path(place).unlink()
            self._port = self._reactor.listenUNIX(place, ControlFactory(self._handlers, self._reactor), mode=0o600)
        except Exception as problem:  # noqa: BLE001 - Twisted has errors of its own, which are no OSError
            self._log.warn("no command can ask this gateway: {problem}", problem=str(problem))
            self._opened.close()

    def stopService(self) -> Deferred[None]:
        """Take no more requests, and remove the socket."""
        stopped = maybeDeferred(self._port.stopListening if self._port else lambda: None)
        return stopped.addBoth(self._stopped)

    def _stopped(self, result: Any) -> Any:
        self._opened.close()
        return result
