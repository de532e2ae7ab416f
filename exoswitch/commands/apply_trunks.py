"""Root: `exoswitch trunks apply`: a running Asterisk takes the trunks of the file, and shows that it has them.

The order is safe: log in first, then write, reload, and compare Asterisk's lists with the file. If Asterisk has not
taken the files, the former ones are written back.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from exoswitch.ami import trunks as ami_trunks
from exoswitch.ami.client import AmiProtocol
from exoswitch.asterisk.folder import places_of
from exoswitch.asterisk.live_folder import LiveFolder
from exoswitch.asterisk.pjsip import revision_of
from exoswitch.asterisk.proof import table
from exoswitch.asterisk.reloading import modules_to_reload, restarts_needed
from exoswitch.asterisk.render import render
from exoswitch.commands.render_asterisk import chosen
from exoswitch.commands.short_links import ANSWER_S, Login, linked
from exoswitch.commands.trunk_proof import prove
from exoswitch.config.loader import load
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import ExoswitchError
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.within import within
from exoswitch.trunks.registry import SETTINGS, build

LONGEST_S = 600.0  # beside the wait for the trunks; each action has a time limit of its own
_NOWHERE = "/etc/asterisk"  # the files that depend on the place are not compared


class NotTaken(ExoswitchError):
    """Asterisk has answered the reload, and does not have the file."""


@frozen(kw_only=True)
class Application:
    """The trunks that an Asterisk is to take; `live` is its folder, or None if the files are there already."""

    pbx: AsteriskConfig
    trunks: Sequence[ITrunk]
    files: dict[str, str]
    live: LiveFolder | None
    timeout_s: float


def run(options: argparse.Namespace) -> int:
    """Show the difference, write, reload, and prove; the exit status is 0 if every trunk is well, else 1.

    Raises:
        ConfigError: the file cannot be used.
        InvalidValue: the folder cannot be read.
    """
    from exoswitch.commands.reactor import run as run_reactor

    config = load(options.file, SETTINGS, os.environ)
    pbx = chosen(config.asterisks, options.pbx)
    trunks = [build(trunk) for trunk in config.trunks]
    out: Path | None = options.out
    etc_dir, state_dir = (_NOWHERE, None) if out is None else places_of(out)
    files = render(config, pbx, trunks, etc_dir=etc_dir, state_dir=state_dir)
    live = None if out is None else LiveFolder.of(out, files)
    if live is not None:
        sys.stdout.write(live.difference or f"{out}/ is already as it would be rendered\n")
    application = Application(pbx=pbx, trunks=trunks, files=files, live=live, timeout_s=options.timeout)
    return run_reactor(lambda reactor: apply(application, reactor))


@deferred
async def apply(application: Application, reactor: Any) -> int:
    """Do all of it over one login; give the exit status."""
    link = Login(application.pbx, reactor)

    async def work() -> int:
        ami, channels = await within(min(ANSWER_S, application.timeout_s), reactor, link.up, link.server)
        try:
            return await _apply(application, ami, reactor, calls=len(channels))
        except (ExoswitchError, OSError) as problem:
            print(f"exoswitch: {problem}; what Asterisk has now is not proved: run this again", file=sys.stderr)
            return 1

    def failed(why: str) -> int:
        print(f"exoswitch: {why.removesuffix('.')}; nothing was changed", file=sys.stderr)
        return 1

    return await linked(link, reactor, work, failed, wait_s=application.timeout_s + LONGEST_S)


async def _apply(application: Application, ami: AmiProtocol, reactor: Any, *, calls: int) -> int:
    live, files = application.live, application.files
    before = {} if live is None else live.before
    modules = modules_to_reload(files if live is None else before, files)
    try:
        if live is not None:
            live.write()
        await _reload(ami, modules, files)
    except (ExoswitchError, OSError) as problem:
        return await _undo(application, ami, modules, problem)
    print(f"Asterisk {application.pbx.name} has read the files again ({', '.join(modules)}); {calls} channels are up")
    rows = await prove(application.trunks, ami, reactor, application.timeout_s)
    print(table(rows))
    missing = [] if live is None else list(restarts_needed(before, live.rendered))
    for change in missing:
        print(f"! {change} has changed, and Asterisk reads it only when it starts: restart it when no call is up")
    return 0 if all(row.is_good for row in rows) and not missing else 1


async def _reload(ami: AmiProtocol, modules: Sequence[str], files: dict[str, str]) -> None:
    """Have Asterisk read the files, and see whether it has this pjsip.conf.

    Raises:
        NotTaken: it has another one.
        TrunkRefused: it refuses a reload.
        BackendUnavailable: the link is lost.
    """
    for module in modules:
        await ami.command(ami_trunks.reload(module))
    revision = revision_of(files["pjsip.conf"])
    if revision not in ami_trunks.aors(await ami.collect(ami_trunks.list_aors(), ami_trunks.AORS_END)):
        raise NotTaken(
            "Asterisk does not have this pjsip.conf after the reload: can its user read the file, and is it in the "
            "folder that Asterisk reads?"
        )


async def _undo(application: Application, ami: AmiProtocol, modules: Sequence[str], problem: Exception) -> int:
    """Write the former files back, and have Asterisk read them."""
    print(f"exoswitch: {problem}", file=sys.stderr)
    if application.live is None:
        print("exoswitch: copy the rendered folder to Asterisk's machine, and try again", file=sys.stderr)
        return 1
    application.live.restore()
    print(f"exoswitch: the former files are back in {application.live.folder}/", file=sys.stderr)
    try:
        for module in modules:
            await ami.command(ami_trunks.reload(module))
    except ExoswitchError as again:
        print(f"exoswitch: {again}; Asterisk reads them at the next reload or start", file=sys.stderr)
    return 1
