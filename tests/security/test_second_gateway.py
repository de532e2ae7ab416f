"""A second gateway with the same file, folder or name ends with an error, and names the first one."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.harness.e2e.ports import free_port
from tests.harness.redis_server import needs_redis, server  # noqa: F401 - a fixture

pytestmark = pytest.mark.loopback

CONFIG = """
node: {node}
http: "tcp:{port}:interface=127.0.0.1"
sessions: sqlite:///{file}
journal: {journal}
asterisks:
  - {{name: pbx1, ami: "tcp:127.0.0.1:{ami}", username: exoswitch, secret: hush, host: 127.0.0.1}}
"""
TWISTD = Path(sys.executable).with_name("twistd")
START_S = 50.0


@pytest.fixture
def begin(tmp_path):
    """Start gateways; each has a folder of its own for its configuration."""
    begun = []

    def start(node, file="calls.db", journal=None, more="", ami=1):
        folder = tmp_path / (journal or node)
        folder.mkdir(exist_ok=True)
        port = free_port()
        text = CONFIG.format(
            node=node, port=port, ami=ami, file=tmp_path / file, journal=tmp_path / (journal or f"{node}-notes")
        )
        (folder / "exoswitch.yaml").write_text(text + more)
        process = subprocess.Popen(
            [TWISTD, "-n", "--pidfile=", "exoswitch", "--config", "exoswitch.yaml"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        begun.append(process)
        return process, port

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until_it_listens(port):
    deadline = time.monotonic() + START_S
    while not listens(port):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [({}, "sessions: the file"), ({"file": "other.db", "journal": "gw1-notes"}, "journal: the folder")],
    ids=["file", "journal"],
)
def test_second_gateway_refuses_to_start_and_names_the_first_one(begin, settings, told):
    first, port = begin("gw1")
    until_it_listens(port)
    second, _ = begin("gw2", **settings)
    said, _ = second.communicate(timeout=START_S)
    assert second.returncode == 1
    assert told in said
    assert f"is in use by gateway gw1, process {first.pid} on {socket.gethostname()}" in said
    assert "Traceback" not in said
    assert first.poll() is None


def test_gateway_that_was_killed_starts_again_at_once(begin):
    first, port = begin("gw1")
    until_it_listens(port)
    first.send_signal(signal.SIGKILL)
    first.wait()
    again, port = begin("gw1")
    until_it_listens(port)
    assert again.poll() is None


def cluster_of(server):  # noqa: F811 - the fixture
    return f"cluster: redis://127.0.0.1:{server.port}/0\n"


@needs_redis()
def test_gateway_whose_name_another_one_of_the_fleet_has_ends_with_an_error(begin, server):  # noqa: F811 - the fixture
    first, port = begin("gw1", more=cluster_of(server))
    until_it_listens(port)
    second, _ = begin("gw1", file="other.db", journal="other", more=cluster_of(server))
    said, _ = second.communicate(timeout=START_S)
    assert second.returncode == 1
    assert f"node: process {first.pid} on {socket.gethostname()} is the gateway gw1 of this fleet" in said
    assert "Traceback" not in said
    assert first.poll() is None


@needs_redis()
def test_gateway_whose_name_is_taken_asks_nothing_of_asterisk(begin, server):  # noqa: F811 - the fixture
    first, port = begin("gw1", more=cluster_of(server))
    until_it_listens(port)
    with socket.create_server(("127.0.0.1", 0)) as asterisk:
        asterisk.settimeout(0.1)
        second, _ = begin("gw1", "other.db", "other", cluster_of(server), asterisk.getsockname()[1])
        second.communicate(timeout=START_S)
        with pytest.raises(TimeoutError):
            asterisk.accept()
    assert first.poll() is None


@needs_redis()
def test_of_two_gateways_of_a_name_that_start_at_once_one_ends_with_an_error(begin, server):  # noqa: F811 - the fixture
    pair = [begin("gw1", file=f"{name}.db", journal=name, more=cluster_of(server))[0] for name in ("one", "two")]
    deadline = time.monotonic() + START_S
    while not any(process.poll() is not None for process in pair):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.5)
    assert sorted((process.poll() for process in pair), key=str) == [1, None]
