"""The systemd unit of an Asterisk. Where systemd is at hand, it checks the unit itself."""

import re
import shutil
import subprocess

import pytest
from attrs import evolve

from exoswitch.asterisk.render import render
from exoswitch.config.model import AsteriskConfig, Config

PBX = AsteriskConfig(
    name="pbx1", ami="tcp:10.0.1.5:5038", username="exoswitch", secret="s", host="10.0.1.5", capacity=600
)


def unit(state_dir=None, pbx=PBX, etc_dir="/etc/asterisk"):
    files = render(Config(asterisks=(pbx,)), pbx, (), etc_dir=etc_dir, state_dir=state_dir)
    return files["system/asterisk/asterisk.service"]


def values(text, key):
    return re.findall(f"^{key}=(.*)$", text, re.MULTILINE)


def test_asterisk_runs_as_its_own_user_and_is_started_again():
    text = unit()
    assert (values(text, "User"), values(text, "Restart")) == (["asterisk"], ["always"])
    assert values(text, "ExecStart") == ["/usr/sbin/asterisk -f -C /etc/asterisk/asterisk.conf"]


def test_asterisk_may_open_as_many_files_as_its_own_configuration_says():
    pbx = evolve(PBX, capacity=1000)
    files = render(Config(asterisks=(pbx,)), pbx, (), etc_dir="/etc/asterisk")
    limits = values(files["system/asterisk/asterisk.service"], "LimitNOFILE")
    assert limits == re.findall(r"^maxfiles = (\d+)$", files["asterisk.conf"], re.MULTILINE) == ["17024"]


def test_folders_of_a_state_dir_are_made_before_each_start_and_are_all_that_can_be_written():
    text = unit(state_dir="/srv/state")
    make = values(text, "ExecStartPre")[0]
    assert make.startswith("+/usr/bin/install -o asterisk -g asterisk -m 0750 -d /srv/state /srv/state/run ")
    assert make.endswith(" /srv/state/db /srv/state/cache")
    assert values(text, "ReadWritePaths") == ["-/srv/state"]
    assert values(text, "StateDirectory") == []


@pytest.mark.parametrize("state_dir", [None, "/srv/state"])
def test_systemd_takes_the_unit(state_dir, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    file = tmp_path / "asterisk.service"
    file.write_text(unit(state_dir).replace("/usr/sbin/asterisk", "/bin/true"))
    checked = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    ours = [line for line in checked.stderr.splitlines() if "asterisk.service" in line]
    assert (checked.returncode, ours) == (0, [])
