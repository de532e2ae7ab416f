"""Adapter: writes the audio of recordings, in their thread; each recording has its own errors."""

import errno
import os
from pathlib import Path

from attrs import frozen

from exoswitch.errors import ExoswitchError
from exoswitch.recordings.files import PartWriter, finish


@frozen
class Trouble:
    """Why a recording ends early: a label for the metrics, and a sentence."""

    kind: str
    text: str


@frozen
class Batch:
    """The audio of one recording that is to be written."""

    writer: PartWriter
    audio: list[tuple[bytes, bytes]]
    is_last: bool
    is_over: bool


def write_batches(root: Path, spare_bytes: int, batches: list[Batch]) -> list[Trouble | None]:
    """Write batches; give the trouble of each."""
    full = _lack_of_space(root, spare_bytes)
    return [_write_batch(batch, full) for batch in batches]


def _write_batch(batch: Batch, full: Trouble | None) -> Trouble | None:
    trouble = None
    try:
        if full is None:
            for said, played in batch.audio:
                batch.writer.write(said, played)
        elif batch.audio:
            trouble = full
        if batch.is_last:
            batch.writer.close()
            if batch.is_over:
                finish(batch.writer.place)
    except Exception as problem:  # noqa: BLE001 - an error in one call must not stop the others
        trouble = _trouble_of(problem, batch.writer.place.account)
        if batch.is_last and batch.is_over:
            _finish_what_there_is(batch)
    return trouble


def _finish_what_there_is(batch: Batch) -> None:
    """Finish a recording that could not be written to its end; what fails again is left to the upkeep."""
    try:
        finish(batch.writer.place)
    except (OSError, ExoswitchError):
        return


def _trouble_of(problem: Exception, folder: Path) -> Trouble:
    if isinstance(problem, OSError):
        full = problem.errno in {errno.ENOSPC, errno.EDQUOT}
        text = "the disk is full" if full else f"{folder} cannot be written: {problem.strerror or problem}"
        return Trouble("disk_full" if full else "not_writable", text)
    if isinstance(problem, ExoswitchError):
        return Trouble("no_encoder", str(problem))
    return Trouble("fault", f"a fault of the gateway: {type(problem).__name__}: {problem}")


def _lack_of_space(root: Path, spare_bytes: int) -> Trouble | None:
    """Look at the disk; a folder that is not there yet is looked at when it is made."""
    try:
        status = os.statvfs(root)
    except OSError:
        return None
    free = status.f_bavail * status.f_frsize
    if free >= spare_bytes:
        return None
    text = f"the disk has only {free // 1_000_000} MB left; recordings leave {spare_bytes // 1_000_000} MB free"
    return Trouble("disk_full", text)
