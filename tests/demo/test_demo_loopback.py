"""The whole demonstration: its table, its exit status and its files."""

import wave
from math import inf

import pytest
from attrs import evolve

from exoswitch.demo import demo
from exoswitch.demo.demo import run_demo

pytestmark = pytest.mark.loopback


@pytest.fixture
def patient(monkeypatch):
    """Judge no delay and no lost frame: a busy machine makes a good call bad."""

    def judge(*records, **settings):
        return [
            evolve(found, limit=0 if found.at_least else inf) if found.unit in {"ms", "frames"} else found
            for found in findings(*records, **settings)
        ]

    findings = demo.judge
    monkeypatch.setattr(demo, "judge", judge)


async def demonstrate(reactor, folder):
    """Run the demonstration; give its exit status and its output."""
    written = []
    status = await run_demo(reactor, folder, talk_s=2.0, write=written.append)
    return status, "".join(written)


@pytest.mark.usefixtures("patient")
async def test_the_demonstration_makes_a_good_call_with_a_recording_and_a_picture(reactor, tmp_path):
    status, text = await demonstrate(reactor, tmp_path / "out")
    assert status == 0, text
    assert "The call was good." in text
    assert "phone to bot: latency, p50" in text
    with wave.open(str(tmp_path / "out" / "recording.wav")) as recording:
        assert recording.getnchannels() == 2
        assert recording.getnframes() / recording.getframerate() == pytest.approx(2.0, abs=0.3)
    assert (tmp_path / "out" / "waveform.svg").read_text().startswith("<svg")


async def test_the_demonstration_ends_without_a_fault_of_its_own_if_nobody_reads_its_output(reactor, tmp_path):
    def write(text):
        if text.startswith("\r"):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await run_demo(reactor, tmp_path / "out", talk_s=0.3, write=write)
