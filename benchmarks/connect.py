"""How many calls a dialer can ask for in a second: requests of `Calls/connect`, on SQLite and on PostgreSQL.

    python benchmarks/connect.py [--seconds 10] [--connections 16] [--profile]

A whole gateway runs as `twistd exoswitch` in its own process, with a simulated Asterisk in another one. Requests come
over HTTP on the loopback interface, on connections that stay open. Each accepted call is dialled, and the phone is
busy: so the cost of a request has everything that a call costs before its answer, and the time of its ending.
The first part asks again as soon as an answer comes: its rate is what one core takes. The second part asks at half
that rate, at random moments; a request that waits for a free connection counts from its moment. With --profile the
gateway's functions are listed by the time that they took.
"""

import argparse
import base64
import json
import os
import platform
import random
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from attrs import define, field

from exoswitch.sim.latency import quantile

sys.path.append(str(Path(__file__).parents[1]))

from arguments import at_least_one, duration_s

from exoswitch.bench.machine import processor
from tests.harness.e2e.ports import free_port
from tests.harness.postgres_server import binaries, running

HOST = "127.0.0.1"
WARM_UP_S = 2.0
START_WAIT_S = 20.0
TICKS_HZ = os.sysconf("SC_CLK_TCK")
AMI_LOGIN = {"username": "exoswitch", "secret": "secret"}
EXOPHONE = "08047491899"
SIM = "import sys; from exoswitch.cli import main; main(sys.argv[1:])"
OK = b"HTTP/1.1 200"
ASKED = {
    "From": "09812345610",
    "CallerId": EXOPHONE,
    "Url": "http://my.exotel.com/bench/exoml/start_voice/1001",
    "CallType": "trans",
    "TimeLimit": "3600",
    "TimeOut": "30",
    "CustomField": '{"order": 7, "lang": "hi"}',
}


def request() -> bytes:
    """Give the bytes of one request, as Python's `requests` writes them."""
    body, credentials = urlencode(ASKED), base64.b64encode(b"key:token").decode()
    head = (
        "POST /v1/Accounts/bench/Calls/connect.json HTTP/1.1",
        f"Host: {HOST}",
        "User-Agent: python-requests/2.32.3",
        "Accept-Encoding: gzip, deflate",
        "Accept: */*",
        "Connection: keep-alive",
        f"Authorization: Basic {credentials}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    )
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


class Connection:
    """One connection of a dialer, which stays open."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self._received = b""

    def ask(self, asked_at: float) -> None:
        """Send a request that was due at this time."""
        self.asked_at = asked_at
        self.socket.sendall(REQUEST)

    def answer(self) -> bytes | None:
        """Read; give the status line of a whole answer."""
        self._received += self.socket.recv(65536)
        head, mark, body = self._received.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            ),
            0,
        )
        if not mark or len(body) < length:
            return None
        self._received = b""
        return head.partition(b"\r\n")[0]


REQUEST = request()
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")


@define
class Answers:
    """The answers of one part, the time that each took, and how long the part lasted."""

    waits_ms: list[float] = field(factory=list)
    statuses: Counter[bytes] = field(factory=Counter)
    took_s: float = 0.0

    @property
    def rate_hz(self) -> float:
        """Accepted calls a second."""
        return sum(count for status, count in self.statuses.items() if status.startswith(OK)) / self.took_s

    @property
    def refused(self) -> int:
        """Requests with another answer."""
        return sum(count for status, count in self.statuses.items() if not status.startswith(OK))


@define
class Dialers:
    """Connections, and the loop that asks on them."""

    free: deque[Connection]
    _selector: selectors.DefaultSelector = field(factory=selectors.DefaultSelector)

    def __attrs_post_init__(self) -> None:
        """Watch the connections."""
        for connection in self.free:
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def ask(self, seconds: float, due_times: Iterator[float] | None = None) -> Answers:
        """Ask for some seconds: at these times, or on each connection as soon as it is free."""
        answers, began, asked = Answers(), time.monotonic(), len(self.free)
        end = began + seconds
        due = began if due_times is None else next(due_times)
        while (now := time.monotonic()) < end:
            while self.free and due <= now:
                self.free.popleft().ask(due)
                due = now if due_times is None else next(due_times)
            self._read(answers, 0.1 if due_times is None else max(0.0, min(0.1, due - now)))
        answers.took_s = time.monotonic() - began
        while len(self.free) < asked:
            self._read(Answers(), 0.1)
        return answers

    def _read(self, answers: Answers, wait_s: float) -> None:
        for key, _ in self._selector.select(wait_s):
            status = key.data.answer()
            if status is not None:
                answers.waits_ms.append(1000 * (time.monotonic() - key.data.asked_at))
                answers.statuses[status] += 1
                self.free.append(key.data)


def at_random(rate_hz: float) -> Iterator[float]:
    """Give the random times of so many requests a second."""
    due = time.monotonic()
    while True:
        due += random.expovariate(rate_hz)
        yield due


def config(sessions: str, ami_port: int, http_port: int) -> dict[str, object]:
    """Give the gateway's configuration, in which no limit is reached."""
    asterisk = {"name": "pbx", "host": HOST, "ami": f"tcp:{HOST}:{ami_port}", **AMI_LOGIN}
    return {
        "node": "bench",
        "gateway": {"capacity": 5000},
        "rtp": {"bind": HOST, "ports": "21000-60999", "quarantine_s": 1},
        "http": f"tcp:{http_port}:interface={HOST}",
        "http_limits": {"connections_per_address": 1000},
        "sessions": sessions,
        "asterisks": [asterisk],
        "trunks": [{"name": "lab", "provider": "sip", "host": HOST, "channels": 5000, "cps": 1000}],
        "accounts": {
            "bench": {
                "api_key": "key",
                "api_token": "token",
                "concurrency": 5000,
                "calls_per_minute": 1_000_000,
                "caller_ids": [EXOPHONE],
            }
        },
        "apps": {"1001": {"account": "bench", "url": f"ws://{HOST}:1/"}},
    }


@contextmanager
def gateway(sessions: str, profile: Path | None) -> Iterator[tuple[subprocess.Popen, int]]:
    """Run a gateway and its Asterisk; give its process, and its port for HTTP."""
    ami_port, http_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "exoswitch.yaml").write_text(
            json.dumps(config(sessions, ami_port, http_port))
        )  # JSON is YAML
        sim = ["-c", SIM, "sim", "asterisk", "--ami-port", str(ami_port), "--script", "busy"]
        measured = [] if profile is None else ["-m", "cProfile", "-o", str(profile)]
        twist = [*measured, "-m", "twisted", "--log-level=critical", "exoswitch", "--config", "exoswitch.yaml"]
        silent = {"stdout": subprocess.DEVNULL, "cwd": folder}
        started = [subprocess.Popen([sys.executable, *words], **silent) for words in (sim, twist)]
        try:
            wait_until_ready(started[1], http_port)
            yield started[1], http_port
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(START_WAIT_S)


def wait_until_ready(process: subprocess.Popen, http_port: int) -> None:
    """Wait until the gateway can place calls."""
    give_up_at = time.monotonic() + START_WAIT_S
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            with urlopen(f"http://{HOST}:{http_port}/readyz"):
                return
        except OSError:
            time.sleep(0.1)
    sys.exit("the gateway did not start")


def cpu_s(process: subprocess.Popen) -> float:
    """Give the CPU time that a process has used, with all its threads."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_HZ


def measure(name: str, sessions: str, options: argparse.Namespace) -> None:
    """Ask a gateway for calls, and print the row of its database."""
    profile = Path(tempfile.gettempdir()) / f"connect-{name}.profile" if options.profile else None
    with gateway(sessions, profile) as (process, port):
        dialers = Dialers(deque(Connection(port) for _ in range(options.connections)))
        dialers.ask(WARM_UP_S)
        before_s = cpu_s(process)
        most = dialers.ask(options.seconds)
        cost_ms = 1000 * (cpu_s(process) - before_s) / max(1, len(most.waits_ms))
        paced = dialers.ask(options.seconds, at_random(most.rate_hz / 2))
    told = ", ".join(
        f"{what}: {part.rate_hz:.0f} a second, p50 {quantile(sorted(part.waits_ms), 0.5):.1f} ms, "
        f"p99 {quantile(sorted(part.waits_ms), 0.99):.1f} ms, {part.refused} refused"
        for what, part in (("at most", most), ("at half of it", paced))
    )
    print(f"{name}: {told}; CPU of a request with its call {cost_ms:.2f} ms, {1000 / cost_ms:.0f} a core", flush=True)
    if profile is not None:
        show(profile)


def show(profile: Path) -> None:
    """List the functions that took the most time."""
    import pstats  # noqa: PLC0415 - seldom needed

    pstats.Stats(str(profile)).sort_stats("tottime").print_stats(45)


def with_sqlite(run: Callable[[str], None]) -> None:
    """Run with a new file."""
    with tempfile.TemporaryDirectory() as folder:
        run(f"sqlite:///{folder}/calls.db")


def main() -> None:
    """Measure both databases."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=duration_s, default=10.0, help="of each part (10)")
    arguments.add_argument("--connections", type=at_least_one, default=16, help="of the dialers (16)")
    arguments.add_argument("--profile", action="store_true", help="list the gateway's functions by their time")
    options = arguments.parse_args()
    print(f"{processor()}, Python {platform.python_version()}", flush=True)
    with_sqlite(lambda address: measure("SQLite", address, options))
    bin_folder = binaries() or sys.exit("needs PostgreSQL: apt install postgresql")
    with running(bin_folder) as server:
        measure("PostgreSQL", server.new_database(), options)


if __name__ == "__main__":
    main()
