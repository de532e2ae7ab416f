"""A dialer's own web server: it keeps the requests that the gateway sends to it, in a process of its own."""

import json
import subprocess
import sys
import threading
import time
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from attrs import define, field, frozen

ROOT = Path(__file__).parents[3]
WITHIN_S = 30.0


@frozen
class Received:
    """One request; the names of `headers` are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def path(self) -> str:
        """The path, without the query."""
        return urlsplit(self.target).path

    @property
    def content_type(self) -> str:
        """The type of the body, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> dict[str, Any]:
        """The document of a JSON body."""
        assert self.content_type == "application/json", self
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def form(self) -> dict[str, str]:
        """The fields of a multipart body (read as MIME, RFC 7578) or of a form."""
        if self.content_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        assert self.content_type == "multipart/form-data", self
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        whole: Message = BytesParser().parsebytes(head + self.body)
        fields: dict[str, str] = {}
        for part in whole.get_payload():
            assert isinstance(part, Message)
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            fields[str(name)] = content.decode()
        return fields


@define(eq=False)
class Receiver:
    """A context manager: the server listens inside it; its log is in `folder`. It answers 200 to every request."""

    folder: Path
    received: list[Received] = field(factory=list, init=False)
    port: int = field(default=0, init=False)
    _process: "subprocess.Popen[str]" = field(init=False)
    _news: threading.Condition = field(factory=threading.Condition, init=False)
    _reader: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        command = ["setpriv", "--pdeathsig=KILL", sys.executable, "-m", __name__]
        with (self.folder / "receiver.log").open("w") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self._reader = threading.Thread(target=self._read, name="receiver", daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def url(self, path: str) -> str:
        """Give the URL of a path; a test asks only for its own paths."""
        return f"http://127.0.0.1:{self.port}{path}"

    def wait(self, path: str, count: int = 1) -> list[Received]:
        """Wait for so many requests of a path; give all that have come."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.of(path)) >= count, WITHIN_S), (path, self.of(path))
            return self.of(path)

    def of(self, path: str) -> list[Received]:
        """Give the requests of a path until now."""
        return [one for one in self.received if one.path == path]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            with self._news:
                self.received.append(Received(**{**told, "body": bytes.fromhex(told["body"])}))
                self._news.notify_all()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class _Handler(BaseHTTPRequestHandler):
    def _receive(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = {
            "method": self.command,
            "target": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.hex(),
            "at": time.time(),
        }
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        _tell(json.dumps(told))

    do_GET = do_POST = _receive


def _serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _tell(str(server.server_address[1]))
    server.serve_forever()


if __name__ == "__main__":
    _serve()
