"""Adapter: asks a bot's resolver for the bot's address, as Exotel does: one GET, no redirects."""

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, ResponseDone, ResponseFailed
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

from exoswitch.call.bot_address import BotAddress
from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.answer_limit import LimitedEndpoint
from exoswitch.exotel.stream.endpoint import BotEndpoint
from exoswitch.exotel.stream.handshake import USER_AGENT
from exoswitch.exotel.stream.no_answer import why_no_answer
from exoswitch.exotel.stream.resolution import MAX_ANSWER_BYTES, check_status, question, read_answer


async def resolve(
    reactor: Any, resolver: BotAddress, endpoint: BotEndpoint, details: Mapping[str, str]
) -> BotAddress:
    """Ask the resolver for the address of the bot of a call; `details` describe the call.

    There is no time-out here: the caller limits the time and cancels.

    Raises:
        RemoteProtocolError: the answer is unusable or incomplete; the text names no numbers and no credentials.
        ConnectError: the resolver was not reached. OSError and ValueError are possible too.
    """
    limited = LimitedEndpoint(endpoint)
    agent = Agent.usingEndpointFactory(reactor, limited)
    scheme = "https" if resolver.secure else "http"
    url = f"{scheme}://{resolver.authority}{question(resolver.resource, details)}"
    try:
        response: Any = await agent.request(b"GET", url.encode("ascii"), _headers(resolver))
        limited.head_ended()
        check_status(response.code)
        body = _Body()
        response.deliverBody(body)
        return read_answer(await body.read)
    except ResponseFailed as error:
        raise RemoteProtocolError(why_no_answer(error.reasons[0])) from error  # Twisted lists the causes
    finally:
        endpoint.hang_up()


class _Body(Protocol):
    """Collects the body of an answer, up to the maximum length; `read` fires with it."""

    def __init__(self) -> None:
        self.read: Deferred[bytes] = Deferred()
        self._data = bytearray()

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > MAX_ANSWER_BYTES:
            self._data.clear()
            error = RemoteProtocolError(f"its answer is longer than {MAX_ANSWER_BYTES} bytes")
            self._end(Failure(error))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        # PotentialDataLoss: the answer ends with its connection, as HTTP/1.0 allows.
        is_whole = isinstance(reason.value, ResponseDone | PotentialDataLoss)
        self._end(bytes(self._data) if is_whole else reason)

    def _end(self, result: bytes | Failure) -> None:
        if not self.read.called:
            self.read.callback(result)


def _headers(resolver: BotAddress) -> Headers:
    headers = Headers({"Host": [resolver.authority], "User-Agent": [USER_AGENT]})
    if resolver.authorization is not None:
        headers.addRawHeader("Authorization", resolver.authorization)
    return headers
