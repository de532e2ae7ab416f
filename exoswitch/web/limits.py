"""Core: the limits of the HTTP server: what one client, and all clients together, may take of the gateway."""

from attrs import frozen

MAX_BODY_BYTES = 64 * 1024
"""Of a request's body; a body that is larger is refused before it is received."""

MAX_HEAD_BYTES = 16 * 1024
"""Of a request's line and headers together."""

MAX_HEADERS = 64
"""Of one request."""

PIECE_BYTES = 1024
"""Of a connection's data that is read in one turn: the worst piece, chunks of one byte, takes about 1 ms."""

DROPPED_BYTES = 64 * 1024
"""Of a refused connection's data that is read, and dropped, in one turn of the reactor."""

REQUEST_S = 20.0
"""From the first byte of a request to its last one."""

IDLE_S = 75.0
"""Between two requests; longer than the 60 s of common proxies, so that the proxy closes first."""

CLOSE_S = 2.0
"""For a client that was refused while it was sending to read the answer."""

ABORT_S = 15.0
"""For any other client to take the rest of an answer, once this side wants to close."""


@frozen(kw_only=True)
class ConnectionLimits:
    """The limits of connections: of all clients, and of each address.

    An address in `trusted_proxies` is a proxy in front of this server: it has no limit of its own, and its
    ``X-Forwarded-For`` names the client. ``unix`` stands for all clients of a UNIX socket.
    """

    total: int = 256
    per_address: int = 64
    trusted_proxies: frozenset[str] = frozenset()
