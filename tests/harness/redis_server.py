"""A real Redis for tests, on a free port and with a folder of its own."""

import shutil
import signal
import socket
import subprocess
import time

import pytest
from attrs import define, field

from exoswitch.fleet.redis import link
from exoswitch.fleet.redis.address import RedisAddress
from tests.harness.e2e.ports import free_port

START_WAIT_S = 60
ANSWER_WAIT_S = 30


@define(eq=False)
class RedisServer:
    """One redis-server with command-line `options`; it keeps its data over a restart only with `keeps`."""

    options: tuple = ()
    keeps: bool = False
    port: int = field(factory=free_port)
    folder: object = None
    process: object = None

    @property
    def address(self):
        return RedisAddress(host="127.0.0.1", port=self.port)

    def start(self, folder=None):
        """Start or restart it, and wait until it answers."""
        self.folder = folder or self.folder
        keeps = "yes" if self.keeps else "no"
        settings = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": keeps}
        words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen(["redis-server", *words, *self.options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_WAIT_S
        while not self._answers():
            assert self.process.poll() is None, "redis-server ended"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def _answers(self):
        try:
            return not self.call("PING").startswith(b"-LOADING")
        except OSError:
            return False

    def call(self, *words):
        """Send one command; return the raw answer, up to 64 KiB."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_WAIT_S) as connection:
            connection.sendall(b" ".join(str(word).encode() for word in words) + b"\r\n")
            return connection.recv(65536)

    def command(self, *words):
        """Send one command of any words; return the raw answer, up to 64 KiB."""
        data = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_WAIT_S) as connection:
            connection.sendall(b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%b\r\n" % (len(one), one) for one in data))
            return connection.recv(65536)

    def stop(self):
        """Kill it, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A running server; a test file that needs other options makes its own."""
    server = RedisServer()
    server.start(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def patient_links(monkeypatch):
    """Let Redis answer as late as a busy machine lets it, in tests that are not about its outages."""
    monkeypatch.setattr(link, "ANSWER_WAIT_S", ANSWER_WAIT_S)


def needs_redis():
    return pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server: make test installs it")
