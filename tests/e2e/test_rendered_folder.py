"""`exoswitch render-asterisk --state-dir`: Asterisk starts with what the command has made, and nothing else."""

import subprocess
import time
from contextlib import contextmanager

import pytest
import yaml

from exoswitch.cli import main
from tests.harness.certificates import Authority
from tests.harness.e2e.ami import Ami
from tests.harness.e2e.asterisk_server import complaints
from tests.harness.e2e.ports import free_port, free_ports

SECRET = "a-long-secret-of-this-test"
pytestmark = pytest.mark.e2e

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0
# Asterisk sees the folder at the path that it has on this machine; the root itself is never written to.
SAME_PATH = """\
set -e
mount --rbind /dev "$0/dev"
mount -t proc proc "$0/proc"
mount -t tmpfs tmpfs "$0/tmp"
mkdir -p "$0$1"
mount --bind "$1" "$0$1"
chroot "$0" sh -ec "$2"
exec chroot "$0" $3 asterisk -C "$1/etc/asterisk.conf" -f -n
"""
# As the systemd unit runs it.
UNPRIVILEGED = "setpriv --reuid=asterisk --regid=asterisk --clear-groups --bounding-set=-all --no-new-privs"


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
def started(root, folder, install="", prefix=""):
    command = ("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "sh", "-c", SAME_PATH)
    command += (str(root), str(folder), install, prefix)
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
            ami.wait_for("FullyBooted", timeout_s=START_TIMEOUT_S)
    except OSError:
        return False
    return True


def assert_starts(process, port, folder):
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while not is_booted(port):
        assert process.poll() is None, (folder / "output").read_text()
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
    assert (folder / "state" / "db" / "astdb.sqlite3").exists()
    log = (folder / "state" / "log" / "messages.log").read_text()
    assert complaints(log) == []


@pytest.fixture
def rendered(configured, tmp_path, capsys):
    """The rendered folder, and the printed commands that give it to Asterisk's user."""
    folder = tmp_path / "pbx1"
    words = ["--out", f"{folder}/etc", "--state-dir", f"{folder}/state"]
    assert main(["render-asterisk", str(configured), *words]) == 0
    (folder / "ca.pem").write_bytes(Authority().pem)
    printed = (line.strip() for line in capsys.readouterr().out.splitlines())
    return folder, "\n".join(line for line in printed if line.startswith(("install -o asterisk", "chown asterisk")))


def test_asterisk_starts_with_the_folders_of_a_state_dir(asterisk, rendered, port):
    folder, _ = rendered
    with started(asterisk.root, folder) as process:
        assert_starts(process, port, folder)


def test_asterisk_starts_as_its_own_user_without_any_capability_after_the_printed_commands(asterisk, rendered, port):
    folder, install = rendered
    assert "chown asterisk:asterisk " in install
    with started(asterisk.root, folder, install, UNPRIVILEGED) as process:
        assert_starts(process, port, folder)
