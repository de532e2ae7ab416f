"""Adapter: writes a rendered configuration folder to disk."""

import os
from collections.abc import Mapping
from pathlib import Path

from exoswitch.asterisk.unit import state_folders

# They hold secrets: of AMI, and of trunks with a password.
PRIVATE = frozenset({"manager.conf", "pjsip.conf"})


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write every file by its path in the folder, which is created if needed; files of other names stay.

    A file is replaced as a whole or not at all. A private one is never readable by other users.
    """
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f".{place.name}.new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if name in PRIVATE else 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            unfinished.replace(place)
        except OSError:
            unfinished.unlink()
            raise


def make_state(state_dir: str) -> bool:
    """Make the folders that Asterisk writes to; say whether they are there."""
    try:
        for path in state_folders(state_dir):
            Path(path).mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError:
        return False
    return True
