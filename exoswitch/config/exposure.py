"""Port: files with secrets that every user of this machine can read."""

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from exoswitch.errors import Problem


def exposed(files: Iterable[Path]) -> Iterator[Problem]:
    """Warn of each file that others than its owner and its group can read."""
    for path in files:
        if _is_readable_by_all(path.resolve()):
            yield Problem(str(path), f"has a secret, and every user can read it; run: chmod o-rwx {path}")


def _is_readable_by_all(path: Path) -> bool:
    """Whether others may read a file, and enter all its folders; a file that is gone is no secret."""
    try:
        is_reachable = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
        return is_reachable and bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
