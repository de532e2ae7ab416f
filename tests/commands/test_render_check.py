"""`exoswitch render-asterisk --check DIR`: 0 for the same, 1 for a difference, 2 if it cannot tell."""

import shutil

import pytest

from exoswitch.cli import main

YAML = """\
asterisks:
  - {name: pbx1, ami: "tcp:127.0.0.1:5038", username: exoswitch, secret: a-secret-of-this-test, host: 127.0.0.1}
trunks: [{name: lab, provider: sip, host: 10.9.0.1}]
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text(YAML)
    return path


@pytest.fixture
def live(file, tmp_path, capsys):
    folder = tmp_path / "live"
    words = ["--out", str(folder), "--etc-dir", "/etc/asterisk", "--state-dir", "/srv/state"]
    assert main(["render-asterisk", str(file), *words]) == 0
    capsys.readouterr()
    return folder


def check(file, folder):
    return main(["render-asterisk", str(file), "--check", str(folder)])


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_folder_that_was_just_rendered_is_the_same(file, live, capsys):
    assert check(file, live) == 0
    assert capsys.readouterr().out == f"{live}/ is as it would be rendered for pbx1\n"


def test_difference_is_shown_without_secrets_and_nothing_is_written(file, live, capsys):
    file.write_text(YAML.replace("10.9.0.1", "10.9.0.2").replace("a-secret-of-this-test", "another-secret"))
    before = contents(live)
    assert check(file, live) == 1
    told = capsys.readouterr().out
    assert "-contact = sip:10.9.0.1:5060\n+contact = sip:10.9.0.2:5060\n" in told
    assert "-secret = (secret 1)\n+secret = (secret 2)\n" in told
    assert "another-secret" not in told
    assert contents(live) == before


def test_live_folder_without_system_files_is_compared_without_them(file, live):
    shutil.rmtree(live / "system")
    assert check(file, live) == 0
    (live / "pjsip.conf").unlink()
    assert check(file, live) == 1


def test_folder_that_is_not_there_is_an_error(file, live, capsys):
    assert check(file, live / "nowhere") == 2
    assert "is no folder; name the live folder of Asterisk" in capsys.readouterr().err


def test_file_that_cannot_be_read_is_an_error(file, live, capsys):
    (live / "pjsip.conf").unlink()
    (live / "pjsip.conf").mkdir()
    assert check(file, live) == 2
    assert "pjsip.conf cannot be read: Is a directory" in capsys.readouterr().err


def test_folder_is_either_written_or_checked(file, live):
    with pytest.raises(SystemExit) as refused:
        main(["render-asterisk", str(file), "--check", str(live), "--out", str(live)])
    assert refused.value.code == 2
