"""Root: `exoswitch doctor`: checks all that a gateway needs; a line for each check, and a remedy for each fault."""

import argparse
import os
from typing import Any

from exoswitch.commands.findings import Finding
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
    from exoswitch.commands.reactor import run as run_reactor  # noqa: PLC0415

    config, warnings = load_with_warnings(options.file, SETTINGS, os.environ)
    print(Finding("configuration", f"{options.file} is good"))
    for warning in warnings:
        print(f"! {warning}")
    return run_reactor(lambda reactor: examine(config, reactor))


@deferred
async def examine(config: Config, reactor: Any) -> int:
    """Check everything, one thing after the other; print each finding at once; give the exit status."""
    from exoswitch.commands.server_checks import check_asterisks, check_redis, check_store  # noqa: PLC0415

    found = [check_gateway(part) for _, part in processes(config)]
    found += [*check_private(config), *(finding for _, part in processes(config) for finding in check_journal(part))]
    found += [*check_recordings(config), check_plane(config), check_tls(config)]
    found += [check_rtp(part) for _, part in processes(config)]
    _print(*found)
    for check in (check_store, check_redis, check_asterisks):
        async for finding in check(config, reactor):
            _print(finding)
            found.append(finding)
    return 0 if all(finding.is_good for finding in found) else 1


def _print(*findings: Finding) -> None:
    for finding in findings:
        print(finding, flush=True)
