"""Core: the commands that install a rendered folder: its files belong to Asterisk's user, and are private.

Asterisk reads its files as that user: with files of root's alone it starts without AMI ("Unable to open AMI
configuration"). It makes none of its own folders, and ends if it cannot make its database.
"""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from exoswitch.asterisk.system import STATE_FOLDERS

PACKAGED = "/etc/asterisk"  # the folder of an Asterisk that systemd starts
USER = "asterisk"  # of Debian's and Asterisk's own packages


def installation(files: Sequence[str], *, out: Path, etc_dir: str, state_dir: str | None) -> Iterator[str]:
    """Give the commands, for root on Asterisk's machine; `out`, where the files are, may be `etc_dir` itself."""
    install = f"install -o {USER} -g {USER}"
    yield f"{install} -m 0750 -d {etc_dir}"
    if str(out.resolve()) == etc_dir:
        yield f"chown {USER}:{USER} " + " ".join(f"{etc_dir}/{name}" for name in files)
    else:
        yield f"{install} -m 0640 {shlex.quote(str(out))}/*.conf {etc_dir}/"
    if state_dir is not None:
        folders = " ".join(f"{state_dir}/{folder}" for folder in STATE_FOLDERS)
        yield f"{install} -m 0750 -d {state_dir} {folders}"
    if etc_dir == PACKAGED:
        yield "systemctl restart asterisk"
    else:
        yield f"asterisk -U {USER} -C {etc_dir}/asterisk.conf"
