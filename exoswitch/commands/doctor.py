"""Root: `exoswitch doctor`: checks all that a gateway needs; a line for each check, and a remedy for each fault."""

import argparse
import os
from typing import Any

from exoswitch.commands.check_result import CheckResult
from exoswitch.commands.local_checks import (
    check_gateway,
    check_journal,
    check_plane,
    check_private,
    check_recordings,
    check_rtp,
    check_tls,
)
from exoswitch.config.loader import load_with_warnings
from exoswitch.config.model import Config
from exoswitch.config.processes import processes
from exoswitch.tasks.deferred import deferred
from exoswitch.trunks.registry import SETTINGS


def run(options: argparse.Namespace) -> int:
    """Print a line for each check; the exit status is 0 if all is well, else 1.

    Raises:
        ConfigError: the file cannot be used.
    """
    from exoswitch.commands.reactor import run as run_reactor

    config, warnings = load_with_warnings(options.file, SETTINGS, os.environ)
    print(CheckResult("configuration", f"{options.file} is good"))
    for warning in warnings:
        print(f"! {warning}")
    return run_reactor(lambda reactor: examine(config, reactor))


@deferred
async def examine(config: Config, reactor: Any) -> int:
    """Check everything, one thing after the other; print each result at once; give the exit status."""
    from exoswitch.commands.server_checks import check_asterisks, check_redis, check_store

    found = [check_gateway(part) for _, part in processes(config)]
    found += [*check_private(config), *(result for _, part in processes(config) for result in check_journal(part))]
    found += [*check_recordings(config), check_plane(config), check_tls(config)]
    found += [check_rtp(part) for _, part in processes(config)]
    _print(*found)
    for check in (check_store, check_redis, check_asterisks):
        async for result in check(config, reactor):
            _print(result)
            found.append(result)
    return 0 if all(result.is_good for result in found) else 1


def _print(*results: CheckResult) -> None:
    for result in results:
        print(result, flush=True)
