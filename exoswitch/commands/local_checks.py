"""Root: the checks of `exoswitch doctor` on this machine: locks, files, the journal, records set aside, ports."""

import errno
import os
import shutil
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from exoswitch.commands.check_result import CheckResult
from exoswitch.config.addresses import sqlite_path
from exoswitch.config.model import Config
from exoswitch.errors import CannotStart
from exoswitch.network.native_tls import tls_in_use
from exoswitch.rtp.planes import choose_plane, choose_tick, plane_in_use
from exoswitch.sessions.set_aside import SetAside
from exoswitch.store.lock import holder_of

_OTHERS = 0o077


def running_gateway(config: Config) -> str:
    """Name the gateway that runs with this configuration's file or journal; an empty text if none does."""
    path = sqlite_path(config.sessions)
    return (holder_of(Path(f"{path}.lock")) if path else "") or holder_of(Path(config.journal) / "lock")


def check_gateway(config: Config) -> CheckResult:
    """Say whether a gateway runs."""
    return CheckResult(
        f"gateway {config.node}", running_gateway(config) or "none runs with this file and this journal"
    )


def check_private(config: Config) -> Iterator[CheckResult]:
    """Check that the database's file is this user's, or can be made, and no other user may read it."""
    path = Path(sqlite_path(config.sessions))
    if not sqlite_path(config.sessions):
        return
    if not path.exists():
        yield from _cannot_be_made("file", path)
        return
    if not os.access(path, os.R_OK | os.W_OK):
        yield CheckResult(
            "file", f"{path} cannot be written by this user", f"run this as its owner, or: chown USER {path}"
        )
    elif path.stat().st_mode & _OTHERS:
        yield CheckResult("file", f"{path} can be read by other users", f"chmod 600 {path}")


def check_journal(config: Config) -> Iterator[CheckResult]:
    """Check the folder of the journal, and show what is set aside in it."""
    folder = Path(config.journal)
    if not folder.exists():
        not_there = CheckResult("journal", f"{folder} is not there yet; a gateway makes it when it starts")
        yield next(_cannot_be_made("journal", folder), not_there)
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield CheckResult(
            "journal", f"{folder} cannot be used by this user", f"run this as its owner, or: chown USER {folder}"
        )
        return
    waiting = sum(1 for _ in folder.glob("*.notes"))
    yield CheckResult("journal", f"{folder}, {waiting} files wait for the store")
    aside = SetAside(folder)
    if reasons := aside.reasons():
        at, reason = reasons[-1]
        yield CheckResult(
            "journal",
            f"{len(reasons)} notes are set aside in {aside.path}; the last one at {at}: {reason}",
            "mend the reason, keep what you need of the file, and delete it",
        )


def check_recordings(config: Config) -> Iterator[CheckResult]:
    """Check the folder of recordings, the room on its disk, and the encoder."""
    if not config.recordings.folder:
        return
    folder = Path(config.recordings.folder)
    if not folder.exists():
        yield from _cannot_be_made("recordings", folder)
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        remedy = f"run this as its owner, or: chown USER {folder}"
        yield CheckResult("recordings", f"{folder} cannot be used by this user", remedy)
    else:
        free_gb = shutil.disk_usage(folder).free / 1e9
        yield CheckResult("recordings", f"{folder}, {free_gb:.0f} GB are free; max_gb is {config.recordings.max_gb}")
    if config.recordings.format != "wav" and find_spec("lameenc") is None:
        yield CheckResult("recordings", "MP3 needs lameenc", "pip install lameenc, or write recordings.format: wav")


def _cannot_be_made(subject: str, path: Path) -> Iterator[CheckResult]:
    """Find the folder that is to hold a new file or folder, and that this user may not write to."""
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = f"run this as the gateway's user, and choose a place for {path} that this user may write to"
        yield CheckResult(subject, f"{path} cannot be made: this user may not write to {folder}", remedy)


def check_plane(config: Config) -> CheckResult:
    """Say which media plane a gateway runs here, and where it ticks."""
    try:
        kind = choose_plane(config.rtp.plane)
        tick = choose_tick(config.rtp.tick, kind)
    except CannotStart as problem:
        return CheckResult("media plane", problem.problem, problem.remedy)
    return CheckResult("media plane", plane_in_use(kind, tick))


def check_tls(config: Config) -> CheckResult:
    """Say which TLS carries the streams of bots over wss."""
    is_native = config.rtp.plane != "python" and choose_plane("auto") == "compiled"
    return CheckResult("TLS to bots", tls_in_use(is_native=is_native))


def check_rtp(config: Config) -> CheckResult:
    """Try every RTP port."""
    ports, address = config.rtp.ports, config.rtp.bind
    text = f"ports {ports.start}-{ports.stop - 1} of {address}"
    taken = 0
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
            try:
                trial.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    return CheckResult(
                        "rtp", f"{text}: {error.strerror}", "write an address of this machine to rtp.bind"
                    )
                taken += 1
    if not taken:
        return CheckResult("rtp", f"{text} are free")
    if running_gateway(config):
        return CheckResult("rtp", f"{text}: {taken} are in use, and a gateway runs")
    return CheckResult("rtp", f"{text}: {taken} are in use by other programs", "choose another range for rtp.ports")
