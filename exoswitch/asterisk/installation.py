"""Core: the commands that install a rendered folder: its files belong to Asterisk's user, and are private.

Asterisk reads its files as that user: with files of root's alone it starts without AMI ("Unable to open AMI
configuration").
"""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from exoswitch.asterisk.servers import ROUTES, UNIT
from exoswitch.asterisk.unit import USER, state_folders


def installation(files: Iterable[str], *, out: Path, etc_dir: str, state_dir: str | None) -> Iterator[str]:
    """Give the commands, for root on Asterisk's machine; `out`, where the files are, may be `etc_dir` itself."""
    install, here = f"install -o {USER} -g {USER}", shlex.quote(str(out))
    yield f"{install} -m 0750 -d {etc_dir}"
    if str(out.resolve()) == etc_dir:
        yield f"chown {USER}:{USER} " + " ".join(f"{etc_dir}/{name}" for name in sorted(files) if "/" not in name)
    else:
        yield f"{install} -m 0640 {here}/*.conf {here}/*.sln {etc_dir}/"
    if state_dir is not None:
        yield f"{install} -m 0750 -d {' '.join(state_folders(state_dir))}"
    yield f"install -m 0755 {here}/{ROUTES} /usr/local/sbin/"
    yield f"install -m 0644 {here}/{UNIT} /etc/systemd/system/"
    yield "systemctl daemon-reload && systemctl enable asterisk && systemctl restart asterisk"
    yield f"# in a container, without systemd: asterisk -U {USER} -C {etc_dir}/asterisk.conf"
