import os
import stat

import pytest
from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs

from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace import recorder as recording
from exoswitch.exotel.trace.folder import TraceFile, TraceFolder
from exoswitch.exotel.trace.reading import read_trace
from exoswitch.exotel.trace.recorder import TraceRecorder
from exoswitch.exotel.trace.trace import Closed, Cut, Message
from exoswitch.exotel.trace.writing import TraceWriter
from tests.harness.traces_at_hand import CALL_SID, STREAM_SID, bot, header, media, recorded
from tests.harness.wire import stream_start

NAME = f"20260921T141320Z_{CALL_SID}_{STREAM_SID}"
MESSAGE = b'{"event":"clear"}'


class RecorderRig:
    """A recorder on a test's clock; its thread works at once, or when the test runs its `work`."""

    def __init__(self, folder, *, at_once=True, **options):
        self.clock, self.folder, self.at_once, self.work = Clock(), folder, at_once, []
        options = {"max_mb": 100, "wall_clock": lambda: 1_790_000_000.125} | options
        self.recorder = TraceRecorder(self.clock, folder, defer_to_thread=self.defer, **options)

    def defer(self, function, *args):
        if self.at_once:
            return execute(function, *args)
        done = Deferred()
        self.work.append(lambda: done.callback(function(*args)) if not done.called else None)
        return done

    def open(self, trace="audio"):
        return self.recorder.observe(stream_start(trace=trace), 8000)

    def files(self):
        return sorted(self.folder.glob("*")) if self.folder.exists() else []

    def read(self):
        (path,) = self.files()
        return recorded(path)


@pytest.fixture
def rig(tmp_path):
    rig = RecorderRig(tmp_path / "deep" / "traces")
    yield rig
    rig.recorder.stopService()
    assert rig.clock.getDelayedCalls() == []


def test_events_are_in_the_file_a_second_later(rig):
    live = rig.open()
    live.attempted("ws://user:hunter2@127.0.0.1:5000/ws")
    rig.clock.advance(0.5)
    live.opened()
    live.sent(b'{"event":"connected"}')
    live.received(MESSAGE)
    live.binary_received(50)
    assert rig.files() == []
    rig.clock.advance(0.5)
    kinds = [type(entry).__name__ for entry in rig.read().entries]
    assert kinds == ["Attempted", "Opened", "Message", "Message", "Binary"]
    assert [entry.at_ms for entry in rig.read().entries] == [0, 500, 500, 500, 500]
    assert b"hunter2" not in rig.files()[0].read_bytes()


def test_files_are_named_after_day_and_stream_and_are_private(rig):
    for _ in range(2):
        live = rig.open()
        live.failed("3009 no")
        live.close()
    rig.clock.advance(1)
    assert [path.name for path in rig.files()] == [f"{NAME}.2.jsonl", f"{NAME}.jsonl"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in rig.files()} == {0o600}
    assert stat.S_IMODE(rig.folder.stat().st_mode) == 0o700


def test_later_batches_are_appended_and_nothing_is_written_after_the_close(rig):
    live = rig.open()
    for _ in range(3):
        live.received(MESSAGE)
        rig.clock.advance(1)
    live.closed(1000, "bye", by=Side.BOT)
    live.close()
    live.close()
    live.received(MESSAGE)
    rig.clock.advance(1)
    entries = rig.read().entries
    assert [entry.at_ms for entry in entries] == [0, 1000, 2000, 3000]
    assert entries[-1] == Closed(3000, 1000, "bye", Side.BOT)


def test_an_idle_recorder_has_no_timer(rig):
    live = rig.open()
    assert rig.clock.getDelayedCalls() == []
    live.received(MESSAGE)
    rig.clock.advance(1)
    assert rig.clock.getDelayedCalls() == []


def test_audio_and_numbers_are_written_only_if_configured(tmp_path):
    def said(**options):
        rig = RecorderRig(tmp_path / str(options), numbers=options.get("numbers", False))
        live = rig.open(options.get("trace", "messages"))
        live.sent(b'{"event":"start","start":{"from":"09812345610"}}')
        live.sent(b'{"event":"media","media":{"payload":"AQIDBA=="}}')
        rig.recorder.stopService()
        return rig.files()[0].read_bytes()

    assert b"09812345610" in said(numbers=True)
    assert b"AQIDBA==" in said(trace="audio")
    discreet = said()
    assert b'"payload_bytes":4' in discreet
    assert not any(word in discreet for word in (b"09812345610", b"AQIDBA=="))


def test_stopping_writes_all_waiting_entries_and_ends_every_recording(rig):
    live = rig.open()
    live.received(MESSAGE)
    stopped = []
    rig.recorder.stopService().addCallback(stopped.append)
    assert stopped == [None]
    live.received(MESSAGE)
    rig.open().received(MESSAGE)
    rig.clock.advance(5)
    assert len(rig.read().entries) == 1


# --- a slow disk, and none


def test_one_batch_is_written_at_a_time(tmp_path):
    rig = RecorderRig(tmp_path, at_once=False)
    live = rig.open()
    for _ in range(5):
        live.received(MESSAGE)
        rig.clock.advance(1)
    assert len(rig.work) == 1
    stopped = []
    rig.recorder.stopService().addCallback(stopped.append)
    rig.work.pop()()
    assert (len(rig.work), stopped) == (1, [])
    rig.work.pop()()
    assert (len(rig.work), stopped) == (0, [None])
    assert len(rig.read().entries) == 5
    assert rig.clock.getDelayedCalls() == []


def test_stopping_does_not_wait_for_a_disk_that_hangs(tmp_path):
    rig = RecorderRig(tmp_path, at_once=False)
    rig.open().received(MESSAGE)
    rig.clock.advance(1)
    stopped = []
    with capturedLogs() as log:
        rig.recorder.stopService().addCallback(stopped.append)
        rig.clock.advance(10)
    assert stopped == [None]
    assert ["could not be written within" in event["log_format"] for event in log] == [True]


def test_a_large_amount_is_written_at_once(rig, monkeypatch):
    monkeypatch.setattr(recording, "_SOON_BYTES", 10_000)
    live = rig.open()
    live.received(b"x" * 9000)
    live.received(b"x" * 9000)
    rig.clock.advance(0)
    assert len(rig.read().entries) == 2


def test_a_trace_is_cut_if_the_disk_is_too_slow(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "_SOON_BYTES", 10_000)
    monkeypatch.setattr(recording, "_UNWRITTEN_BYTES", 50_000)
    rig = RecorderRig(tmp_path, at_once=False)
    live = rig.open()
    for _ in range(10):
        live.received(b"x" * 9000)
        rig.clock.advance(0)
    rig.at_once = True
    rig.work.pop()()
    rig.recorder.stopService()
    entries = rig.read().entries
    assert len(entries) < 10
    assert entries[-1] == Cut(0, "the disk was too slow")
    assert rig.recorder._unwritten_bytes == 0


def test_a_trace_of_a_flood_is_cut_and_the_others_go_on(tmp_path):
    rig = RecorderRig(tmp_path)
    flooded, other = rig.open(), rig.open()
    for _ in range(100_000):
        flooded.received(b"")
        assert flooded._unwritten_bytes <= 4 * 1024 * 1024 + 200
    for _ in range(2):
        other.received(MESSAGE)
    assert len(flooded._entries) == 1
    rig.recorder.stopService()
    texts = [path.read_text() for path in rig.files()]
    assert sorted(text.count("the bot sends faster than its trace can be written") for text in texts) == [0, 1]
    assert max(text.count(MESSAGE.decode()) for text in texts) == 2


def test_an_unwritable_trace_is_logged_once_and_does_not_affect_others(rig):
    doomed, other = rig.open(), rig.open()
    doomed.received(MESSAGE)
    rig.clock.advance(1)
    rig.files()[0].unlink()
    with capturedLogs() as log:
        for _ in range(3):
            doomed.received(MESSAGE)
            other.received(MESSAGE)
            rig.clock.advance(1)
    assert [(event["log_level"], event["call_sid"]) for event in log] == [(LogLevel.error, CALL_SID)]
    assert len(rig.read().entries) == 3


# --- bounds


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Give a folder whose megabytes have 1,000 bytes, and a function that writes a number of bytes to a file."""
    monkeypatch.setattr("exoswitch.exotel.trace.folder._MEGABYTE", 1000)
    folder = TraceFolder(tmp_path, max_mb=10, file_mb=4)

    def write(size, file=None, number=0):
        file = file or TraceFile(TraceWriter(header(stream_sid=f"s{number}")))
        folder.write(file, [Message(1, Side.BOT, b"x" * size)])
        return file

    return folder, write


def test_a_file_that_becomes_too_long_is_cut(small):
    _, write = small
    file = write(2000)
    write(2000, file)
    write(2000, file)
    entries = recorded(file.path).entries
    assert [type(entry) for entry in entries] == [Message, Cut]
    assert "at most 4 MB" in entries[-1].reason


def test_the_oldest_complete_files_are_deleted_to_make_room(small):
    folder, write = small
    files = []
    for number in range(6):
        files.append(write(2000, number=number))
        os.utime(files[-1].path, (number, number))
        if number != 1:
            folder.finish(files[-1])
    left = [number for number, file in enumerate(files) if file.path.exists()]
    assert left == [1, 3, 4, 5]
    assert sum(path.stat().st_size for path in folder.path.iterdir()) <= 10_000


def test_only_traces_are_deleted(small):
    folder, write = small
    (folder.path / "notes.jsonl").write_bytes(b"x" * 20_000)
    for number in range(8):
        folder.finish(write(2000, number=number))
    assert (folder.path / "notes.jsonl").exists()
    assert len(list(folder.path.iterdir())) < 8


def test_unfinished_traces_that_fill_the_folder_are_cut(small):
    _, write = small
    files = [write(2000, number=number) for number in range(6)]
    ends = [recorded(file.path).entries[-1] for file in files]
    assert [type(end) for end in ends].count(Cut) >= 2
    assert "fill the folder's 10 MB" in ends[-1].reason


def test_flood_of_one_account_deletes_no_trace_of_another(small):
    folder, _ = small

    def write(account, number, *, finish):
        file = TraceFile(TraceWriter(header(account=account, stream_sid=f"{account}{number}")))
        folder.write(file, [Message(1, Side.BOT, b"x" * 1500)])
        if finish:
            folder.finish(file)
        return file

    quiet = [write("quiet", number, finish=True) for number in range(2)]
    for number in range(20):
        write("loud", number, finish=True)
    for number in range(20, 40):
        write("loud", number, finish=False)
    assert all(file.path.exists() for file in quiet)
    late = write("quiet", 3, finish=False)
    assert late.path.exists()
    assert [type(entry) for entry in recorded(late.path).entries] == [Message]
    assert sum(path.stat().st_size for path in folder.path.iterdir()) <= 10_000


def test_accounts_of_traces_of_an_earlier_process_are_read_from_their_headers(small):
    folder, _ = small
    quiet = TraceFile(TraceWriter(header(account="quiet")))
    folder.write(quiet, [Message(1, Side.BOT, b"x" * 1500)])
    again = TraceFolder(folder.path, max_mb=10, file_mb=4)
    for number in range(20):
        file = TraceFile(TraceWriter(header(account="loud", stream_sid=f"s{number}")))
        again.write(file, [Message(1, Side.BOT, b"x" * 1500)])
        again.finish(file)
    assert quiet.path.exists()


def test_sids_of_any_form_give_a_safe_file_name(tmp_path):
    file = TraceFile(TraceWriter(header(call_sid="../../etc/passwd", stream_sid="x" * 300)))
    TraceFolder(tmp_path, max_mb=1).write(file, [bot(1, media(20))])
    assert [path.name for path in tmp_path.iterdir()] == [f"20260921T141320Z_------etc-passwd_{'x' * 64}.jsonl"]
    assert read_trace(file.path.read_bytes().splitlines()).header.call_sid == "../../etc/passwd"
