"""Root: `exoswitch reload`: the running gateway reads its configuration file again, and says what became of it."""

import argparse
import os
import sys
from pathlib import Path

from exoswitch.commands.running_gateway import ask_gateway
from exoswitch.config.loader import load
from exoswitch.errors import ConfigError, Problem
from exoswitch.trunks.registry import SETTINGS


def run(options: argparse.Namespace) -> int:
    """Ask for the reload and print its outcome; the exit status is 0, or 2 if nothing was changed.

    Raises:
        ConfigError: the file cannot be used; the gateway is not asked.
        BackendUnavailable: no gateway answers.
    """
    path: Path = options.file
    try:
        config = load(path, SETTINGS, os.environ)
    except ConfigError as error:
        raise ConfigError((*error.problems, Problem(str(path), "cannot be used: nothing was changed"))) from None
    answer = ask_gateway(config, path, "reload", options.timeout)
    status = int(answer["status"])
    for line in answer["lines"]:
        print(line, file=sys.stderr if status else sys.stdout)
    return status
