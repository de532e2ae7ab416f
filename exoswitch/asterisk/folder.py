"""Adapter: reads and writes a rendered configuration folder on the disk."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from exoswitch.asterisk.unit import state_folders
from exoswitch.errors import InvalidValue

# They hold secrets: of AMI, and of trunks with a password.
PRIVATE = frozenset({"manager.conf", "pjsip.conf"})


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write every file by its path in the folder, which is created if needed; files of other names stay.

    A file is replaced as a whole or not at all. A private one is never readable by other users. Root keeps the owner
    of a file, and gives a new one the owner of its folder.
    """
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f".{place.name}.new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if name in PRIVATE else 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if os.geteuid() == 0:
                before = (place if place.exists() else place.parent).stat()
                os.fchown(descriptor, before.st_uid, before.st_gid)
            file.write(text)
        try:
            unfinished.replace(place)
        except OSError:
            unfinished.unlink()
            raise


def read(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Read those of these files that are there.

    Raises:
        InvalidValue: the folder or a file cannot be read.
    """
    if not folder.is_dir():
        raise InvalidValue(f"{folder} is no folder; name the live folder of Asterisk, such as /etc/asterisk")
    found = {}
    for name in names:
        try:
            found[name] = (folder / name).read_bytes().decode("utf-8", errors="surrogateescape")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise InvalidValue(f"{folder / name} cannot be read: {error.strerror}; run this as root") from None
    return found


def places_of(folder: Path) -> tuple[str, str | None]:
    """Give the `etc_dir` and the `state_dir` that a live folder was rendered with; by default the folder itself."""
    text = read(folder, ("asterisk.conf",)).get("asterisk.conf", "")
    etc_dir, run_dir = (re.search(rf"^{key} = (.*)$", text, re.MULTILINE) for key in ("astetcdir", "astrundir"))
    return etc_dir[1] if etc_dir else str(folder.resolve()), run_dir[1].removesuffix("/run") if run_dir else None


def make_state(state_dir: str) -> bool:
    """Make the folders that Asterisk writes to; say whether they are there."""
    try:
        for path in state_folders(state_dir):
            Path(path).mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError:
        return False
    return True
