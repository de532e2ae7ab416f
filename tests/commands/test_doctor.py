"""The doctor: a line for each check, a remedy for each fault, and the exit status."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from exoswitch.commands.check_result import CheckResult
from exoswitch.commands.local_checks import (
    check_gateway,
    check_journal,
    check_plane,
    check_private,
    check_recordings,
    check_tls,
)
from exoswitch.config.loader import load
from exoswitch.config.model import RecordingsConfig
from exoswitch.network import native_tls
from exoswitch.rtp import planes
from exoswitch.sessions.notes import Note
from exoswitch.sessions.set_aside import SetAside
from exoswitch.store.lock import FileLock
from exoswitch.trunks.registry import SETTINGS
from tests.harness.databases import SqliteInTest
from tests.harness.e2e.ports import free_port
from tests.harness.sessions import MOMENT, SESSION

# The RTP ports lie below those that the kernel and other tests take.
CONFIG = """
rtp: {{bind: 127.0.0.1, ports: {ports}}}
gateway: {{capacity: 5}}
sessions: sqlite:///calls.db
journal: {journal}
asterisks:
  - {{name: pbx1, ami: "tcp:127.0.0.1:{ami}", username: exoswitch, secret: hush, host: 127.0.0.1, capacity: 5}}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "exoswitch.yaml"
    path.write_text(CONFIG.format(ports="11000-11019", ami=1, journal=tmp_path / "journal"))
    return path


@pytest.fixture
def config(file):
    return load(file, SETTINGS, {})


def test_the_result_of_a_check_is_a_line_with_its_remedy_on_the_next_one():
    assert str(CheckResult("rtp", "all ports are free")) == "✔ rtp: all ports are free"
    assert str(CheckResult("rtp", "3 are in use", "choose others")) == "✘ rtp: 3 are in use\n    choose others"


def test_running_gateway_is_named(config, tmp_path):
    assert str(check_gateway(config)).startswith("✔ gateway gw1: none runs")
    lock = FileLock(tmp_path / "calls.db.lock", "", "gateway gw1")
    lock.take()
    assert check_gateway(config).text.startswith(f"gateway gw1, process {os.getpid()} on ")
    lock.release()


def test_file_that_others_may_read_has_the_remedy(config, tmp_path):
    assert list(check_private(config)) == []
    (tmp_path / "calls.db").write_bytes(b"")
    (tmp_path / "calls.db").chmod(0o644)
    (found,) = check_private(config)
    assert found.remedy == f"chmod 600 {tmp_path}/calls.db"


def test_place_where_nothing_can_be_made_is_a_fault(config, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    (file,), (journal,) = check_private(config), check_journal(config)
    assert file.text == f"{tmp_path}/calls.db cannot be made: this user may not write to {tmp_path}"
    assert journal.text == f"{tmp_path}/journal cannot be made: this user may not write to {tmp_path}"


def test_the_media_plane_is_named_with_the_remedy_if_it_is_not_there(config, monkeypatch):
    monkeypatch.setattr(planes, "_compiled", lambda: None)
    found = check_plane(config)
    assert found.is_good
    assert found.text.startswith("python; this install has no compiled one")
    found = check_plane(evolve(config, rtp=evolve(config.rtp, plane="compiled")))
    assert found.text == "rtp.plane is compiled, and this install has no compiled media plane"
    assert found.remedy.startswith("Install exoswitch again where there is a C compiler")


def test_the_place_of_the_tick_is_named(config, monkeypatch):
    monkeypatch.setattr(planes, "_compiled", lambda: planes.Plane)
    assert check_plane(config).text == "compiled, in a thread of its own"
    assert check_plane(evolve(config, rtp=evolve(config.rtp, tick="reactor"))).text == "compiled, in the reactor"


def test_the_tls_to_bots_is_named(config, monkeypatch):
    monkeypatch.setattr(planes, "_compiled", lambda: None)
    assert check_tls(config).text == "pyOpenSSL, as the media plane is not compiled"
    monkeypatch.setattr(planes, "_compiled", lambda: planes.Plane)
    monkeypatch.setattr(native_tls, "openssl_version", lambda: "OpenSSL 3.0.19")
    assert check_tls(config).text == "OpenSSL 3.0.19"
    monkeypatch.setattr(native_tls, "openssl_version", lambda: None)
    assert check_tls(config).text.startswith("pyOpenSSL: this machine has no libssl.so.3")


def test_thread_without_the_compiled_plane_is_a_fault_as_it_is_for_the_gateway(config, monkeypatch):
    config = evolve(config, rtp=evolve(config.rtp, tick="thread"))
    monkeypatch.setattr(planes, "_compiled", lambda: planes.Plane)
    assert check_plane(config).is_good
    monkeypatch.setattr(planes, "_compiled", lambda: None)
    found = check_plane(config)
    assert found.text.startswith("rtp.tick is thread, and a thread can run the compiled media plane only")
    assert found.remedy.startswith("Set rtp.tick to auto")


def test_notes_that_are_set_aside_are_shown(config, tmp_path):
    (tmp_path / "journal").mkdir()
    assert [result.is_good for result in check_journal(config)] == [True]
    SetAside(tmp_path / "journal").add([(b"line", "it is damaged")], MOMENT)
    _, found = check_journal(config)
    assert found.text.startswith("1 notes are set aside in ")
    assert found.text.endswith("set-aside.jsonl; the last one at 2023-11-14T22:13:20+00:00: it is damaged")
    assert not found.is_good


def test_folder_of_recordings_is_shown_with_the_room_on_its_disk(config, tmp_path, monkeypatch):
    folder = tmp_path / "recordings"
    config = evolve(config, recordings=RecordingsConfig(folder=str(folder)))
    assert list(check_recordings(config)) == []
    folder.mkdir()
    (found,) = check_recordings(config)
    assert found.is_good
    assert f"{folder}, " in str(found)
    assert "GB are free; max_gb is 20" in str(found)
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "chown USER" in str(next(check_recordings(config)))


def test_missing_encoder_of_recordings_has_its_remedy(config, monkeypatch):
    monkeypatch.setattr("exoswitch.commands.local_checks.find_spec", lambda _name: None)
    found = list(check_recordings(config))
    assert "pip install lameenc, or write recordings.format: wav" in str(found[-1])
    assert list(check_recordings(evolve(config, recordings=RecordingsConfig(folder="")))) == []


def exoswitch(*words):
    program = "import sys; from exoswitch.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "utf-8"},
    )
    assert "Traceback" not in done.stderr
    return done


def stored(folder):
    """Make a database with two calls."""

    async def scenario(database):
        await database.write([Note(1, SESSION), Note(2, evolve(SESSION, call_sid="c2"))])

    SqliteInTest(folder).run(scenario)


@pytest.mark.loopback
def test_doctor_finds_what_is_wrong_and_calls_lists_what_can_be_read(file, tmp_path):
    stored(tmp_path)
    with closing(sqlite3.connect(tmp_path / "calls.db")) as database:
        database.execute("UPDATE sessions SET document = replace(document, 'queued', 'parked') WHERE call_sid = 'c2'")
        database.commit()
    before = (tmp_path / "calls.db").read_bytes()
    done = exoswitch("doctor", file)
    assert done.returncode == 1
    assert re.search(r"✔ rtp: ports 11000-11019 of 127.0.0.1 are free", done.stdout)
    assert re.search(r"✔ media plane: (compiled|python)", done.stdout)
    assert re.search(r"✔ TLS to bots: (OpenSSL 3|pyOpenSSL)", done.stdout)
    assert re.search(r"✘ sessions: .*1 of the newest 2 calls cannot be read; call c2: .*status", done.stdout)
    assert re.search(r"✘ asterisk pbx1: .*refused.*\n    is Asterisk running\?", done.stdout)
    listed = exoswitch("calls", file, "--json")
    assert [call["sid"] for call in json.loads(listed.stdout)] == ["c1"]
    assert "1 more calls cannot be read" in exoswitch("calls", file).stdout
    assert (tmp_path / "calls.db").read_bytes() == before


@pytest.mark.loopback
def test_doctor_finds_nothing_wrong_where_nothing_is(file, tmp_path):
    port = free_port()
    program = "import sys; from exoswitch.cli import main; sys.exit(main(sys.argv[1:]))"
    asterisk = subprocess.Popen(
        [sys.executable, "-c", program, "sim", "asterisk", "--ami-port", str(port), "--secret", "hush"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert "simulated Asterisk" in asterisk.stdout.readline()
        file.write_text(CONFIG.format(ports="11000-11019", ami=port, journal=tmp_path / "journal"))
        done = exoswitch("doctor", file)
    finally:
        asterisk.kill()
        asterisk.communicate()
    assert "✘" not in done.stdout
    assert f"✔ asterisk pbx1: tcp:127.0.0.1:{port}, logged in as exoswitch; 0 channels are up" in done.stdout
    assert done.returncode == 0


@pytest.mark.loopback
def test_database_of_a_newer_exoswitch_is_a_fault_as_it_is_for_the_gateway(file, tmp_path):
    stored(tmp_path)
    with closing(sqlite3.connect(tmp_path / "calls.db")) as database:
        database.execute("PRAGMA user_version = 99")
    done, listed = exoswitch("doctor", file), exoswitch("calls", file)
    assert "✘ sessions: the database's schema has version 99" in done.stdout
    assert listed.returncode == 1
    assert "a newer exoswitch upgraded it; install that one" in listed.stderr


@pytest.mark.loopback
def test_database_that_cannot_be_reached_has_its_remedy(file):
    file.write_text(file.read_text().replace("sqlite:///calls.db", "postgresql://exo:wrong@127.0.0.1:1/exo"))
    done = exoswitch("doctor", file)
    remedy = "compare sessions: with the address, user and password of the database, or the rights of its file"
    assert re.search(rf"✘ sessions: PostgreSQL database exo at 127.0.0.1.*\n    {remedy}\n", done.stdout)


@pytest.mark.loopback
def test_port_that_another_program_has_is_counted(file, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 11004))
        done = exoswitch("doctor", file)
    assert "✘ rtp: ports 11000-11019 of 127.0.0.1: 1 are in use by other programs" in done.stdout


@pytest.mark.loopback
@pytest.mark.parametrize("command", ["calls", "callbacks", "report"])
def test_calls_of_a_gateway_without_a_store_are_refused_by_every_command_alike(file, command):
    file.write_text(file.read_text().replace("sqlite:///calls.db", "memory"))
    done = exoswitch(command, file)
    told = "sessions: is memory: calls are in the gateway's process only; name a file\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
