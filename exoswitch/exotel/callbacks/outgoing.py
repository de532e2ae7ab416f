"""Adapter: HTTP requests to the servers of dialers, for status callbacks and Passthru: one connection, no redirects.

The guard against private addresses holds as for a `StreamUrl`, unless the operator has written the URL: the address
that is connected to is checked. Path and query are sent byte for byte, which Twisted's `Agent` does not promise.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field, frozen
from OpenSSL import SSL
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.python.failure import Failure
from twisted.web._newclient import HTTP11ClientProtocol, Request  # `Agent` changes the URI; these are its parts
from twisted.web.client import RequestTransmissionFailed, ResponseFailed
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer, provider

from exoswitch.call.bot_address import BotAddress, parse_web
from exoswitch.errors import BackendUnavailable, ExoswitchError, RemoteProtocolError
from exoswitch.exotel.stream.answer_limit import LimitedEndpoint
from exoswitch.exotel.stream.endpoint import BotEndpoint
from exoswitch.exotel.stream.no_answer import why_no_answer
from exoswitch.network.host_endpoint import HostEndpoint
from exoswitch.network.interfaces import INames
from exoswitch.network.reach import Reach, ReachRules
from exoswitch.network.tls import client_tls
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.fair_turns import TLS_S, FairTurns
from exoswitch.tasks.within import within

REPLY_MAX_BYTES = 64 * 1024
BODY_S = 1.0
"""How long a body is awaited after its head: a caller may wait for the status, and nobody needs the body."""

USER_AGENT = "exoswitch"


@frozen
class Reply:
    """The answer of a server: its status, its headers by their names in lower case, and its body, cut at 64 KiB."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


class Outgoing:
    """Sends requests to the servers of dialers.

    `names` looks up host names. `reach` gives the present rules for their addresses. `tls_options` makes the TLS
    settings for a host name.
    """

    def __init__(
        self,
        reactor: Any,  # IReactorTCP and IReactorTime at once
        *,
        names: INames,
        reach: Callable[[], ReachRules],
        tls_options: Callable[[str], Any] = client_tls,
    ) -> None:
        self._reactor = reactor
        self._names = names
        self._reach = reach
        self._tls_options = tls_options
        self._tls_turns = FairTurns(reactor, TLS_S)

    @deferred
    async def send(
        self,
        method: str,
        url: str,
        *,
        account: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_s: float,
        configured: str = "",
    ) -> Reply:
        """Send one request for an account, and give the answer, whatever its status; a redirect is not followed.

        `configured` is the URL of the configuration that `url` was made from: its host may be at any address.
        Credentials in the URL become a header. The time counts from the look-up of the name to the head of the
        answer; a body that does not end by then, or within BODY_S of its head, is given as far as it came.

        Raises:
            InvalidValue: this is no http(s) URL.
            AddressRefused: the host has no address that may be connected to.
            HostNotFound, BackendUnavailable, RemoteProtocolError: no answer came; the text names the server and the
                reason, and no secret.
        """
        address = parse_web(url, "the URL")
        reach = self._reach().of_url(account, configured, address.host, address.port)
        request = Request(
            method.encode("ascii"), address.resource.encode("ascii"), _headers(address, headers or {}), _body_of(body)
        )
        try:
            answer = self._ask(request, address, account, reach, timeout_s)
            return await within(timeout_s, self._reactor, answer, str(address))
        except ExoswitchError:
            raise
        except (ConnectError, OSError, SSL.Error, ValueError) as problem:
            raise BackendUnavailable(f"{address} cannot be connected to: {problem}") from problem
        except (ResponseFailed, RequestTransmissionFailed) as failed:
            reason: Failure = failed.reasons[0]  # Twisted lists the causes
            if isinstance(reason.value, CancelledError):
                raise BackendUnavailable(f"{address} did not answer within {timeout_s:g} s") from failed
            raise RemoteProtocolError(f"{address}: {why_no_answer(reason)}") from failed

    async def _ask(
        self, request: Request, address: BotAddress, account: str, reach: Reach, timeout_s: float
    ) -> Reply:
        endpoint = self._endpoint(address, account, reach, timeout_s)
        limited = LimitedEndpoint(endpoint)
        try:
            client: Any = await limited.connect(_CLIENTS)
            response: Any = await client.request(request)
            limited.head_ended()
            body = _Body()
            response.deliverBody(body)
            data = await body.read.addTimeout(BODY_S, self._reactor)
            return Reply(response.code, _first_values(response.headers), data)
        finally:
            endpoint.hang_up()

    def _endpoint(self, address: BotAddress, account: str, reach: Reach, timeout_s: float) -> BotEndpoint:
        host, port = address.host, address.port
        connecting = HostEndpoint(self._reactor, self._names, host, port, timeout_s, account=account, reach=reach)
        tls = self._tls_options(host) if address.secure else None
        return BotEndpoint(self._reactor, connecting, tls, self._tls_turns)


class _Client(HTTP11ClientProtocol):
    """Twisted's client, which logs nothing of interim answers (1xx): a server may send a hundred of them."""

    def request(self, request: Request) -> Any:
        """Send the request."""
        answered = super().request(request)
        if self._parser is not None:
            self._parser._log = _NOWHERE  # noqa: SLF001 - its only line is that of an interim answer
        return answered


@provider(ILogObserver)
def _drop(_event: LogEvent) -> None:
    """Write nothing."""


_NOWHERE = Logger(observer=_drop)
_CLIENTS = Factory.forProtocol(_Client)
_CLIENTS.noisy = False


class _Body(Protocol):
    """Collects a body up to the limit; `read` fires with all that came, also if it is cancelled."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.read: Deferred[bytes] = Deferred(lambda _: self._end())

    def dataReceived(self, data: bytes) -> None:
        self._data += data[: REPLY_MAX_BYTES - len(self._data)]
        if len(self._data) == REPLY_MAX_BYTES:
            self._end()

    def connectionLost(self, _reason: Failure = connectionDone) -> None:
        self._end()

    def _end(self) -> None:
        if not self.read.called:
            self.read.callback(bytes(self._data))


@implementer(IBodyProducer)
@define(eq=False)
class _Bytes:
    """The body of a request."""

    _data: bytes
    length: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.length = len(self._data)

    def startProducing(self, consumer: Any) -> Deferred[None]:
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:
        pass

    def resumeProducing(self) -> None:
        pass

    def stopProducing(self) -> None:
        pass


def _body_of(data: bytes) -> _Bytes | None:
    return _Bytes(data) if data else None


def _headers(address: BotAddress, more: Mapping[str, str]) -> Headers:
    headers = Headers({"Host": [address.authority], "User-Agent": [USER_AGENT]})
    if address.authorization is not None:
        headers.addRawHeader("Authorization", address.authorization)
    for name, value in more.items():
        headers.addRawHeader(name, value)
    return headers


def _first_values(headers: Headers) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): values[0].decode("latin-1") for name, values in headers.getAllRawHeaders()
    }
