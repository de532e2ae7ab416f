"""Files with secrets that every user can read."""

import tempfile
from pathlib import Path

import pytest

from exoswitch.config.loader import load_with_warnings
from exoswitch.trunks.registry import SETTINGS


@pytest.fixture
def folder():
    """Give a folder that every user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def warned(folder, text, mode, **secrets):
    for name, (content, its_mode) in secrets.items():
        (folder / name).write_text(content)
        (folder / name).chmod(its_mode)
    file = folder / "exoswitch.yaml"
    file.write_text(text)
    file.chmod(mode)
    return {Path(problem.path).name: problem.text for problem in load_with_warnings(file, SETTINGS, {})[1]}


def test_a_configuration_with_a_secret_that_all_can_read_is_a_warning(folder, good):
    found = warned(folder, good, 0o644)
    remedy = f"run: chmod o-rwx {folder / 'exoswitch.yaml'}"
    assert found == {"exoswitch.yaml": f"has a secret, and every user can read it; {remedy}"}
    assert warned(folder, good, 0o640) == {}


def test_a_folder_that_others_may_not_enter_hides_its_files(folder, good):
    folder.chmod(0o750)
    assert warned(folder, good, 0o644) == {}


def test_a_file_of_a_placeholder_is_checked_and_one_without_secrets_is_not(folder, good):
    text = (
        good.replace("s3cret-of-pbx-10", '"${file:ami}"')
        .replace("t0ken-of-acme-10", '"${file:token}"')
        .replace("bot:pa55@", "")
    )
    secrets = {"ami": ("s3cret-of-pbx-10", 0o644), "token": ("t0ken-of-acme-10", 0o600)}
    assert warned(folder, text, 0o644, **secrets).keys() == {"ami"}
