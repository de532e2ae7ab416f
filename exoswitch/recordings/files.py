"""Adapter: the files of recordings; used by one thread at a time for each call.

    FOLDER/ACCOUNT/18bl/SID.mp3              a finished recording; 18bl is the end of the SID, which is its day
    FOLDER/ACCOUNT/18bl/SID.000061500.mp3.part   a part that is being written, from the 61.5th second of the call on

Each gateway that carries a call writes a part of its own, so two of them never write to one file. At the end of the
call its parts are joined. No file name has a phone number, and only the owner of the process may read the files.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from attrs import define, field, frozen

from exoswitch.audio.channels import interleaved, mixed
from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.call.recording import RecordingWish
from exoswitch.recordings.encoding import Encoder, encoder
from exoswitch.recordings.forms import HEAD_BYTES, Form, form_of, form_of_wish

_SID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_PART = re.compile(r"(?P<sid>[0-9A-Za-z-]+)\.(?P<offset_ms>[0-9]{9,10})\.(?P<suffix>mp3|wav)\.part", re.ASCII)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
_DAY = 4  # characters at the end of a SID
_COPIED = 256 * 1024
_SHORTEST_GAP_S = 0.1
_SILENCE_S = 10


@frozen
class Place:
    """The place of a call's recording in the folder."""

    folder: Path
    call_sid: str
    suffix: str

    @classmethod
    def of(cls, root: Path, account: str, call_sid: str, suffix: str) -> "Place":
        """Find it.

        Raises:
            ValueError: the SID or the account cannot be part of a path.
        """
        if not (_SID.fullmatch(call_sid) and account and "/" not in account and account.strip(".")):
            raise ValueError("no recording can have this name")
        return cls(root / account / call_sid[-_DAY:], call_sid, suffix)

    @property
    def file(self) -> Path:
        """The finished recording."""
        return self.folder / f"{self.call_sid}.{self.suffix}"

    def part(self, offset_ms: int) -> Path:
        """The part that begins so long after the answer."""
        return self.folder / f"{self.call_sid}.{offset_ms:09d}.{self.suffix}.part"

    def parts(self) -> list[tuple[float, Path]]:
        """List the parts in their order, each with the second at which it begins."""
        found = []
        for path in self.folder.glob(f"{self.call_sid}.*.{self.suffix}.part"):
            match = _PART.fullmatch(path.name)
            if match:
                found.append((int(match["offset_ms"]) / 1000, path))
        return sorted(found)

    def written_at(self) -> float | None:
        """Give the wall-clock time of the last write to a part; None if there is no part."""
        return max((changed_at(path) for _, path in self.parts()), default=None)


def changed_at(path: Path) -> float:
    """Give the wall-clock time of the last write; infinity if the file is not there."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")  # it has just been finished


def place_of_part(path: Path) -> Place | None:
    """Give the place of the recording that a part belongs to; None if the file is no part."""
    match = _PART.fullmatch(path.name)
    return None if match is None else Place(path.parent, match["sid"], match["suffix"])


@define(eq=False)
class PartWriter:
    """Writes one part of a recording, so far of so many `samples`; the file is made with the first audio."""

    place: Place
    wish: RecordingWish
    offset_ms: int
    samples: int = field(default=0, init=False)
    _path: Path | None = field(default=None, init=False)
    _encoder: Encoder | None = field(default=None, init=False)

    def write(self, said: bytes, played: bytes) -> None:
        """Append what the caller said and what was played: on the left and on the right, or mixed.

        Raises:
            OSError: it cannot be written.
            NoEncoder: there is no encoder for MP3 here.
        """
        if self._encoder is None:
            self._encoder = encoder(form_of_wish(self.wish))
        pcm = interleaved(said, played) if self.wish.channels == "dual" else mixed(said, played)
        self._append(self._encoder.encode(pcm))
        self.samples += len(said) // 2

    def close(self) -> None:
        """Write the rest.

        Raises:
            OSError: it cannot be written.
        """
        begun, self._encoder = self._encoder, None
        if begun is not None:
            self._append(begun.flush())

    def _append(self, data: bytes) -> None:
        """Append; a part that somebody has deleted is not made again."""
        if self._path is None:
            self._path = self._create()
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "ab", buffering=0) as file:
            while data:
                data = data[file.write(data) :]

    def _create(self) -> Path:
        self.place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            path = self.place.part(self.offset_ms)
            try:
                os.close(os.open(path, _NEW | os.O_EXCL, 0o600))
            except FileExistsError:
                self.offset_ms += 1
            else:
                return path


def finish(place: Place) -> bool:
    """Make one file of a call's parts, and delete them; return whether there is a recording.

    A part that another gateway still writes to, because it does not know yet that the call has moved, ends here.

    Raises:
        OSError: it cannot be written; the parts stay.
    """
    parts = place.parts()
    if len(parts) == 1 and not parts[0][0] and not place.file.exists():
        return _finish_one(place, parts[0][1])
    if parts:
        _join(place, parts)
        for _, path in parts:
            path.unlink(missing_ok=True)
    return place.file.exists()


def _finish_one(place: Place, path: Path) -> bool:
    with path.open("r+b") as file:
        form = form_of(file.read(HEAD_BYTES))
        if form is None:
            path.unlink(missing_ok=True)
            return False
        size = form.whole_bytes(os.fstat(file.fileno()).st_size)
        file.truncate(size)
        file.seek(0)
        file.write(form.finished_head(size))
    path.rename(place.file)
    return True


def _join(place: Place, parts: list[tuple[float, Path]]) -> None:
    """Join a file that is finished already, and parts, with silence between them; what is joined already is left out.

    A crash between the last two steps leaves parts that the file has: they begin before its end. Two gateways may
    join the same parts at once: each writes a file of its own.
    """
    sources = [(0.0, place.file), *parts] if place.file.exists() else parts
    joined = place.file.with_name(f"{place.file.name}.{token_hex(4)}.joining")
    try:
        if _write_joined(joined, sources):
            joined.rename(place.file)
    finally:
        joined.unlink(missing_ok=True)
    for left in place.folder.glob(f"{place.file.name}.*.joining"):  # by a gateway that died, or is too late
        left.unlink(missing_ok=True)


def _write_joined(joined: Path, sources: list[tuple[float, Path]]) -> bool:
    """Write the audio of some files into a new one; return whether there was any."""
    at_s, first = 0.0, None
    with os.fdopen(os.open(joined, _NEW | os.O_EXCL, 0o600), "wb") as file:
        for begins_s, path in sources:
            with path.open("rb") as source:
                form = form_of(source.read(HEAD_BYTES))
                if form is None or (first is not None and begins_s < at_s - 1):
                    continue
                if first is None:
                    first = form
                    file.write(form.finished_head(form.skipped_bytes))
                if begins_s - at_s > _SHORTEST_GAP_S:
                    for piece in _silence(form, begins_s - at_s):
                        file.write(piece)
                    at_s = begins_s
                size = form.whole_bytes(os.fstat(source.fileno()).st_size)
                source.seek(form.skipped_bytes)
                for piece in _pieces(source, size - form.skipped_bytes):
                    file.write(piece)
                at_s += form.seconds(size)
        file.flush()
        if first is not None:
            size = file.tell()
            file.seek(0)
            file.write(first.finished_head(size))
    return first is not None


def _silence(form: Form, seconds: float) -> Iterator[bytes]:
    silent, samples = encoder(form, continues=True), round(seconds * SAMPLE_RATE_HZ)
    while samples > 0:
        count = min(samples, _SILENCE_S * SAMPLE_RATE_HZ)
        yield silent.encode(bytes(2 * form.channels * count))
        samples -= count
    yield silent.flush()


def _pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        piece = source.read(min(size, _COPIED))
        if not piece:
            return
        size -= len(piece)
        yield piece
