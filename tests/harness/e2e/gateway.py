"""A real gateway: `twistd -n exoswitch` in its own process, and its REST API."""

import base64
import json
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from attrs import define, field

from tests.harness.e2e.watched_twistd import BLOCK

HOST = "127.0.0.1"
ACCOUNT = "acme1"
API_KEY, API_TOKEN = "lab-key", "lab-token"
START_TIMEOUT_S = 60.0
CALL_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.02
FINAL = {"completed", "failed", "busy", "no-answer", "canceled"}


def stored_statuses(folder: Path) -> list[str]:
    """Read the statuses that a gateway with this folder has written to its calls.db."""
    with closing(sqlite3.connect(f"file:{folder / 'calls.db'}?mode=ro", uri=True)) as database:
        return [status for (status,) in database.execute("SELECT status FROM sessions")]


@define(eq=False)
class GatewayProcess:
    """A context manager: the gateway is ready inside it; on exit it has shut down by SIGTERM.

    A line with `hindrance` in its log means that it will not get ready.
    """

    folder: Path
    config: str
    http_port: int
    hindrance: str | None = None
    _process: "subprocess.Popen[bytes]" = field(init=False)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "exoswitch.yaml").write_text(self.config)
        command = [sys.executable, str(Path(__file__).with_name("watched_twistd.py")), str(self.folder / "held.json")]
        command += ["-n", "--pidfile=", "exoswitch", "--config", "exoswitch.yaml"]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", *command], cwd=self.folder, stdout=log, stderr=log
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            status = self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError(f"the gateway did not stop within {STOP_TIMEOUT_S} s\n{self.log()}") from None
        assert status == 0, f"the gateway exited with {status}\n{self.log()}"
        assert "Server Shut Down." in self.log()

    def wait(self) -> None:
        """Wait for the end of a process that was killed."""
        self._process.wait(STOP_TIMEOUT_S)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def log(self) -> str:
        """Its whole log."""
        return (self.folder / "log").read_text(errors="replace")

    # --- REST

    def place(self, number: str, stream_url: str, **parameters: str) -> str:
        """Place a call between this number and this bot; give the call's SID."""
        status, body = self.request(
            f"/v1/Accounts/{ACCOUNT}/Calls/connect.json",
            {"From": number, "CallerId": "08047491899", "StreamUrl": stream_url, **parameters},
        )
        assert status == 200, body
        return str(body["Call"]["Sid"])

    def call(self, call_sid: str) -> dict[str, Any]:
        """Read a call."""
        status, body = self.request(f"/v1/Accounts/{ACCOUNT}/Calls/{call_sid}.json")
        assert status == 200, body
        call: dict[str, Any] = body["Call"]
        return call

    def wait_for_end(self, call_sid: str, timeout_s: float = CALL_TIMEOUT_S) -> dict[str, Any]:
        """Wait until a call has a final status; give the call."""
        deadline = time.monotonic() + timeout_s
        while (call := self.call(call_sid))["Status"] not in FINAL:
            assert time.monotonic() < deadline, f"the call is still {call['Status']}\n{self.log()}"
            time.sleep(POLL_S)
        return call

    def request(self, path: str, form: dict[str, str] | None = None) -> tuple[int, Any]:
        """Send a request to the REST API; give the HTTP status and the JSON."""
        credentials = base64.b64encode(f"{API_KEY}:{API_TOKEN}".encode()).decode()
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(
            f"http://{HOST}:{self.http_port}{path}", data, {"Authorization": f"Basic {credentials}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def download(self, url: str, *, credentials: str = f"{API_KEY}:{API_TOKEN}") -> tuple[int, bytes]:
        """Fetch a file; give the HTTP status and the bytes, none of an error. Without `credentials` it is nobody."""
        headers = {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"} if credentials else {}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, b""

    def block(self) -> float:
        """Block its reactor for `BLOCKED_S`; give the moment."""
        at = time.monotonic()
        self._process.send_signal(BLOCK)
        return at

    # --- leftovers

    def holdings(self) -> dict[str, list[str]]:
        """Get the delayed calls and sockets of the process."""
        report = self.folder / "held.json"
        report.unlink(missing_ok=True)
        self._process.send_signal(signal.SIGRTMIN)
        deadline = time.monotonic() + CALL_TIMEOUT_S
        while not report.exists():
            assert time.monotonic() < deadline, "the gateway does not answer SIGRTMIN"
            time.sleep(POLL_S)
        held: dict[str, list[str]] = json.loads(report.read_text())
        return held

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                if self.request("/readyz")[0] == 200:
                    return
            except (OSError, ValueError):
                pass
            assert self._process.poll() is None, f"the gateway ended\n{self.log()}"
            is_hindered = self.hindrance is not None and self.hindrance in self.log()
            assert not is_hindered, f"the gateway did not get ready: {self.hindrance}"
            assert time.monotonic() < deadline, f"the gateway did not get ready\n{self.log()}"
            time.sleep(POLL_S)
