"""Parts of a recording become one file, also when two gateways of a fleet join them at once."""

import os
from pathlib import Path

import pytest

from exoswitch.call.recording import RecordingWish
from exoswitch.recordings import files
from exoswitch.recordings.files import PartWriter, Place, finish

SECOND = bytes(range(1, 161)) * 100


@pytest.fixture
def place(tmp_path):
    return Place.of(tmp_path, "acme1", "c1", "wav")


def write_part(place, offset_ms):
    part = PartWriter(place, RecordingWish(format="wav"), offset_ms)
    part.write(SECOND, bytes(len(SECOND)))
    part.close()
    return part


def write_parts(place):
    for offset_ms in (0, 1000, 2000):
        write_part(place, offset_ms)


def as_earlier(place, offset_ms=0):
    """Move a part to where earlier versions had it."""
    place.day.mkdir(exist_ok=True)
    earlier = place.day / f"{place.call_sid}.{offset_ms:09d}.wav.part"
    return place.part(offset_ms).rename(earlier)


def names(place):
    """Give the names of all files of the account."""
    return sorted(path.name for path in place.account.rglob("*") if path.is_file())


def test_gateway_that_fails_while_it_joins_parts_spoils_no_file_of_another_gateway(place, monkeypatch):
    write_parts(place)
    read, looks = files._pieces, []

    def pieces(source, size):
        looks.append(size)
        look = len(looks)
        if look == 2:
            with pytest.raises(OSError, match="the disk is away"):
                finish(place)
        if look == 3:  # of the other gateway
            raise OSError("the disk is away")
        yield from read(source, size)

    monkeypatch.setattr(files, "_pieces", pieces)
    assert finish(place)
    assert place.file.read_bytes()[44:] == 3 * SECOND
    assert names(place) == ["c1.wav"]


def test_file_of_a_gateway_that_died_while_it_joined_parts_is_deleted(place):
    write_parts(place)
    (place.in_progress / "0123abcd.joining").write_bytes(b"half of it")
    assert finish(place)
    assert names(place) == ["c1.wav"]


@pytest.mark.parametrize("offsets", [(0,), (0, 1000)])
def test_end_of_a_call_does_not_search_the_folder_of_its_day(place, monkeypatch, offsets):
    searched = []

    def watched(search):
        return lambda folder, *options: searched.append(Path(folder)) or search(folder, *options)

    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    for offset_ms in offsets:
        write_part(place, offset_ms)
    assert finish(place)
    assert place.day.is_dir()
    assert set(searched) == {place.in_progress}


def test_part_begins_although_another_gateway_has_just_deleted_the_folder_of_parts(place, monkeypatch):
    make, is_deleted = files._make, []

    def make_and_lose(folder):
        make(folder)
        if not is_deleted:
            is_deleted.append(True)
            folder.rmdir()

    monkeypatch.setattr(files, "_make", make_and_lose)
    write_part(place, 0)
    assert finish(place)
    assert is_deleted


def test_part_of_another_gateway_outlives_the_end_of_the_call_here(place):
    write_part(place, 0)
    (place.in_progress / "000001000.mp3.part").write_bytes(b"audio")
    assert finish(place)
    assert names(place) == ["000001000.mp3.part", "c1.wav"]


def test_call_that_goes_on_after_an_upgrade_has_the_part_of_the_earlier_version(place):
    write_part(place, 0)
    as_earlier(place)
    write_part(place, 1000)
    assert finish(place)
    assert place.file.read_bytes()[44:] == 2 * SECOND
    assert names(place) == ["c1.wav"]


def test_call_that_ends_after_an_upgrade_without_more_audio_has_the_part_of_the_earlier_version(place):
    write_part(place, 0)
    as_earlier(place)
    assert finish(place)
    assert names(place) == ["c1.wav"]


@pytest.mark.parametrize(
    "name",
    ["1.wav.part", "000000000.txt.part", "000000000.wav", ".joining"],
)
def test_other_files_are_no_parts(place, name):
    assert Place.of_part(place.in_progress / name) is None


def test_place_of_a_part_is_that_of_its_recording(place):
    assert Place.of_part(place.part(61_500)) == place
    assert Place.of_part(place.day / "000000000.wav.part") is None


def test_two_gateways_that_begin_a_part_at_the_same_moment_write_two_files(place):
    one, other = write_part(place, 0), write_part(place, 0)
    assert one._path != other._path
    assert len(place.parts()) == 2
