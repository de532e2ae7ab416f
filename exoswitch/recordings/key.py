"""Adapter: the key that signs URLs of recordings: a file in their folder, so that a fleet that shares it has one."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

_NAME = ".signing-key"
_BYTES = 32


def read_key(folder: Path) -> bytes:
    """Read the key; no bytes if there is none yet, or if it cannot be read."""
    try:
        text = (folder / _NAME).read_text(encoding="ascii").strip()
        return bytes.fromhex(text) if len(text) == 2 * _BYTES else b""
    except (OSError, ValueError):
        return b""


def make_key(folder: Path) -> bytes:
    """Make a key where there is none; of gateways that do so at the same time one succeeds.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = folder / f"{_NAME}.{secrets.token_hex(8)}"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(secrets.token_hex(_BYTES))
    try:
        with suppress(FileExistsError):
            os.link(new, folder / _NAME)
    finally:
        new.unlink()
    return read_key(folder)
