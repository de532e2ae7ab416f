"""Parts of a recording become one file, also when two gateways of a fleet join them at once."""

import pytest

from exoswitch.call.recording import RecordingWish
from exoswitch.recordings import files
from exoswitch.recordings.files import PartWriter, Place, finish

SECOND = bytes(range(1, 161)) * 100


@pytest.fixture
def place(tmp_path):
    return Place.of(tmp_path, "acme1", "c1", "wav")


def write_parts(place):
    for offset_ms in (0, 1000, 2000):
        part = PartWriter(place, RecordingWish(format="wav"), offset_ms)
        part.write(SECOND, bytes(len(SECOND)))
        part.close()


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
    assert [path.name for path in place.folder.iterdir()] == ["c1.wav"]


def test_file_of_a_gateway_that_died_while_it_joined_parts_is_deleted(place):
    write_parts(place)
    (place.folder / "c1.wav.0123abcd.joining").write_bytes(b"half of it")
    assert finish(place)
    assert [path.name for path in place.folder.iterdir()] == ["c1.wav"]
