"""Root: `exoswitch render-asterisk`: the configuration folder of one Asterisk, from the gateway's configuration."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from exoswitch.asterisk.carriers import Carrier
from exoswitch.asterisk.folder import make_state, write
from exoswitch.asterisk.installation import installation
from exoswitch.asterisk.render import render
from exoswitch.asterisk.unit import USER
from exoswitch.commands.outputs import unwritable
from exoswitch.config.loader import load
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import ConfigError, Problem
from exoswitch.trunks.registry import SETTINGS, build


def run(options: argparse.Namespace) -> int:
    """Write the folder; give the exit status.

    Raises:
        ConfigError: the file or an option cannot be used.
        InvalidValue: the folder cannot be written.
    """
    config = load(options.file, SETTINGS, os.environ)
    pbx = _chosen(config.asterisks, options.pbx)
    out: Path = options.out
    etc_dir = str(out.resolve()) if options.etc_dir is None else options.etc_dir
    trunks = [build(trunk) for trunk in config.trunks]
    files = render(config, pbx, trunks, etc_dir=etc_dir, state_dir=options.state_dir)
    try:
        write(out, files)
    except OSError as error:
        raise unwritable("--out", error.filename2 or error.filename or out, error) from None
    print(f"wrote {len(files)} files for {pbx.name} to {out}/")
    for warning in filter(None, (Carrier.of(trunk).warning for trunk in trunks)):
        print(f"! {warning}")
    if options.state_dir is not None and etc_dir == str(out.resolve()) and make_state(options.state_dir):
        print(f"{options.state_dir}/ has the folders that Asterisk writes to")
    print(f"On its machine, as root ({USER} is the user that Asterisk runs as):")
    for command in installation(files, out=out, etc_dir=etc_dir, state_dir=options.state_dir):
        print(f"    {command}")
    return 0


def _chosen(asterisks: Sequence[AsteriskConfig], name: str | None) -> AsteriskConfig:
    for pbx in asterisks:
        if name in {None, pbx.name}:
            return pbx
    names = ", ".join(pbx.name for pbx in asterisks)
    raise ConfigError((Problem("--pbx", f"{name!r} is not under asterisks:; choose from {names}"),))
