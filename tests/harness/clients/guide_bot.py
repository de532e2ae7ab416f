"""A voice bot on the `websockets` library, written only from Exotel's public guide (support article 3000108630).

It is an echo. Keys are commands: 1 makes it talk for five seconds, 2 silences it, 3 makes it hang up. It prints lines
of JSON: first its port, then its events.
"""

import asyncio
import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve

from tests.harness.clients.bot_voice import HANG_UP, SILENCE, TALK, Hearing, report, speech

CHUNK_MS = 200  # the guide's minimum of 3,200 bytes, at 8,000 Hz


class Call:
    """One stream of one call."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        query = parse_qs(urlsplit(socket.request.path).query)
        self.chunk_ms = int(query.get("chunk_ms", [str(CHUNK_MS)])[0])
        self.stream_sid = ""
        self.rate_hz = 8000
        self.hearing = Hearing()
        self.unsaid = b""
        self.marks = 0

    @property
    def chunk_bytes(self) -> int:
        """The size of the audio in a message."""
        return 2 * self.rate_hz * self.chunk_ms // 1000

    async def run(self) -> None:
        """Serve the call until one side ends it."""
        async for text in self.socket:
            message = json.loads(text)
            event = message["event"]
            if event == "media":
                await self.listen(base64.b64decode(message["media"]["payload"]))
                continue
            report(event, **message.get(event, {}))
            if event == "start":
                self.stream_sid = message["stream_sid"]
                self.rate_hz = int(message["start"]["media_format"]["sample_rate"])
            elif event == "dtmf":
                await self.obey(message["dtmf"]["digit"])

    async def listen(self, pcm: bytes) -> None:
        """Return the heard audio in whole chunks."""
        self.hearing.hear(pcm, self.rate_hz)
        self.unsaid += pcm
        while len(self.unsaid) >= self.chunk_bytes:
            await self.say(self.unsaid[: self.chunk_bytes])
            self.unsaid = self.unsaid[self.chunk_bytes :]

    async def obey(self, digit: str) -> None:
        """Carry out a key."""
        if digit == TALK:
            words = speech(self.rate_hz)
            for start in range(0, len(words), self.chunk_bytes):
                await self.say(words[start : start + self.chunk_bytes])
        elif digit == SILENCE:
            await self.send("clear")
        elif digit == HANG_UP:
            await self.socket.close()

    async def say(self, pcm: bytes) -> None:
        """Send a chunk and a mark."""
        self.marks += 1
        await self.send("media", media={"payload": base64.b64encode(pcm).decode()})
        await self.send("mark", mark={"name": f"chunk-{self.marks}"})

    async def send(self, event: str, **body: Any) -> None:
        """Send a message."""
        await self.socket.send(json.dumps({"event": event, "stream_sid": self.stream_sid, **body}))


async def answer(socket: ServerConnection) -> None:
    """Serve one connection."""
    try:
        await Call(socket).run()
    finally:
        report("closed", code=socket.close_code)


async def main() -> None:
    """Listen until the program ends."""
    async with serve(answer, "127.0.0.1", 0) as server:
        report("listening", port=server.sockets[0].getsockname()[1])
        await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
