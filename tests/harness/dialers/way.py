"""A way to the gateway for a client that knows only Exotel's host: a proxy (HTTP CONNECT), or a relay at port 443."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Self

from attrs import define, field

ROOT = Path(__file__).parents[3]


@define(eq=False)
class Way:
    """A context manager: connections to `address` and `port` (0: any free one) reach `gateway_port` inside it.

    A proxy first reads the name that its client asks for, and gives it no other server than the gateway.
    """

    gateway_port: int
    is_proxy: bool = True
    address: str = "127.0.0.1"
    port: int = 0
    names: list[str] = field(factory=list, init=False)
    _process: "subprocess.Popen[str]" = field(init=False)

    def __enter__(self) -> Self:
        words = [self.address, str(self.port), str(self.gateway_port), "proxy" if self.is_proxy else "relay"]
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", sys.executable, "-m", __name__, *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        output, _ = self._process.communicate()
        self.names += output.split()


async def _serve(address: str, port: str, gateway_port: str, kind: str) -> None:
    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if kind == "proxy":
            head = await reader.readuntil(b"\r\n\r\n")
            _tell(head.split()[1].decode())
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        answers, requests = await asyncio.open_connection("127.0.0.1", int(gateway_port))
        await asyncio.gather(_pump(reader, requests), _pump(answers, writer))

    server = await asyncio.start_server(lead, address, int(port))
    _tell(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
