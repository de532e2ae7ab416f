"""Adapter: the output files of a command, checked before it does its work."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from exoswitch.errors import InvalidValue


def check(files: Iterable[tuple[str, Path | None]]) -> None:
    """Check that each file can be written; beside it stands the option that names it. No file is changed.

    Raises:
        InvalidValue: one cannot be written, or two options name the same file.
    """
    taken: dict[Path, str] = {}
    for option, path in files:
        if path is None:
            continue
        if (other := taken.setdefault(path.absolute(), option)) != option:
            raise InvalidValue(f"{option}: {path} is also the file of {other}; choose another file")
        try:
            _try(path)
        except OSError as error:
            raise unwritable(option, path, error) from None


def check_drawing() -> None:
    """Check that this install can draw a picture.

    Raises:
        InvalidValue: it lacks the extra `plot`.
    """
    if find_spec("matplotlib") is None:
        raise InvalidValue(
            "--plot: a picture needs matplotlib, which is not installed; run: pip install 'exoswitch[plot]'"
        )


def make_folder(option: str, path: Path) -> None:
    """Make a folder, with its parents, if there is none.

    Raises:
        InvalidValue: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(option, path, error) from None


def unwritable(option: str, path: Path | str, error: OSError) -> InvalidValue:
    """Give the error of a file or folder that cannot be written."""
    return InvalidValue(f"{option}: {path} cannot be written: {error.strerror}; choose a place that you can write to")


def _try(path: Path) -> None:
    is_new = not path.exists()
    path.open("ab").close()
    if is_new:
        path.unlink()
