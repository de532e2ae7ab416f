"""Calls are recorded into files, whatever happens to the disk, to the process and to the call's gateway."""

import errno
import os
import stat

import pytest
from twisted.internet.defer import maybeDeferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call.recording import Recorded
from exoswitch.recordings import files
from tests.harness.recordings import MOMENT, SID, Desk, decoded, grow_old, power, recorded_session, silence, tone

result = SynchronousTestCase()


def is_written(desk):
    return result.successResultOf(desk.recorder.is_written("acme1", SID, "mp3", in_thread=maybeDeferred))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "recordings")


SAID = tone(440, 2) + silence(2)
PLAYED = silence(1) + tone(700, 3)


@pytest.mark.parametrize("form", ["mp3", "mp3-hq", "wav"])
def test_a_recording_on_two_channels_has_the_caller_on_the_left(desk, form):
    recording = desk.record(SAID, PLAYED, recorded_session(channels="dual", format=form))
    assert recording.end(is_over=True) == Recorded(seconds=4.0)
    desk.pass_s(1)
    suffix = "wav" if form == "wav" else "mp3"
    assert list(desk.files()) == [f"{SID}.{suffix}"]
    left, right = decoded(desk.files()[f"{SID}.{suffix}"])
    assert len(left) / 8000 == pytest.approx(4, abs=0.3)
    assert power(left, 440, 0.5, 1.5) == pytest.approx(8000, rel=0.1)
    assert power(left, 700, 0.5, 3.5) < 300
    assert power(right, 700, 1.5, 3.5) == pytest.approx(8000, rel=0.1)
    assert power(right, 440, 0.5, 1.5) < 300


def test_a_recording_on_one_channel_has_both_sides(desk):
    desk.record(SAID, PLAYED).end(is_over=True)
    desk.pass_s(1)
    (both,) = decoded(desk.files()[f"{SID}.mp3"])
    assert power(both, 440, 0.3, 0.9) == pytest.approx(8000, rel=0.1)
    assert power(both, 440, 1.2, 1.8) == pytest.approx(8000, rel=0.15)
    assert power(both, 700, 1.3, 1.9) == pytest.approx(8000, rel=0.15)


def test_the_name_of_a_file_has_no_number_and_nobody_else_may_read_it(desk):
    desk.record(SAID, PLAYED).end(is_over=True)
    desk.pass_s(1)
    path = desk.folder / "acme1" / "19bl" / f"{SID}.mp3"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(desk.folder.glob("acme1/in-progress/*")) == []


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_after_a_kill_the_file_has_all_but_the_last_second_and_is_readable(desk, form):
    desk.record(tone(440, 5), silence(5), recorded_session(format=form))
    (name, data) = next(iter(desk.files().items()))
    assert name.endswith(".part")
    assert len(decoded(_as_finished(data))[0]) >= 4 * 8000


def _as_finished(data):
    """Give a file that grows as a reader takes it: one of WAV goes on to its end."""
    if data[:4] != b"RIFF":
        return data
    return (
        data[:4]
        + (len(data) - 8).to_bytes(4, "little")
        + data[8:40]
        + (len(data) - 44).to_bytes(4, "little")
        + data[44:]
    )


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_a_file_that_was_cut_in_a_frame_is_finished(desk, form):
    desk.record(tone(440, 5), silence(5), recorded_session(format=form))
    part = next(desk.folder.rglob("*.part"))
    with part.open("r+b") as file:
        file.truncate(part.stat().st_size - 101)
    place = files.Place.of_part(part)
    assert files.finish(place)
    (name, data) = next(iter(desk.files().items()))
    assert name == f"{SID}.{form}"
    assert power(decoded(data)[0], 440, 0.5, 3.5) == pytest.approx(8000, rel=0.1)


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_a_take_over_goes_on_in_the_same_recording_with_silence_between(desk, tmp_path, form):
    session = recorded_session(channels="dual", format=form)
    desk.record(tone(440, 2), silence(2), session)
    other = Desk(desk.folder)
    recording = other.record(tone(700, 2), silence(2), session, offset_s=3.0)
    assert recording.end(is_over=True) == Recorded(seconds=5.0)
    other.pass_s(1)
    assert list(desk.files()) == [f"{SID}.{form}"]
    left, _ = decoded(desk.files()[f"{SID}.{form}"])
    assert len(left) / 8000 == pytest.approx(5, abs=0.5)
    assert power(left, 440, 0.3, 1.7) == pytest.approx(8000, rel=0.1)
    assert power(left, 440, 2.4, 2.9) < 200
    assert power(left, 700, 2.4, 2.9) < 200
    assert power(left, 700, 3.5, 4.5) == pytest.approx(8000, rel=0.1)


def test_a_gateway_that_has_the_end_alone_begins_with_silence(desk):
    session = recorded_session(format="wav")
    desk.record(tone(700, 2), silence(2), session, offset_s=3.0).end(is_over=True)
    desk.pass_s(1)
    (channel,) = decoded(desk.files()[f"{SID}.wav"])
    assert len(channel) == 5 * 8000
    assert set(channel[: 3 * 8000]) == {0}


def test_a_call_that_goes_to_another_gateway_leaves_its_part(desk):
    desk.record(SAID, PLAYED).end(is_over=False)
    desk.pass_s(1)
    assert list(desk.folder.rglob("*.part")) == [desk.folder / "acme1" / "in-progress" / SID / "000000000.mp3.part"]


def test_parts_that_a_crash_left_beside_the_finished_file_are_not_joined_twice(desk):
    session = recorded_session(format="wav")
    desk.record(tone(440, 2), silence(2), session).end(is_over=False)
    desk.record(tone(440, 2), silence(2), session, offset_s=2.0).end(is_over=False)
    desk.pass_s(1)
    kept = {path: path.read_bytes() for path in desk.folder.rglob("*.part")}
    place = files.Place.of_part(next(iter(kept)))
    files.finish(place)
    whole = place.file.read_bytes()
    place.in_progress.mkdir()
    for path, data in kept.items():
        path.write_bytes(data)
    files.finish(place)
    assert place.file.read_bytes() == whole
    assert list(desk.files()) == [f"{SID}.wav"]


def test_a_part_that_came_after_the_finished_file_is_added(desk):
    session = recorded_session(format="wav")
    desk.record(tone(440, 2), silence(2), session).end(is_over=True)
    desk.pass_s(1)
    desk.record(tone(440, 2), silence(2), session, offset_s=2.0).end(is_over=True)
    desk.pass_s(1)
    assert len(decoded(desk.files()[f"{SID}.wav"])[0]) == 4 * 8000


def test_a_full_disk_ends_the_recording_and_says_so(desk, monkeypatch):
    recording = desk.record(tone(440, 3), silence(3), recorded_session(format="wav"))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.PartWriter, "_append", full)
    recording.take(silence(1), silence(1))
    desk.pass_s(1)
    recording.take(silence(1), silence(1))
    desk.pass_s(1)
    monkeypatch.undo()
    told = recording.end(is_over=True)
    desk.pass_s(1)
    assert told == Recorded(seconds=3.0, ended_early="the disk is full")
    assert desk.metrics.count("recordings_ended_early_total", reason="disk_full") == 1
    assert len(decoded(desk.files()[f"{SID}.wav"])[0]) == 3 * 8000


def test_recordings_leave_room_on_the_disk_for_the_session_store(tmp_path):
    tmp_path.joinpath("recordings").mkdir()
    desk = Desk(tmp_path / "recordings", spare_bytes=10**18)
    recording = desk.record(tone(440, 2), silence(2))
    told = recording.end(is_over=True)
    desk.pass_s(1)
    assert "the disk has only" in told.ended_early
    assert desk.files() == {}


def test_a_file_in_the_place_of_the_folder_ends_the_recording(tmp_path):
    (tmp_path / "recordings").write_text("a file")
    desk = Desk(tmp_path / "recordings")
    told = desk.record(SAID, PLAYED).end(is_over=True)
    assert "cannot be written: Not a directory" in told.ended_early
    assert desk.metrics.count("recordings_ended_early_total", reason="not_writable") == 1


def test_a_missing_encoder_ends_the_recording(desk, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lameenc", None)
    assert "pip install lameenc" in desk.record(SAID, PLAYED).end(is_over=True).ended_early


def test_audio_that_waits_for_a_slow_disk_has_a_limit(tmp_path):
    desk = Desk(tmp_path / "recordings")
    recording = desk.recorder.begin(recorded_session(), 0.0)
    other = desk.recorder.begin(recorded_session(sid=f"f{SID[1:]}"), 0.0)
    other.take(tone(440, 1), silence(1))
    for _ in range(2200):
        recording.take(silence(1), silence(1))
    assert "too slow" in recording.end(is_over=True).ended_early
    assert desk.recorder._unwritten_bytes < 70_000_000
    desk.recorder._waiting.pop(recording)  # to encode 2,000 s would take the test's time
    desk.pass_s(1)
    assert other.end(is_over=True).ended_early is None


def test_a_call_that_ends_at_once_has_no_recording(desk):
    assert desk.recorder.begin(recorded_session(), 0.0).end(is_over=True) == Recorded(seconds=0.0)
    desk.pass_s(1)
    assert desk.files() == {}


def test_a_stop_writes_what_waits(desk):
    recording = desk.recorder.begin(recorded_session(format="wav"), 0.0)
    recording.take(tone(440, 1), silence(1))
    desk.recorder.stopService()
    assert [len(data) for data in desk.files().values()] == [44 + 16_000]


def test_clock_that_is_ahead_of_that_of_the_files_ends_no_recording_here(desk):
    desk.record(SAID, PLAYED).end(is_over=False)  # before a restart
    desk.pass_s(1)
    grow_old(desk.folder, desk.now)
    desk.now += 1000
    recording = desk.record(SAID, PLAYED, offset_s=5.0)
    for part in desk.folder.rglob("*.part"):
        os.utime(part, (MOMENT, MOMENT))
    desk.pass_s(60)
    recording.take(SAID, PLAYED)
    assert recording.end(is_over=True) == Recorded(seconds=13.0)
    desk.pass_s(1)
    (both,) = decoded(desk.files()[f"{SID}.mp3"])
    assert len(both) / 8000 == pytest.approx(13, abs=0.5)


def test_log_names_a_recording_that_cannot_be_finished(desk, monkeypatch):
    desk.record(SAID, PLAYED).end(is_over=False)
    desk.pass_s(1)
    grow_old(desk.folder, 0)

    def refuse(*_):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(files, "_finish_one", refuse)
    with capturedLogs() as log:
        desk.pass_s(60)
    (line,) = map(formatEvent, log)
    assert line.startswith("recordings: 1 calls or folders were passed over. The first is ")
    assert line.endswith(f"{SID}: [Errno 13] Permission denied")


def test_a_strange_sid_is_not_recorded(desk):
    told = desk.recorder.begin(recorded_session(sid="../../etc"), 0.0).end(is_over=True)
    assert told.ended_early == "no recording can have this name"


def test_a_recording_is_being_written_until_its_last_audio_is_in_the_file(desk):
    assert not is_written(desk)
    desk.record(SAID, PLAYED).end(is_over=True)
    assert is_written(desk)
    desk.pass_s(1)
    assert not is_written(desk)


@pytest.mark.parametrize(("ago_s", "expected"), [(2.0, True), (4.0, False)])
def test_a_part_of_another_gateway_is_being_written_while_it_grows(desk, ago_s, expected):
    desk.record(SAID, PLAYED).end(is_over=False)
    desk.pass_s(1)
    grow_old(desk.folder, desk.now - ago_s)
    assert is_written(desk) is expected


def test_a_recording_is_being_written_while_another_one_of_its_call_is(desk):
    desk.record(SAID, PLAYED).end(is_over=True)  # by a bot, before the two phones
    desk.recorder.begin(recorded_session(), 4.0)
    desk.pass_s(1)
    assert is_written(desk)


def test_a_search_for_a_part_leaves_the_thread_of_the_recordings_to_their_audio(desk, monkeypatch):
    monkeypatch.setattr(desk.recorder, "_in_thread", None)
    assert not is_written(desk)
