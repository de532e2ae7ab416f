"""One gateway of a fleet, `twistd -n exoswitch -c FILE`, which can be paused and killed; and its REST API."""

import base64
import http.client
import json
import signal
import subprocess
import sys
import time
import urllib.parse
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

ACCOUNT, API_KEY, API_TOKEN = "acme1", "fleet-key", "fleet-token"
READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 20.0
ANSWER_WITHIN_S = 15.0
TWISTD = Path(sys.executable).with_name("twistd")


@frozen
class Answer:
    """An answer of the REST API; `status` is 0 if none came."""

    status: int
    body: dict[str, Any] = field(factory=dict)
    took_s: float = 0.0

    @property
    def call_sid(self) -> str:
        """The SID of the accepted call."""
        assert self.status == 200, self
        return str(self.body["Call"]["Sid"])


@define(eq=False)
class Gateway:
    """A gateway that can be started and ended many times; its log covers all of them."""

    name: str
    folder: Path
    config: dict[str, Any]
    address: str
    port: int
    prefix: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()  # of exoswitch
    _process: "subprocess.Popen[bytes] | None" = field(init=False, default=None)
    _read: int = field(init=False, default=0)

    # --- the process

    def start(self) -> None:
        """Start it without waiting."""
        assert self._process is None, f"{self.name} runs"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "gateway.yaml").write_text(json.dumps(self.config, indent=1))  # JSON is YAML, too
        twistd = [*self.prefix, "setpriv", "--pdeathsig=KILL", str(TWISTD), "-n", "--pidfile="]
        command = [*twistd, "exoswitch", "-c", "gateway.yaml", *self.arguments]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def wait_until_ready(self) -> None:
        """Wait until it accepts calls."""
        deadline = time.monotonic() + READY_WITHIN_S
        while self.request("/readyz").status != 200:
            assert self.is_running, f"{self.name} ended\n{self.log()}"
            assert time.monotonic() < deadline, f"{self.name} did not get ready\n{self.log()}"
            time.sleep(0.05)

    @property
    def is_running(self) -> bool:
        """Whether the process exists, paused or not."""
        return self._process is not None and self._process.poll() is None

    def pause(self) -> None:
        """Pause the process, like a machine that is out of memory."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume the paused process."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it, like a power failure; no error if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ask_to_stop(self) -> None:
        """Send SIGTERM, like systemd, without waiting."""
        self._signal(signal.SIGTERM)

    def stop(self) -> int:
        """Stop it by SIGTERM; give the exit status."""
        self.ask_to_stop()
        return self.wait_for_end()

    def wait_for_end(self) -> int:
        """Wait until it has exited; give the exit status."""
        assert self._process is not None
        try:
            status = self._process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not stop\n{self.log()}") from None
        self._process = None
        return status

    def log(self) -> str:
        """Give the end of its log."""
        return (self.folder / "log").read_text(errors="replace")[-6000:]

    def complaints(self) -> list[str]:
        """Give the unexpected failures in its log since the last call of this function."""
        log = (self.folder / "log").read_text(errors="replace").splitlines()
        new, self._read = log[self._read :], len(log)
        return [before for before, line in pairwise(new) if "Traceback" in line]

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    # --- REST

    def place(self, number: str, bot_url: str, **parameters: str) -> Answer:
        """Request a call between this number and this bot."""
        form = {"From": number, "CallerId": "08047491899", "StreamUrl": bot_url, **parameters}
        return self.request(f"/v1/Accounts/{ACCOUNT}/Calls/connect.json", form)

    def show(self, call_sid: str) -> Answer:
        """Request the state of a call."""
        return self.request(f"/v1/Accounts/{ACCOUNT}/Calls/{call_sid}.json")

    def request(self, path: str, form: dict[str, str] | None = None) -> Answer:
        """Send a request to the REST API."""
        began = time.monotonic()
        credentials = base64.b64encode(f"{API_KEY}:{API_TOKEN}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/x-www-form-urlencoded"}
        connection = http.client.HTTPConnection(self.address, self.port, timeout=ANSWER_WITHIN_S)
        try:
            body = None if form is None else urllib.parse.urlencode(form)
            connection.request("GET" if body is None else "POST", path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, json.load(response), time.monotonic() - began)
        except (OSError, http.client.HTTPException):
            return Answer(0, took_s=time.monotonic() - began)
        finally:
            connection.close()
