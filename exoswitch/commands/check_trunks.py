"""Root: `exoswitch trunks check`: each Asterisk shows its trunks before calls use them; nothing is changed."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from exoswitch.asterisk.proof import table
from exoswitch.commands.render_asterisk import chosen
from exoswitch.commands.short_links import ANSWER_S, Login, linked
from exoswitch.commands.trunk_proof import prove
from exoswitch.config.loader import load
from exoswitch.config.model import AsteriskConfig
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.within import within
from exoswitch.trunks.registry import SETTINGS, build

_ASKING_S = 60.0  # each question has a time limit of its own


def run(options: argparse.Namespace) -> int:
    """Print what each Asterisk says of each trunk; the exit status is 0 if all is well, else 1.

    Raises:
        ConfigError: the file cannot be used.
    """
    from exoswitch.commands.reactor import run as run_reactor

    config = load(options.file, SETTINGS, os.environ)
    asterisks = config.asterisks if options.pbx is None else (chosen(config.asterisks, options.pbx),)
    trunks = [build(trunk) for trunk in config.trunks]
    return run_reactor(lambda reactor: check(asterisks, trunks, reactor, options.timeout))


@deferred
async def check(asterisks: Sequence[AsteriskConfig], trunks: Sequence[ITrunk], reactor: Any, timeout_s: float) -> int:
    """Ask one Asterisk after the other; give the exit status."""
    return max([await _at_asterisk(asterisk, trunks, reactor, timeout_s) for asterisk in asterisks])


async def _at_asterisk(asterisk: AsteriskConfig, trunks: Sequence[ITrunk], reactor: Any, timeout_s: float) -> int:
    link = Login(asterisk, reactor)

    async def work() -> int:
        ami, _ = await within(min(ANSWER_S, timeout_s), reactor, link.up, link.server)
        rows = await prove(trunks, ami, reactor, timeout_s)
        print(f"Asterisk {asterisk.name}:\n{table(rows)}")
        for row in rows:
            for remedy in row.remedies:
                print(f"! {row.trunk.name}: {remedy}")
        return 0 if all(row.is_good for row in rows) else 1

    def failed(why: str) -> int:
        print(f"exoswitch: {why}", file=sys.stderr)
        return 1

    return await linked(link, reactor, work, failed, wait_s=ANSWER_S + timeout_s + _ASKING_S)
