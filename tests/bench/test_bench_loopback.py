"""Whole, short benchmarks on the loopback interface.

How much comes, and when, depends on the machine; `test_load_loopback` shows that what is lost is counted.
"""

import json
import socket

import pytest

from exoswitch.bench.gateway import free_ports
from exoswitch.bench.job import STEADY, Job
from exoswitch.bench.programs import Program
from exoswitch.bench.trial import SETTLE_S
from exoswitch.cli import main
from exoswitch.errors import BenchmarkFailed

_load = pytest.importorskip("exoswitch.bench._load", reason="needs the compiled load")

pytestmark = pytest.mark.loopback


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr("exoswitch.bench.trial.SETTLE_S", dict.fromkeys(SETTLE_S, 0.5))


def bench(tmp_path, *words):
    report, picture = tmp_path / "bench.json", tmp_path / "bench.png"
    words = ["bench", "--calls", "6", "--seconds", "1", "--json", str(report), "--plot", str(picture), *words]
    assert main(words) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    return json.loads(report.read_text())


def check_sound(trial):
    for way in ("to_bot", "to_phone"):
        assert 0 < trial[way]["arrived"] + trial[way]["joined"] <= trial[way]["sent"]
        assert trial[way]["delays"]["p50_ms"] > 0
    assert trial["descriptors_call"] == 2.0
    assert trial["carried"] > 0


def test_a_benchmark_carries_audio_through_each_design(tmp_path, capsys):
    read = bench(tmp_path, "--compare", "plain,python", "--chunk-ms", "100")
    floor, ours, plain, python = read["trials"]
    assert [trial["kind"] for trial in read["trials"]] == ["floor", "exoswitch", "plain", "python"]
    assert floor["carried"] > 0
    for trial in (ours, plain, python):
        check_sound(trial)
    assert (python["plane"], python["tick"]) == ("python", "reactor")
    assert ours["plane"] in {"python", "compiled"}
    assert len(capsys.readouterr().out.splitlines()) >= 10


def test_the_ticks_run_in_a_thread_where_they_are_wanted_there(tmp_path):
    pytest.importorskip("exoswitch.rtp._plane", reason="needs the compiled plane")
    _, ours = bench(tmp_path, "--tick", "thread")["trials"]
    assert (ours["plane"], ours["tick"]) == ("compiled", "thread")
    check_sound(ours)


def test_a_benchmark_over_tls_carries_audio(tmp_path):
    if not _load.has_tls():
        pytest.skip("this machine has no OpenSSL library")
    floor, ours = bench(tmp_path, "--wss", "--chunk-ms", "100")["trials"]
    assert floor["carried"] > 0
    check_sound(ours)


def test_short_calls_beside_the_measured_ones_are_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _, ours = bench(tmp_path, "--set-ups", "10")["trials"]
    assert ours["set_ups"] == 10.0
    assert ours["carried"] < 1.4  # it would be 1.8 with the short calls
    check_sound(ours)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench.json", "bench.png"]


def test_the_load_ends_with_its_standard_input():
    program = Program("load")
    program.tell(Job(calls=2, chunk_ms=20).document())
    ports = program.hear(60)
    program.end()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports["bot"]))


@pytest.mark.parametrize("subject", ["gateway", "plain"])
def test_a_gateway_ends_with_its_standard_input_while_its_calls_begin(subject, monkeypatch):
    monkeypatch.setattr("exoswitch.bench.programs._END_S", 60.0)  # a busy machine starts it slowly
    with socket.create_server(("127.0.0.1", 0)) as silent_bot:
        program = Program(subject)
        program.tell({"job": Job(calls=1, chunk_ms=20).document(), "ends": [[9, silent_bot.getsockname()[1]]]})
        program.end()
    assert program.status == 0, "it was not killed"


def test_a_bot_of_the_load_answers_and_talks():
    program = Program("load")
    try:
        program.tell(Job(calls=1, chunk_ms=20).document())
        bot = socket.create_connection(("127.0.0.1", program.hear(60)["bot"]), timeout=60)
        # the key and its answer are those of RFC 6455 §1.3
        bot.sendall(f"GET {STEADY} HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        said = b""
        while said.count(b"media") < 3:
            said += bot.recv(4096)
        bot.close()
    finally:
        program.end()
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in said


def test_a_program_that_fails_is_reported_with_its_last_words():
    program = Program("load")
    try:
        program.tell({"calls": "many", "chunk_ms": 20})
        with pytest.raises(BenchmarkFailed, match=r"the program load ended: TypeError: .*"):
            program.hear(60)
    finally:
        program.end()


def test_the_ports_of_another_gateway_are_left_alone():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        first = free_ports(100).start
        other.bind(("127.0.0.1", first + 3))
        assert first + 3 not in free_ports(100)
