"""Root: `exoswitch render-asterisk`: the configuration folder of one Asterisk, from the gateway's configuration."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from exoswitch.asterisk.carriers import Carrier
from exoswitch.asterisk.folder import make_state, places_of, write
from exoswitch.asterisk.installation import installation
from exoswitch.asterisk.live_folder import LiveFolder
from exoswitch.asterisk.render import render
from exoswitch.asterisk.servers import SYSTEM
from exoswitch.asterisk.unit import USER
from exoswitch.commands.outputs import unwritable
from exoswitch.config.loader import load
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import ConfigError, Problem
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.trunks.registry import SETTINGS, build


def run(options: argparse.Namespace) -> int:
    """Write the folder, or compare it; give the exit status.

    Raises:
        ConfigError: the file or an option cannot be used.
        InvalidValue: the folder cannot be written, or a live folder cannot be read.
    """
    return _write(options) if options.check is None else _check(options)


def chosen(asterisks: Sequence[AsteriskConfig], name: str | None) -> AsteriskConfig:
    """Give the Asterisk of this name, or the first.

    Raises:
        ConfigError: there is none.
    """
    for pbx in asterisks:
        if name in {None, pbx.name}:
            return pbx
    names = ", ".join(pbx.name for pbx in asterisks)
    raise ConfigError((Problem("--pbx", f"{name!r} is not under asterisks:; choose from {names}"),))


def _write(options: argparse.Namespace) -> int:
    config = load(options.file, SETTINGS, os.environ)
    pbx = chosen(config.asterisks, options.pbx)
    out: Path = options.out
    etc_dir = str(out.resolve()) if options.etc_dir is None else options.etc_dir
    trunks = [build(trunk) for trunk in config.trunks]
    files = render(config, pbx, trunks, etc_dir=etc_dir, state_dir=options.state_dir)
    try:
        write(out, files)
    except OSError as error:
        raise unwritable("--out", error.filename2 or error.filename or out, error) from None
    print(f"wrote {len(files)} files for {pbx.name} to {out}/")
    _warn(trunks)
    if options.state_dir is not None and etc_dir == str(out.resolve()) and make_state(options.state_dir):
        print(f"{options.state_dir}/ has the folders that Asterisk writes to")
    print(f"On its machine, as root ({USER} is the user that Asterisk runs as):")
    for command in installation(files, out=out, etc_dir=etc_dir, state_dir=options.state_dir):
        print(f"    {command}")
    print(f"{out}/{SYSTEM}/ has the firewall, routes and link of two servers: see docs/two-servers.md")
    return 0


def _check(options: argparse.Namespace) -> int:
    """Print the difference from the live folder; the exit status is 0 if there is none, else 1."""
    config = load(options.file, SETTINGS, os.environ)
    pbx = chosen(config.asterisks, options.pbx)
    etc_dir, state_dir = places_of(options.check)
    files = render(
        config,
        pbx,
        [build(trunk) for trunk in config.trunks],
        etc_dir=options.etc_dir or etc_dir,
        state_dir=options.state_dir or state_dir,
    )
    found = LiveFolder.of(options.check, files).difference
    sys.stdout.write(found or f"{options.check}/ is as it would be rendered for {pbx.name}\n")
    return 1 if found else 0


def _warn(trunks: Iterable[ITrunk]) -> None:
    for trunk in trunks:
        if warning := Carrier.of(trunk).warning:
            print(f"! {warning}")
