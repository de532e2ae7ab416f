"""Adapter: one HTTP connection's requests, each within its limits; what breaks them is refused in one answer."""

from collections.abc import Callable
from typing import Any

from twisted.protocols.basic import LineReceiver
from twisted.web.http import RESPONSES, HTTPChannel

from exoswitch.web.limits import IDLE_S, MAX_BODY_BYTES, MAX_HEAD_BYTES, MAX_HEADERS, REQUEST_S

_LENGTH_DIGITS = 18
_TOO_LARGE = f"the body is larger than {MAX_BODY_BYTES} bytes"
_TOO_SLOW = f"the request did not arrive within {REQUEST_S:g} s"
_HEAD_TOO_LARGE = f"the line and the headers of the request are larger than {MAX_HEAD_BYTES} bytes"
_TOO_MANY_HEADERS = f"the request has more than {MAX_HEADERS} headers"
_MALFORMED = (
    "the request is not HTTP/1.1 as RFC 9112 writes it: in a URL a blank is %20, and all other characters are ASCII"
)


class Channel(HTTPChannel):
    """Reads requests, one after the other."""

    site: Any
    transport: Any
    _networkProducer: Any  # noqa: N815 - Twisted's
    maxHeaders = MAX_HEADERS  # noqa: N815 - Twisted's name
    totalHeadersSize = MAX_HEAD_BYTES
    _has_begun = False
    _is_answering = False
    _is_refused = False
    _held: Callable[[], None] | None = None  # answers a request, once the client reads

    def dataReceived(self, data: bytes) -> None:
        """Read data; the time of a request begins with its first byte, and no later byte extends it."""
        if not (self._has_begun or self._is_answering):
            self._has_begun = True
            self.setTimeout(REQUEST_S)
        LineReceiver.dataReceived(self, data)

    def headerReceived(self, line: bytes) -> Any:
        """Read a header; Python refuses to read a number of thousands of digits.

        A coding other than ``chunked`` is refused: Twisted ignores ``identity``, and a proxy may not (RFC 9112 §6.3).
        """
        name, _, value = line.partition(b":")
        if name.lower() == b"transfer-encoding" and value.strip().lower() != b"chunked":
            self.refuse(400, _MALFORMED)
            return False
        if name.lower() == b"content-length" and len(value.strip()) > _LENGTH_DIGITS:
            self.refuse(413, _TOO_LARGE)
            return False
        return super().headerReceived(line)

    def allHeadersReceived(self) -> None:
        """Refuse a body that is announced as too large, before it is received."""
        if not self._is_refused and (self.length or 0) > MAX_BODY_BYTES:
            self.refuse(413, _TOO_LARGE)
        if not self._is_refused:
            super().allHeadersReceived()

    def body_too_large(self) -> None:
        """Refuse a chunked body, which announces no length, as soon as it is too large."""
        self.refuse(413, _TOO_LARGE)

    def allContentReceived(self) -> None:
        """Answer a request that is complete."""
        if not self._is_refused:
            self._has_begun, self._is_answering = False, True
            self.site.admission.answering(self.transport)
            super().allContentReceived()

    def answer_in_turn(self, answer: Callable[[], None]) -> None:
        """Let a complete request be answered; a client that does not read its earlier answers has to wait."""
        if self._waitingForTransport:
            self._held = answer
            self._networkProducer.pauseProducing()
            self.setTimeout(IDLE_S)
            self.site.admission.waiting(self.transport, self.site.reactor.seconds())
        else:
            self.transport.answer_in_turn(answer)

    def resumeProducing(self) -> None:
        """Go on: the client has read."""
        super().resumeProducing()
        held, self._held = self._held, None
        if held is not None:
            self.setTimeout(None)
            self.site.admission.answering(self.transport)
            self.transport.answer_in_turn(held)

    def requestDone(self, request: Any) -> None:
        """Wait for the next request."""
        self._is_answering = False
        self.site.admission.waiting(self.transport, self.site.reactor.seconds())
        super().requestDone(request)
        if not (self._has_begun or self._is_answering or self.transport.disconnecting):
            self.setTimeout(IDLE_S)

    def timeoutConnection(self) -> None:
        """Close an idle connection; tell a client that is too slow."""
        if self._has_begun:
            self.refuse(408, _TOO_SLOW)
        else:
            self.loseConnection()

    def lineLengthExceeded(self, _line: bytes) -> None:
        """Refuse a line that is too long."""
        self.refuse(400, _HEAD_TOO_LARGE)

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802 - Twisted's name for a malformed request
        if self._receivedHeaderSize > self.totalHeadersSize:
            self.refuse(400, _HEAD_TOO_LARGE)
        elif self._receivedHeaderCount > self.maxHeaders:
            self.refuse(400, _TOO_MANY_HEADERS)
        else:
            self.refuse(400, _MALFORMED)

    def refuse(self, status: int, message: str, target: bytes = b"") -> None:
        """Answer a request that cannot be read any further, and close the connection; only the first time counts."""
        if self._is_refused:
            return
        self._is_refused = True
        self.setTimeout(None)
        self.site.metrics.add("http_requests_refused_total", status=str(status))
        kind, body = self.site.refusal(status, message, target or getattr(self, "_path", b""))
        self.transport.write(
            b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            % (status, RESPONSES[status], kind.encode(), len(body), body)
        )
        self._networkProducer.unregisterProducer()
        self.transport.refuse()
