"""The folder of recordings stays in its limits."""

import os
from shutil import rmtree

import pytest

from exoswitch.recordings import upkeep
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


def test_a_part_is_not_finished_while_a_later_one_grows(folder):
    desk = Desk(folder)
    desk.record(tone(440, 2), silence(2)).end(is_over=False)
    desk.pass_s(1)
    grow_old(folder, MOMENT - 9999)
    desk.record(tone(440, 2), silence(2), offset_s=5.0)
    parts = sorted(folder.rglob("*.part"))
    grow_old(parts[1].parent, MOMENT)
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
