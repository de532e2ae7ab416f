"""A real Asterisk in its own root file system, which is built once on a machine and never written to.

Debian 12 has no package of Asterisk, so `mmdebstrap` takes the one of a later release (22.10 in *forky*), with what
it depends on, into a cache folder: some 30 s and 340 MB. Nothing of it touches the host, and removing the folder
removes it all. `python -m tests.harness.e2e.asterisk_root` builds it ahead of the tests and prints where it is.
"""

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SUITE = "forky"
PACKAGES = ("asterisk", "asterisk-core-sounds-en")
OPTIONS = (
    "--variant=minbase",
    "--mode=root",
    '--aptopt=APT::Install-Recommends "false"',
    # The Release file of a frozen mirror is past its date.
    '--aptopt=Acquire::Check-Valid-Until "false"',
)
# Asterisk looks up its own host name for every call, and pjproject's resolver looks up a root server. An unanswered
# query delays each INVITE by seconds.
LOCAL_NAMES = ("localhost", "A.ROOT-SERVERS.NET")
MARKER = ".exoswitch-recipe"
BUILD_TIMEOUT_S = 900

Say = Callable[[str], None]


class AsteriskRootError(Exception):
    """The root file system is not there and cannot be built; the text says why."""


def cached_root() -> Path:
    """Say where the root file system is, or will be."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "exoswitch" / "asterisk-root"


def recipe() -> str:
    """Give what the root file system is made from; a root with another recipe is built anew."""
    text = "\n".join((SUITE, *PACKAGES, *OPTIONS, *LOCAL_NAMES, socket.gethostname()))
    return hashlib.sha256(text.encode()).hexdigest()


def is_complete(root: Path) -> bool:
    """Whether this root was built to its end, from the recipe of today."""
    marker = root / MARKER
    return marker.is_file() and marker.read_text() == recipe()


def asterisk_root(say: Say = lambda line: None) -> Path:
    """Give the root file system; build it if it is missing or its recipe has changed.

    Raises:
        AsteriskRootError: it is not there, and this machine cannot build it.
    """
    root = cached_root()
    if is_complete(root):
        return root
    if os.geteuid() != 0:
        raise AsteriskRootError("building Asterisk's root file system needs root")
    if shutil.which("mmdebstrap") is None:
        raise AsteriskRootError("building Asterisk's root file system needs mmdebstrap (package: mmdebstrap)")
    root.parent.mkdir(parents=True, exist_ok=True)
    with _locked(root.with_suffix(".lock")):
        if not is_complete(root):  # another process may have built it while we waited for the lock
            _build(root, say)
    return root


def _build(root: Path, say: Say) -> None:
    """Build under a temporary name, and give it its name only once it is complete."""
    began = time.monotonic()
    unfinished = root.with_suffix(".building")
    log = root.with_suffix(".log")
    _remove(unfinished)  # of a build that was interrupted
    say(f"building {root} from {SUITE} (log: {log})")
    command = ["mmdebstrap", *OPTIONS, f"--include={','.join(PACKAGES)}", SUITE, str(unfinished)]
    with log.open("wb") as output:
        outcome = subprocess.run(command, stdout=output, stderr=output, timeout=BUILD_TIMEOUT_S, check=False)
    if outcome.returncode != 0:
        raise AsteriskRootError(f"mmdebstrap failed; the end of {log}:\n{_tail(log)}")
    names = " ".join((*LOCAL_NAMES, socket.gethostname()))
    (unfinished / "etc" / "hosts").write_text(f"127.0.0.1 {names}\n")
    (unfinished / MARKER).write_text(recipe())
    _remove(root)
    unfinished.rename(root)
    say(f"built in {time.monotonic() - began:.0f} s")


def _remove(folder: Path) -> None:
    """Remove a root file system; its proc, sys and dev are never mounted where this process can see it."""
    if folder.exists():
        shutil.rmtree(folder)


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Build the root file system, telling the progress."""
    try:
        print(asterisk_root(lambda line: print(line, flush=True)))  # noqa: T201
    except AsteriskRootError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
