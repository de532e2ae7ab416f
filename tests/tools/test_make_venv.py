"""tools/make-venv on machines that have no Python, an old one, or one without venv; their programs are fakes."""

import os
import subprocess
from pathlib import Path

import pytest

MAKE_VENV = Path(__file__).parents[2] / "tools" / "make-venv"
NEEDED = ("sh", "dirname", "mkdir", "cat", "chmod", "env")

PYTHON = """#!/bin/sh
case "$*" in
    *print*) echo {version} ;;
    *"sys.exit"*) {is_new} ;;
    *ensurepip*) test -e {folder}/has-venv ;;
    *"-m venv"*) echo "made $4" ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """A folder of programs: a machine whose `apt-get` installs fakes, and writes down its words."""
    for name in NEEDED:
        (tmp_path / name).symlink_to(f"/bin/{name}")
    write(tmp_path / "id", "#!/bin/sh\necho 0\n")
    write(
        tmp_path / "apt-get",
        f"""#!/bin/sh
echo "$@" >>{tmp_path}/installed
case "$*" in *-venv*) echo >{tmp_path}/has-venv ;; esac
case "$*" in *" python3 "*) mv {tmp_path}/packaged {tmp_path}/python3 ;; esac
""",
    )
    (tmp_path / "mv").symlink_to("/bin/mv")
    return tmp_path


def write(path, text):
    path.write_text(text)
    path.chmod(0o755)


def python(machine, name="python3", version="3.11", *, is_new=True):
    text = PYTHON.format(version=version, is_new="exit 0" if is_new else "exit 1", folder=machine)
    write(machine / name, text)


def make_venv(machine, python="python3"):
    done = subprocess.run(
        [MAKE_VENV, python, "venv"], env={"PATH": str(machine)}, capture_output=True, text=True, check=False
    )
    asked = machine / "installed"
    return done.returncode, done.stdout + done.stderr, asked.read_text() if asked.exists() else ""


def test_a_machine_without_python3_gets_it_with_its_venv(machine):
    python(machine, "packaged")
    status, text, asked = make_venv(machine)
    assert (status, "made venv" in text) == (0, True), text
    assert "Installing Debian packages: python3 python3-venv" in text
    assert " python3 python3-venv" in asked


def test_a_python3_without_venv_gets_it(machine):
    python(machine)
    status, text, asked = make_venv(machine)
    assert (status, "made venv" in text) == (0, True), text
    assert asked.endswith(" python3.11-venv\n")


def test_a_python3_with_venv_installs_nothing(machine):
    python(machine)
    (machine / "has-venv").touch()
    assert make_venv(machine)[::2] == (0, "")


@pytest.mark.parametrize("named", ["python3.13", "/opt/python/bin/python3"])
def test_a_python_that_was_named_is_not_installed(machine, named):
    status, text, asked = make_venv(machine, named)
    assert (status, asked) == (1, "")
    assert f"There is no {named}" in text


def test_an_old_python3_is_refused(machine):
    python(machine, "packaged", "3.9", is_new=False)
    status, text, _ = make_venv(machine)
    assert (status, "python3 is Python 3.9. exoswitch needs 3.11 or newer" in text) == (1, True)


def test_without_apt_the_packages_are_named(machine):
    (machine / "apt-get").unlink()
    status, text, _ = make_venv(machine)
    assert (status, "This needs python3 python3-venv" in text) == (1, True)


def test_the_script_is_executable():
    assert os.access(MAKE_VENV, os.X_OK)
