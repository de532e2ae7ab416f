"""Root: `exoswitch reload`: each running process reads its configuration file again, and says what became of it."""

import argparse
import os
import sys
from pathlib import Path

from exoswitch.commands.running_gateway import ask_each
from exoswitch.config.loader import load
from exoswitch.errors import BackendUnavailable, ConfigError, Problem
from exoswitch.trunks.registry import SETTINGS


def run(options: argparse.Namespace) -> int:
    """Ask for the reload and print its outcome; the exit status is 0, or 2 if a process changed nothing.

    Raises:
        ConfigError: the file cannot be used; the gateway is not asked.
        BackendUnavailable: a process does not answer.
    """
    path: Path = options.file
    try:
        config = load(path, SETTINGS, os.environ)
    except ConfigError as error:
        raise ConfigError((*error.problems, Problem(str(path), "cannot be used: nothing was changed"))) from None
    status, silent = 0, None
    for name, answer in ask_each(config, path, "reload", options.timeout):
        whose = f"{name}: " if config.gateway.processes > 1 else ""
        if isinstance(answer, BackendUnavailable):
            silent = silent or BackendUnavailable(f"{whose}{answer}")
            continue
        status = max(status, int(answer["status"]))
        for line in answer["lines"]:
            print(f"{whose}{line}", file=sys.stderr if answer["status"] else sys.stdout)
    if silent is not None:
        raise silent
    return status
