import pytest

from exoswitch.asterisk.difference import difference
from exoswitch.asterisk.folder import places_of

LIVE = "[general]\nport = 5038\n\n[exoswitch]\nsecret = the-old-one\n"


def test_same_folder_has_no_difference():
    assert difference({"manager.conf": LIVE, "musiconhold.conf": "mine\n"}, {"manager.conf": LIVE}) == ""


def test_changed_line_is_shown_as_a_unified_diff():
    told = difference({"manager.conf": LIVE}, {"manager.conf": LIVE.replace("5038", "5039")})
    assert told.splitlines()[:2] == ["--- live/manager.conf", "+++ rendered/manager.conf"]
    assert "-port = 5038\n+port = 5039\n" in told


def test_changed_secret_is_seen_and_not_shown():
    told = difference({"manager.conf": LIVE}, {"manager.conf": LIVE.replace("the-old-one", "the-new-one")})
    assert "-secret = (secret 1)\n+secret = (secret 2)\n" in told
    assert "-one" not in told


def test_secret_beside_a_change_is_hidden_in_every_file():
    files = {"pjsip.conf": "[bsnl1]\npassword = p4ss\\;word\nusername = u\n"}
    told = difference({}, files)
    assert told.startswith("--- /dev/null\n+++ rendered/pjsip.conf\n")
    assert "+password = (secret 1)\n" in told
    assert "p4ss" not in told


@pytest.mark.parametrize("end", ["\x0c", "\x0b", "\x85", "\u2028", "\r", "\x1e"])
def test_secret_of_a_live_file_with_any_sign_in_it_is_hidden_as_a_whole(end):
    told = difference({"pjsip.conf": f"password = first{end}second\n; secret = of-last-year\n"}, {"pjsip.conf": "\n"})
    assert "-password = (secret 1)\n-; secret = (secret 2)\n" in told
    assert not any(secret in told for secret in ("first", "second", "of-last-year"))


def test_line_of_a_live_file_cannot_command_the_terminal():
    text = b"; caf\xe9\t\x1b[2J\n".decode(errors="surrogateescape")
    assert "-; caf\ufffd\t\ufffd[2J\n" in difference({"rtp.conf": text}, {"rtp.conf": "\n"})


def test_folders_of_a_live_asterisk_are_read_from_its_own_configuration(tmp_path):
    text = "[directories]\nastetcdir = /mnt/etc\nastrundir = /mnt/state/run\nastlogdir = /mnt/state/log\n"
    (tmp_path / "asterisk.conf").write_text(text)
    assert places_of(tmp_path) == ("/mnt/etc", "/mnt/state")
    (tmp_path / "asterisk.conf").write_text("[directories]\nastetcdir = /etc/asterisk\n")
    assert places_of(tmp_path) == ("/etc/asterisk", None)
    (tmp_path / "asterisk.conf").unlink()
    assert places_of(tmp_path) == (str(tmp_path), None)
