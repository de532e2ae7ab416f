"""Core: the HTTP requests that Exotel's client, written in Go, sends to bots and their resolvers (spec §1)."""

from exoswitch.call.bot_address import BotAddress

USER_AGENT = "Go-http-client/1.1"
"""Seen in real calls (spec §1, capture R3)."""


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
