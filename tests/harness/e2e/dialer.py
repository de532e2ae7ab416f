"""A dialer's server: passthrus ask it, callbacks tell it, and a test may let them wait for the answer."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast

from attrs import define, field

HOST = "127.0.0.1"
WAIT_S = 30.0


@define(eq=False)
class Dialer:
    """A context manager: the server listens inside it.

    It answers with the status that `statuses` has for a path, or with 200. `requests` has the path and the body of
    each request, answered or not.
    """

    statuses: dict[str, int] = field(factory=dict)
    requests: list[tuple[str, bytes]] = field(factory=list, init=False)
    _answers: threading.Event = field(factory=threading.Event, init=False)
    _server: "_Server" = field(init=False)

    def __enter__(self) -> Self:
        self._answers.set()
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="dialer", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answer()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        """Give the URL of a path."""
        return f"http://{HOST}:{self._server.server_address[1]}{path}"

    def of(self, path: str) -> list[bytes]:
        """Give the bodies of the requests of a path."""
        return [body for asked, body in list(self.requests) if asked.partition("?")[0] == path]

    def hold(self) -> None:
        """Let requests wait for their answer from now on."""
        self._answers.clear()

    def answer(self) -> None:
        """Answer the requests that wait, and each one that comes."""
        self._answers.set()

    def take(self, path: str, body: bytes) -> int:
        """Take a request; give the status of its answer."""
        self.requests.append((path, body))
        self._answers.wait(WAIT_S)
        return self.statuses.get(path.partition("?")[0], 200)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, dialer: Dialer) -> None:
        super().__init__((HOST, 0), _Handler)
        self.dialer = dialer


class _Handler(BaseHTTPRequestHandler):
    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = cast("_Server", self.server).dialer.take(self.path, body)
        try:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except OSError:
            pass  # The gateway that asked is dead.

    do_GET = do_POST = _take

    def log_message(self, *_: Any) -> None:
        """Write nothing."""
