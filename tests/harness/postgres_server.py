"""A real PostgreSQL server: on a free port, in a temporary folder, ended by its process ID."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg2
import pytest
from attrs import define, field

from tests.harness.e2e.ports import free_port

START_WAIT_S = 60
ANSWER_WAIT_S = 30  # a busy machine starts a process for each connection slowly
USER = "exo"


def binaries() -> Path | None:
    """Find the newest installed PostgreSQL: Debian's, or the one on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@define(eq=False)
class PostgresServer:
    """One server with its databases.

    Without `syncs` it never waits for the disk: its data then survives its own crash, but not the machine's.
    """

    bin: Path
    syncs: bool = True
    port: int = field(factory=free_port)
    _folder: Path = field(init=False)
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _numbers: "count[int]" = field(factory=count, init=False)

    def make(self) -> None:
        """Make the server's folder; PostgreSQL refuses to run as root, so its folder has another owner."""
        self._folder = Path(tempfile.mkdtemp(prefix="exoswitch-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        initdb = [self.bin / "initdb", "-D", self._folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "-N"]
        subprocess.run([*self._as_postgres(), *initdb], check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "on" if self.syncs else "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_postgres(), self.bin / "postgres", "-D", self._folder / "data", *options],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        deadline = time.monotonic() + START_WAIT_S
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; SIGINT disconnects all clients in order, SIGQUIT acts like a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_WAIT_S)
            self._process = None

    def pause(self) -> None:
        """Stop all its processes for a while: it accepts connections, and does not answer.

        The server itself comes first: while it is stopped, it starts no child process and reaps none.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        while self._state() != "T":
            time.sleep(0.001)
        self._signal_children(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue after a pause."""
        assert self._process is not None
        self._signal_children(signal.SIGCONT)
        self._process.send_signal(signal.SIGCONT)

    @property
    def is_running(self) -> bool:
        """Whether the server runs."""
        return self._process is not None

    def remove(self) -> None:
        """Stop the server, and remove its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        """Create an empty database, and give its address."""
        name = f"exo{next(self._numbers)}"
        self.query("postgres", f"CREATE DATABASE {name}")
        return self.address(name)

    def address(self, name: str) -> str:
        """Give the address of a database."""
        return f"postgresql://{USER}:secret@127.0.0.1:{self.port}/{name}"

    def query(self, name: str, statement: str) -> list:
        """Send one statement to a database, and give the rows."""
        connection = psycopg2.connect(self.address(name), connect_timeout=ANSWER_WAIT_S)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def _answers(self) -> bool:
        try:
            return bool(self.query("postgres", "SELECT 1"))
        except psycopg2.OperationalError:
            return False

    def _state(self) -> str:
        """Give the state of the server itself, as proc_pid_stat(5) names it."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def _signal_children(self, number: signal.Signals) -> None:
        """Signal the child processes of the server, which are not one process group."""
        assert self._process is not None
        tasks = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for pid in map(int, tasks.read_text().split()):
            os.kill(pid, number)

    def _as_postgres(self) -> list[str]:
        if os.geteuid() != 0:
            return ["setpriv", "--pdeathsig=KILL"]
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=KILL"]


@contextmanager
def running(bin_folder: Path, *, syncs: bool = True) -> Iterator[PostgresServer]:
    """Run a server, and remove it afterwards."""
    server = PostgresServer(bin_folder, syncs)
    server.make()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Give a running server; a test that stops it starts it again."""
    bin_folder = binaries()
    if bin_folder is None:
        pytest.skip("needs PostgreSQL: apt install postgresql")
    with running(bin_folder, syncs=False) as server:
        yield server
