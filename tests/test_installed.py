"""Checks what pip has installed: twistd finds the plugin, the command runs, and no module is missing."""

import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution
from pathlib import Path

import pytest

import exoswitch

pytestmark = pytest.mark.installed

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(sys.executable).parent
PACKAGE_DATA = {".lua", ".py", ".sql", ".typed"}


def run(command, *arguments, folder):
    """Run an installed command in a folder from which this tree cannot be imported."""
    finished = subprocess.run(
        [SCRIPTS / command, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_twistd_offers_exoswitch(tmp_path):
    offered = run("twistd", "--help", folder=tmp_path)
    assert "exoswitch" in [line.split()[0] for line in offered.splitlines() if line.strip()]


def test_twistd_knows_the_options_of_exoswitch(tmp_path):
    assert "--config" in run("twistd", "exoswitch", "--help", folder=tmp_path)


def test_console_script_runs_and_tells_its_version(tmp_path):
    assert exoswitch.__version__ in run("exoswitch", "--version", folder=tmp_path)


def test_console_script_checks_a_configuration(tmp_path):
    (tmp_path / "gateway.yaml").write_text(
        "asterisks: [{name: pbx1, ami: 'tcp:127.0.0.1:5038', username: u, secret: s, host: 127.0.0.1}]\n"
    )
    assert "pbx1" in run("exoswitch", "check-config", "gateway.yaml", folder=tmp_path)


def test_no_module_was_left_out_of_the_package():
    files = {path for path in (ROOT / "exoswitch").rglob("*") if path.suffix in PACKAGE_DATA}
    files |= set((ROOT / "twisted" / "plugins").glob("*.py"))
    # Only there: a build leaves an egg-info folder in this tree, and this tree is on the path of the tests.
    [installed] = Distribution.discover(name="exoswitch", path=[sysconfig.get_path("purelib")])
    missing = [
        path.relative_to(ROOT)
        for path in files
        if not Path(str(installed.locate_file(path.relative_to(ROOT)))).exists()
    ]
    assert not missing
