"""Root: `exoswitch check-config`: all problems of a configuration file at once."""

import argparse
import os
import sys

from exoswitch.config.loader import report
from exoswitch.trunks.registry import SETTINGS


def run(options: argparse.Namespace) -> int:
    """Print the report; give the exit status."""
    text, status = report(options.file, SETTINGS, os.environ)
    print(text, file=sys.stderr if status else sys.stdout)
    return status
