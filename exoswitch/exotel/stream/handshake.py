"""Core: the HTTP requests that Exotel's client, written in Go, sends to bots and their resolvers (spec §1)."""

from exoswitch.call.bot_address import BotAddress

USER_AGENT = "Go-http-client/1.1"
"""Seen in real calls (spec §1, capture R3)."""

_MAX_ANSWER_BYTES = 16 * 1024


def upgrade_request(address: BotAddress, key: str) -> bytes:
    """Write the request that opens the WebSocket, with exactly the headers of Exotel's client."""
    lines = [f"GET {address.resource} HTTP/1.1", f"Host: {address.authority}", f"User-Agent: {USER_AGENT}"]
    if address.authorization is not None:
        lines.append(f"Authorization: {address.authorization}")
    lines += [
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        "Upgrade: websocket",
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def readable_answer(data: bytes) -> bytes | None:
    """Give the start of an answer, and what follows its head, for an HTTP parser of ASCII; None if it is not HTTP.

    HTTP allows other bytes in a header's value (RFC 9110 §5.5).
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    is_http = head.isascii() or head.startswith(b"HTTP/")
    if not is_http or len(head) > _MAX_ANSWER_BYTES:
        return None
    return head.decode("latin-1").encode("ascii", "replace") + end + rest
