"""A second gateway with the same file or folder refuses to start, and names the first one."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.loopback

CONFIG = """
node: {node}
http: "tcp:{port}:interface=127.0.0.1"
sessions: sqlite:///{file}
journal: {journal}
asterisks:
  - {{name: pbx1, ami: "tcp:127.0.0.1:1", username: exoswitch, secret: hush, host: 127.0.0.1}}
"""
TWISTD = Path(sys.executable).with_name("twistd")
START_S = 20.0


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture
def begin(tmp_path):
    """Start gateways; each has a folder of its own for its configuration."""
    begun = []

    def start(node, file="calls.db", journal=None):
        folder = tmp_path / node
        folder.mkdir(exist_ok=True)
        port = free_port()
        text = CONFIG.format(
            node=node, port=port, file=tmp_path / file, journal=tmp_path / (journal or f"{node}-notes")
        )
        (folder / "exoswitch.yaml").write_text(text)
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
