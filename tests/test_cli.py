"""The `exoswitch` command."""

import sys
from pathlib import Path

import pytest

from exoswitch import __version__
from exoswitch.cli import EXIT_BAD_CONFIG, main

GOOD = """
asterisks:
  - {name: pbx1, ami: "tcp:127.0.0.1:5038", username: exoswitch, secret: "hush", host: 127.0.0.1}
trunks:
  - {name: lab, provider: sip, host: 127.0.0.1, port: 5070, codecs: [ulaw]}
"""


@pytest.fixture
def good_file(tmp_path):
    path = tmp_path / "exoswitch.yaml"
    path.write_text(GOOD)
    return path


def test_help_names_every_command_and_the_start_of_the_gateway(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for word in ("check-config", "render-asterisk", "certify", "demo", "sim", "twistd -n exoswitch"):
        assert word in text


@pytest.mark.parametrize(
    ("command", "purpose"),
    [
        (["check-config"], "list all problems of a configuration file"),
        (["certify"], "test a bot with calls as Exotel makes them"),
        (["sim", "bot"], "a voice bot that speaks Exotel's protocol"),
    ],
)
def test_help_of_a_command_tells_its_purpose(command, purpose, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert purpose in capsys.readouterr().out


def test_version_is_printed(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(("command", "status"), [(["hash-token"], EXIT_BAD_CONFIG), (["certify", "--list"], 0)])
def test_a_closed_standard_stream_is_an_empty_one(command, status, monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(command) == status
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


def test_unknown_command_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["chekc-config"])
    assert ended.value.code == 2
    assert "check-config" in capsys.readouterr().err


def test_good_configuration_is_summarised(good_file, capsys):
    assert main(["check-config", str(good_file)]) == 0
    out = capsys.readouterr().out
    assert "pbx1" in out
    assert "hush" not in out


def test_bad_configuration_lists_its_problems_on_standard_error(tmp_path, capsys):
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("trunks", "trnuks"))
    assert main(["check-config", str(path)]) == EXIT_BAD_CONFIG
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "trnuks" in captured.err
    assert "trunks" in captured.err


def test_missing_file_is_a_problem_without_a_traceback(tmp_path, capsys):
    assert main(["check-config", str(tmp_path / "nothing.yaml")]) == EXIT_BAD_CONFIG
    assert "nothing.yaml" in capsys.readouterr().err


def test_rendered_folder_is_complete_and_its_secrets_are_private(good_file, tmp_path, capsys):
    out = tmp_path / "asterisk"
    assert main(["render-asterisk", str(good_file), "--out", str(out)]) == 0
    assert {"asterisk.conf", "manager.conf", "pjsip.conf", "extensions.conf"} <= {p.name for p in out.iterdir()}
    assert (out / "manager.conf").stat().st_mode & 0o077 == 0
    shown = capsys.readouterr().out
    assert "chown asterisk:asterisk " in shown
    assert f"asterisk -U asterisk -C {out}/asterisk.conf" in shown


@pytest.mark.parametrize(("words", "shown"), [([], "check-config"), (["sim"], "an AMI server")])
def test_a_command_line_without_a_command_shows_the_help(words, shown, capsys):
    assert main(words) == 0
    assert shown in capsys.readouterr().out


@pytest.mark.parametrize("words", [["gateway.yaml"], ["--config", "gateway.yaml"], ["conf/gateway.yml"]])
def test_a_configuration_file_in_place_of_a_command_shows_the_start_of_the_gateway(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert f"twistd -n exoswitch --config {words[-1]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "field", "remedy"),
    [
        (["sim", "bot", "--port", "99999"], "--port: '99999'", "from 0 to 65535"),
        (["sim", "bot", "--port", "-4"], "--port: '-4'", "from 0 to 65535"),
        (["sim", "asterisk", "--ami-port", "-4"], "--ami-port: '-4'", "from 0 to 65535"),
        (["sim", "asterisk", "--call-in", "me"], "--call-in: 'me'", "+919812345610"),
        (["sim", "asterisk", "--call-in-after", "nan"], "--call-in-after: 'nan'", "write seconds"),
        (["sim", "asterisk", "--secret", ""], "--secret: ''", "write one word"),
        (["demo", "--out", ""], "--out: the path is empty", "write ."),
    ],
)
def test_a_bad_value_is_refused_with_its_field_and_the_remedy(words, field, remedy, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert field in error
    assert remedy in error


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["bot", "--behaviour", "tone=1e400"], "behaviour: tone=1e400: the value must be a whole number"),
        (["bot", "--behaviour", "refuse=7"], "from 400 to 599"),
        (["asterisk", "--script", "tone=1"], "script: tone=1: the value must be a pitch from 50 to 3999 Hz"),
        (["asterisk", "--script", "hangup=5"], "script: hangup=5: hangup takes no value"),
        (["asterisk", "--script", "wav=nothing.wav"], "script: wav=nothing.wav: it cannot be read"),
        (["asterisk", "--script", "wav=/dev/zero"], "script: wav=/dev/zero: it is larger than"),
        (["asterisk", "--script", "wav="], "the path of a WAV file"),
        (["asterisk", "--network", "delay=1e9"], "network: delay=1e9: the value must be a number from 0 to 100"),
    ],
)
def test_nonsense_for_the_simulator_is_refused_with_its_field_and_the_remedy(words, wrong, capsys):
    assert main(["sim", *words]) == 2
    captured = capsys.readouterr()
    assert (captured.out, wrong in captured.err) == ("", True)


@pytest.mark.parametrize(
    "words",
    [
        ["render-asterisk", "{good}", "--out", "{bad}"],
        ["demo", "--out", "{bad}"],
        ["certify", "ws://127.0.0.1:1/", "--json", "{bad}/told.json"],
        ["certify", "ws://127.0.0.1:1/", "--junit", "{bad}/told.xml"],
        ["certify", "ws://127.0.0.1:1/", "--save", "{bad}/speech.jsonl"],
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(words, good_file, capsys):
    places = {"good": good_file, "bad": good_file / "no-folder"}
    assert main([word.format(**places) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{words[-2]}: {good_file}" in captured.err
    assert "cannot be written: Not a directory" in captured.err


@pytest.mark.parametrize(
    ("raised", "status", "told"),
    [
        (KeyboardInterrupt(), 130, "exoswitch: interrupted"),
        (OSError(28, "No space left on device"), 1, "exoswitch: the output: No space left on device"),
        (PermissionError(13, "Permission denied", "a/b"), 1, "exoswitch: a/b: Permission denied"),
    ],
)
def test_an_interruption_or_a_full_disk_is_told_without_a_traceback(raised, status, told, monkeypatch, capsys):
    def run(_options):
        raise raised

    monkeypatch.setattr("exoswitch.commands.check_config.run", run)
    assert main(["check-config", "x.yaml"]) == status
    assert capsys.readouterr().err == f"{told}\n"


def test_a_half_rendered_folder_keeps_no_unfinished_file(good_file, tmp_path, capsys):
    (tmp_path / "out" / "pjsip.conf").mkdir(parents=True)
    assert main(["render-asterisk", str(good_file), "--out", str(tmp_path / "out")]) == 2
    assert "pjsip.conf cannot be written: Is a directory" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob(".*"))


def test_unknown_pbx_lists_the_names(good_file, tmp_path, capsys):
    arguments = ["render-asterisk", str(good_file), "--out", str(tmp_path / "x"), "--pbx", "pbx9"]
    assert main(arguments) == EXIT_BAD_CONFIG
    assert "pbx1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ([], "Give its URL"),
        (["bot.example.org"], "ws://host"),
        (["ws://user:hush@bot.example.org/?sample-rate=44100"], "8000"),
        (["ws://bot.example.org", "--only", "speach"], "speech"),
        (["ws://bot.example.org", "--wav", "no-such-file"], "cannot be read"),
        (["ws://bot.example.org", "--timeout", "0"], "--timeout"),
        (["ws://bot.example.org", "--from", "nobody"], "--from: 'nobody'"),
        (["ws://bot.example.org", "--only", ","], "names no scenario"),
        (["ws://bot.example.org", "--wav", "/dev/zero"], "ffmpeg"),
        (["ws://bot.example.org", "--replay", "/dev/zero"], "is larger than"),
        (["ws://bot.example.org", "--strict"], "--replay FILE"),
        (["ws://bot.example.org", "--replay", "x", "--wav", "y"], "leave one of them out"),
        (["ws://bot.example.org", "--replay", "x", "--only", "speech"], "leave out --only or --replay"),
        (["ws://bot.example.org", "--save", "x", "--only", "connects"], "add it to --only"),
        (["ws://bot.example.org", "--pace", "nan"], "--pace"),
    ],
)
def test_bad_options_of_certify_are_refused_with_the_remedy(words, remedy, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["certify", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert remedy in captured.err
    assert "hush" not in captured.err
    assert list(tmp_path.iterdir()) == []


def test_every_scenario_of_certify_is_listed_and_documented(capsys):
    assert main(["certify", "--list"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    documented = (Path(__file__).parents[1] / "docs" / "certify.md").read_text(encoding="utf-8")
    assert [name for name in names if f"\n| `{name}` |" not in documented] == []
    assert len(names) == documented.count("\n| `") - documented.count("\n| `--")
