"""The folder of recordings stays in its limits."""

import errno
import os
from pathlib import Path
from shutil import rmtree

import pytest

from exoswitch.recordings import days, files, upkeep
from exoswitch.recordings.files import Place
from exoswitch.recordings.upkeep import ABANDONED_S, Upkeep
from tests.harness.recordings import MOMENT, SID, Desk, grow_old, recorded_session, silence, tone

DAY_S = 86_400.0


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "recordings"


def keep(folder, days=30, most=10**9):
    return Upkeep(folder, days * DAY_S, most, rest=lambda _s: None)


def put(folder, name, size=1000, at=MOMENT, account="acme1"):
    path = folder / account / name[-4:] / f"{name}.mp3"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    grow_old(path.parent, at)
    return path


def test_a_recording_is_deleted_when_it_is_too_old(folder):
    old, new = put(folder, "aaaa19b1", at=MOMENT - 31 * DAY_S), put(folder, "aaaa19c1")
    done = keep(folder).run(MOMENT)
    assert (done.by_age, done.by_size, done.size) == (1, 0, 1000)
    assert (old.exists(), old.parent.exists(), new.exists()) == (False, False, True)


def test_the_oldest_recordings_are_deleted_when_there_are_too_many(folder):
    paths = [put(folder, f"aaaa19b{day}", account=f"acme{day % 2}") for day in range(1, 9)]
    done = keep(folder, most=6000).run(MOMENT)
    assert (done.by_age, done.by_size, done.size) == (0, 3, 5000)
    assert [path.exists() for path in paths] == [False] * 3 + [True] * 5


def test_a_run_deletes_a_limited_number_and_says_that_there_are_more(folder, monkeypatch):
    monkeypatch.setattr(upkeep, "_AT_ONCE", 3)
    for number in range(5):
        put(folder, f"aaa{number}19b1", at=MOMENT - 40 * DAY_S)
    first, second = keep(folder).run(MOMENT), keep(folder).run(MOMENT)
    assert (first.by_age, first.has_more, second.by_age, second.has_more) == (3, True, 2, False)


def test_other_files_and_links_are_left_alone(folder, tmp_path):
    other = put(folder, "aaaa19b1", at=MOMENT - 99 * DAY_S).with_name("notes.txt")
    other.write_text("mine")
    outside = tmp_path / "outside" / "19b1"
    outside.mkdir(parents=True)
    (outside / "theirs.mp3").write_bytes(b"x")
    (folder / "linked").symlink_to(outside.parent)
    grow_old(outside, 0)
    keep(folder).run(MOMENT)
    assert other.exists()
    assert (outside / "theirs.mp3").exists()


def test_there_need_not_be_a_folder(folder):
    assert keep(folder).run(MOMENT).size == 0


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_the_recording_of_a_lost_call_is_finished(folder, form):
    desk = Desk(folder)
    desk.record(tone(440, 3), silence(3), recorded_session(format=form))
    grow_old(folder, MOMENT)
    caretaker = keep(folder)
    assert caretaker.run(MOMENT + ABANDONED_S - 1).finished == 0
    assert caretaker.run(MOMENT + ABANDONED_S + 1).finished == 1
    assert list(desk.files()) == [f"{SID}.{form}"]


def test_a_part_of_an_earlier_version_is_finished(folder):
    desk = Desk(folder)
    desk.record(tone(440, 3), silence(3), recorded_session(format="wav"))
    place = Place.of(folder, "acme1", SID, "wav")
    place.day.mkdir()
    place.part(0).rename(place.day / f"{SID}.000000000.wav.part")
    grow_old(folder, MOMENT)
    caretaker = keep(folder)
    runs = [caretaker.run(MOMENT + ABANDONED_S + after_s).finished for after_s in (-1, 1, 61)]
    assert sum(runs) == 1
    assert list(desk.files()) == [f"{SID}.wav"]


def test_what_a_gateway_left_that_died_while_it_joined_parts_is_deleted(folder):
    left = folder / "acme1" / "in-progress" / SID / "0123abcd.joining"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of it")
    os.utime(left.parent, (MOMENT, MOMENT))
    caretaker = keep(folder)
    caretaker.run(MOMENT + ABANDONED_S - 1)
    assert left.exists()
    caretaker.run(MOMENT + ABANDONED_S + 1)
    assert not left.parent.exists()


def test_lost_calls_that_another_gateway_finishes_at_the_same_time_end_no_run(folder, monkeypatch):
    desk, finish_one = Desk(folder), files._finish_one
    sids = [f"{number}{SID[1:]}" for number in range(2)]
    for sid in sids:
        desk.record(tone(440, 3), silence(3), recorded_session(sid=sid))
    grow_old(folder, MOMENT)
    monkeypatch.setattr(files, "_finish_one", lambda place, part: finish_one(place, part) or finish_one(place, part))
    keep(folder).run(MOMENT + ABANDONED_S + 1)
    assert list(desk.files()) == [f"{sid}.mp3" for sid in sids]


def test_a_file_among_the_folders_of_parts_ends_no_run(folder):
    old = put(folder, "aaaa19b1", at=MOMENT - 31 * DAY_S)
    stray = folder / "acme1" / "in-progress" / "notes.txt"
    stray.parent.mkdir()
    stray.write_text("mine")
    keep(folder).run(MOMENT)
    assert (old.exists(), stray.exists()) == (False, True)


def test_old_recordings_are_deleted_although_the_disk_is_too_full_to_join_parts(folder, monkeypatch):
    Desk(folder).record(tone(440, 3), silence(3))
    grow_old(folder, MOMENT)
    old = put(folder, "aaaa19b1", at=MOMENT - 31 * DAY_S)

    def full(_place):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(upkeep, "finish", full)
    done = keep(folder).run(MOMENT + ABANDONED_S + 1)
    assert (done.by_age, done.passed_over, old.exists()) == (1, 1, False)
    assert done.problem.endswith(f"{SID}: [Errno 28] No space left on device")


def test_a_part_is_not_finished_while_a_later_one_grows(folder):
    desk = Desk(folder)
    desk.record(tone(440, 2), silence(2)).end(is_over=False)
    desk.pass_s(1)
    grow_old(folder, MOMENT - 9999)
    desk.record(tone(440, 2), silence(2), offset_s=5.0)
    parts = sorted(folder.rglob("*.part"))
    grow_old(folder, MOMENT)
    os.utime(parts[0], (MOMENT - 9999, MOMENT - 9999))
    assert keep(folder).run(MOMENT + 10).finished == 0
    assert len(list(folder.rglob("*.part"))) == 2


def test_a_file_that_another_gateway_deletes_meanwhile_ends_no_run(folder, monkeypatch):
    monkeypatch.setattr(upkeep, "_REST_EVERY", 1)
    gone, old = put(folder, "aaaa19b1"), put(folder, "aaaa19c1", at=MOMENT - 31 * DAY_S)
    done = Upkeep(folder, 30 * DAY_S, 10**9, rest=lambda _s: gone.unlink(missing_ok=True)).run(MOMENT)
    assert (done.by_age, done.size, old.exists()) == (1, 0, False)


def test_a_day_that_another_gateway_deletes_meanwhile_ends_no_run(folder, monkeypatch):
    monkeypatch.setattr(upkeep, "_REST_EVERY", 1)
    kept, gone = put(folder, "aaaa19b1"), put(folder, "aaaa19c1")
    done = Upkeep(folder, 30 * DAY_S, 10**9, rest=lambda _s: rmtree(gone.parent, ignore_errors=True)).run(MOMENT)
    assert (done.size, kept.exists()) == (1000, True)


def test_the_oldest_recordings_of_all_accounts_are_deleted_in_the_order_of_their_time(folder):
    ages = {("acme1", 1): 5, ("acme2", 2): 4, ("acme1", 3): 3, ("acme2", 4): 2}
    paths = [put(folder, f"aaa{number}19b1", account=account) for account, number in ages]
    for path, days_ago in zip(paths, ages.values(), strict=True):
        os.utime(path, (MOMENT - days_ago * DAY_S, MOMENT - days_ago * DAY_S))
    assert keep(folder, most=2000).run(MOMENT).by_size == 3  # to less than the limit
    assert [path.exists() for path in paths] == [False, False, False, True]


def test_what_another_gateway_has_deleted_counts_no_more_and_is_not_made_up_for(folder, monkeypatch):
    monkeypatch.setattr(days, "_APART_S", 10)
    paths = [put(folder, f"aaa{number}19b1") for number in range(6)]
    for number, path in enumerate(paths):
        os.utime(path, (MOMENT + number, MOMENT + number))
    caretaker = keep(folder, most=5500)
    caretaker.max_bytes = 10**9
    caretaker.run(MOMENT)
    for path in paths[:2]:
        path.unlink()
    caretaker.max_bytes = 5500
    done = caretaker.run(MOMENT + 1)
    assert (done.by_size, done.size) == (0, 4000)
    assert [path.exists() for path in paths] == [False] * 2 + [True] * 4


def test_a_recording_that_has_got_a_late_part_is_not_the_oldest(folder, monkeypatch):
    monkeypatch.setattr(days, "_APART_S", 10)
    paths = [put(folder, f"aaa{number}19b1") for number in range(3)]
    old = [MOMENT - days_ago * DAY_S for days_ago in (29.9, 29.5, 1)]
    for path, at in zip(paths, old, strict=True):
        os.utime(path, (at, at))
    caretaker = keep(folder)
    caretaker.run(MOMENT)
    os.utime(paths[0], (MOMENT, MOMENT))
    done = caretaker.run(MOMENT + DAY_S)
    assert (done.by_age, done.size) == (1, 2000)
    assert [path.exists() for path in paths] == [True, False, True]


def test_a_large_day_is_looked_at_less_often_than_a_small_one(folder, monkeypatch):
    monkeypatch.setattr(days, "_APART_S", 30)
    caretaker = keep(folder)
    put(folder, "aaaa19b1")
    assert caretaker.run(MOMENT).size == 1000
    for number in range(9):
        put(folder, f"aaa{number}19b1")
    sizes = [caretaker.run(MOMENT + 60).size]
    put(folder, "bbbb19b1")
    sizes += [caretaker.run(MOMENT + after_s).size for after_s in (120, 240, 359, 361)]
    assert sizes == [10_000] * 4 + [11_000]


def test_a_day_remembers_which_recordings_come_next(folder, monkeypatch):
    monkeypatch.setattr(upkeep, "_AT_ONCE", 2)
    looks = []
    for number in range(9):
        put(folder, f"aaa{number}19b1", at=MOMENT - 40 * DAY_S)
    read = days.Day._read
    monkeypatch.setattr(days.Day, "_read", lambda day, remembered: looks.append(remembered) or read(day, remembered))
    caretaker = keep(folder)
    assert [caretaker.run(MOMENT).by_age for _ in range(5)] == [2, 2, 2, 2, 1]
    assert looks == [1, days._NEXT, days._NEXT]


def failing_once(work):
    """Give a function that fails in its first call."""
    calls = []

    def work_later(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 1:
            raise OSError(errno.EIO, "Input/output error")
        return work(*arguments, **options)

    return work_later


def test_a_recording_that_could_not_be_deleted_is_deleted_in_the_next_run(folder, monkeypatch):
    old, caretaker = put(folder, "aaaa19b1", at=MOMENT - 31 * DAY_S), keep(folder)
    monkeypatch.setattr(Path, "unlink", failing_once(Path.unlink))
    assert caretaker.run(MOMENT).passed_over == 1
    assert caretaker.run(MOMENT + 60).by_age == 1
    assert not old.exists()


def test_a_day_that_could_not_be_read_is_counted_in_the_next_run(folder, monkeypatch):
    put(folder, "aaaa19b1")
    caretaker = keep(folder)
    caretaker.run(MOMENT)
    put(folder, "bbbb19b1")
    monkeypatch.setattr(days.Day, "_recordings", failing_once(days.Day._recordings))
    assert caretaker.run(MOMENT + 60).passed_over == 1
    assert caretaker.run(MOMENT + 120).size == 2000


def lost_part(folder, offset_ms=0):
    """Make the part of a call whose gateway is dead; give its place."""
    Desk(folder).record(tone(440, 2), silence(2), recorded_session(format="wav"))
    place = Place.of(folder, "acme1", SID, "wav")
    place.part(0).rename(place.part(offset_ms))
    grow_old(place.in_progress, 0)
    return place


@pytest.mark.parametrize("stray", ["in-progress", f"in-progress/{SID}", "19b1/aaaa19b2.000000000.mp3.part"])
def test_file_where_a_folder_is_expected_ends_no_run(folder, stray):
    old = put(folder, "aaaa19b1", at=MOMENT - 31 * DAY_S)
    path = folder / "acme1" / stray
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"mine")
    os.utime(path, (0, 0))
    done = keep(folder).run(MOMENT)
    assert (done.by_age, done.passed_over, old.exists()) == (1, 0, False)


@pytest.mark.parametrize(
    "stray", [f"in-progress/{SID}/000000000.mp3.part", "19b1/aaaa.mp3", "19b1/a.000000000.mp3.part"]
)
def test_folder_where_a_file_is_expected_ends_no_run(folder, stray):
    old = put(folder, "aaaa19b1", at=MOMENT - 31 * DAY_S)
    path = folder / "acme1" / stray
    path.mkdir(parents=True)
    os.utime(path, (0, 0))
    done = keep(folder).run(MOMENT)
    assert (done.by_age, done.passed_over, old.exists(), path.exists()) == (1, 0, False, True)


def test_recording_that_cannot_be_deleted_keeps_none_of_another_day(folder, monkeypatch):
    fixed = [put(folder, f"aaa{number}19b1", at=MOMENT - 40 * DAY_S) for number in range(2)]
    old = [put(folder, f"aaa{number}19b2", at=MOMENT - 39 * DAY_S) for number in range(2)]
    unlink = Path.unlink

    def refuse(path, **options):
        if path in fixed:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        unlink(path, **options)

    caretaker = keep(folder)
    with monkeypatch.context() as immutable:
        immutable.setattr(Path, "unlink", refuse)
        runs = [caretaker.run(MOMENT) for _ in range(2)]
    assert [(done.by_age, done.passed_over, done.size) for done in runs] == [(2, 1, 2000), (0, 1, 2000)]
    assert [path.exists() for path in fixed + old] == [True] * 2 + [False] * 2
    assert caretaker.run(MOMENT).by_age == 2


def test_links_to_parts_and_recordings_are_left_alone(folder, tmp_path):
    place, kept = lost_part(folder), put(folder, "aaaa19b1")
    outside = place.part(0).rename(tmp_path / "outside.wav")
    content = outside.read_bytes()
    for link in (place.part(0), kept.with_name("bbbb19b1.mp3")):
        link.symlink_to(outside)
    done = keep(folder, most=2000).run(MOMENT)
    assert (done.finished, done.by_size, done.size, kept.exists()) == (0, 0, 1000, True)
    assert outside.read_bytes() == content


def test_linked_folder_of_parts_is_left_alone(folder, tmp_path):
    place = lost_part(tmp_path / "others")
    put(folder, "aaaa19b1")
    (folder / "acme1" / "in-progress").symlink_to(place.in_progress.parent)
    assert keep(folder).run(MOMENT).finished == 0
    assert place.part(0).exists()


def test_part_of_an_earlier_version_replaces_no_part(folder):
    place = lost_part(folder)
    content = place.part(0).read_bytes()
    os.utime(place.part(0), (MOMENT, MOMENT))
    place.day.mkdir()
    earlier = place.day / f"{SID}.000000000.wav.part"
    earlier.write_bytes(b"earlier")
    os.utime(earlier, (0, 0))
    keep(folder).run(MOMENT)
    assert [path.read_bytes() for _, path in place.parts()] == [content, b"earlier"]
