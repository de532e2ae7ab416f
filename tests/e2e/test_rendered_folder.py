"""`exoswitch render-asterisk --state-dir`: Asterisk starts with what the command has made, and nothing else."""

import subprocess
import time
from contextlib import contextmanager

import pytest
import yaml

from exoswitch.cli import main
from tests.harness.certificates import Authority
from tests.harness.e2e.ami import Ami
from tests.harness.e2e.ports import free_port, free_ports

SECRET = "a-long-secret-of-this-test"
pytestmark = pytest.mark.e2e

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
# Asterisk sees the folder at the path that it has on this machine; the root itself is never written to.
SAME_PATH = """\
set -e
mount --rbind /dev "$0/dev"
mount -t proc proc "$0/proc"
mount -t tmpfs tmpfs "$0/tmp"
mkdir -p "$0$1"
mount --bind "$1" "$0$1"
exec chroot "$0" asterisk -C "$1/etc/asterisk.conf" -f -n
"""


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def configured(tmp_path, port):
    ports = free_ports(40)
    pbx = {
        "name": "pbx1",
        "ami": f"tcp:127.0.0.1:{port}",
        "username": "exoswitch",
        "secret": SECRET,
        "host": "127.0.0.1",
        "capacity": 10,
        "sip": f"127.0.0.1:{free_port()}",
        "rtp_ports": f"{ports[0]}-{ports[-1]}",
        "sip_ca_file": f"{tmp_path}/pbx1/ca.pem",
    }
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump({"asterisks": [pbx]}))
    return file


@contextmanager
def started(root, folder):
    command = ("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "sh", "-c", SAME_PATH, str(root), str(folder))
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_booted(port):
    try:
        with Ami.login(("127.0.0.1", port), "exoswitch", SECRET) as ami:
            ami.wait_for("FullyBooted")
    except OSError:
        return False
    return True


def test_asterisk_starts_with_the_folders_of_a_state_dir(asterisk, configured, port, tmp_path):
    folder = tmp_path / "pbx1"
    assert main(["render-asterisk", str(configured), "--out", f"{folder}/etc", "--state-dir", f"{folder}/state"]) == 0
    (folder / "ca.pem").write_bytes(Authority().pem)
    log = folder / "state" / "log" / "messages.log"
    with started(asterisk.root, folder) as process:
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while not is_booted(port):
            assert process.poll() is None, (folder / "output").read_text()
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
    assert (folder / "state" / "db" / "astdb.sqlite3").exists()
    assert [line for line in log.read_text().splitlines() if "WARNING" in line or "ERROR" in line] == []
