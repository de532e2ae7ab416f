"""Adapter: writes a rendered configuration folder to disk."""

import os
from collections.abc import Mapping
from pathlib import Path

# They hold secrets: of AMI, and of trunks with a password.
PRIVATE = frozenset({"manager.conf", "pjsip.conf"})


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write every file into the folder, which is created if needed; files of other names stay.

    A file is replaced as a whole or not at all. A private one is never readable by other users.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        unfinished = folder / f".{name}.new"
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if name in PRIVATE else 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            unfinished.replace(folder / name)
        except OSError:
            unfinished.unlink()
            raise
