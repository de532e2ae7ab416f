"""Adapter: a request: its body is kept in memory, nothing of it is parsed, and it is answered in its turn."""

import re
from http import HTTPStatus
from io import BytesIO
from typing import Any

from twisted.web import server

from exoswitch.errors import InvalidRequest
from exoswitch.web.client import client_of
from exoswitch.web.connection import address_of
from exoswitch.web.limits import MAX_BODY_BYTES
from exoswitch.web.target import read_target

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Request(server.Request):
    """A request whose `path` is as `target` reads it; `query` is the text after the ``?``, and `args` stays empty."""

    channel: Any
    content: Any
    query = b""

    def gotLength(self, _length: int | None) -> None:  # noqa: N802 - Twisted's name
        """Keep the body in memory: it is small, and a file would let clients fill the disk."""
        self.content = BytesIO()

    def parseCookies(self) -> None:
        """Read no cookies: there are none."""

    def handleContentChunk(self, data: bytes) -> None:
        """Keep a part of the body, up to its limit."""
        if self.content.tell() + len(data) > MAX_BODY_BYTES:
            self.channel.body_too_large()
        else:
            self.content.write(data)

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """Set the status with its phrase, which Twisted lacks for 429."""
        super().setResponseCode(code, message or HTTPStatus(code).phrase.encode("ascii"))

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Read the target, and ask for a turn to answer in."""
        self.content.seek(0)
        self.method, self.uri, self.clientproto, self.args = command, path, version, {}
        try:
            target = read_target(path)
        except InvalidRequest as problem:
            self.channel.refuse(400, str(problem), path)
            return
        self.path, self.query = target.path, target.query
        self.channel.answer_in_turn(self._answer)

    def _answer(self) -> None:
        if not self.is_gone:
            self.process()

    def base_url(self) -> str:
        """Give the scheme and the host that the client used; a ``Host`` header that is not one is ignored.

        A trusted proxy names the scheme in ``X-Forwarded-Proto``.
        """
        host = self.getHeader(b"Host") or b""
        named = self.getHeader(b"X-Forwarded-Proto") or b""
        is_proxied = address_of(self.client) in self.channel.site.limits.trusted_proxies
        is_secure = named.strip().lower() == b"https" if named and is_proxied else self.isSecure()
        authority = host.decode("ascii") if _HOST.fullmatch(host) else "localhost"
        return f"{'https' if is_secure else 'http'}://{authority}"

    @property
    def is_gone(self) -> bool:
        """Whether the client has disconnected, so that nothing can be written."""
        return bool(self._disconnected)

    def client_address(self) -> str:
        """Give the address of the client, which a trusted proxy names in ``X-Forwarded-For``."""
        named = self.requestHeaders.getRawHeaders(b"X-Forwarded-For", [])  # a str key would decode them as UTF-8
        texts = [value.decode("latin-1") for value in named]
        return client_of(address_of(self.client), texts, self.channel.site.limits.trusted_proxies)

    def let_go(self) -> None:
        """Let the connection make room for others before it is answered, and close it after the answer."""
        channel = self.channel
        channel.persistent = False
        self.setHeader("Connection", "close")
        channel.site.admission.waiting(channel.transport, channel.site.reactor.seconds())
