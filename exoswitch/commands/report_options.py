"""Core: the options of `exoswitch report`."""

import argparse
from pathlib import Path

from exoswitch.commands import values


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to its parser."""
    parser.add_argument("file", type=Path, help="the YAML file")
    first = "the first day, in India (the first of this month)"
    parser.add_argument("--from", dest="first", type=values.day, metavar="DAY", help=first)
    parser.add_argument("--to", dest="last", type=values.day, metavar="DAY", help="the last day (today)")
    parser.add_argument(
        "--by", choices=("trunk", "account", "app", "day"), default="trunk", help="what each line sums up (trunk)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="write JSON in place of a table")
    form.add_argument("--csv", action="store_true", help="write CSV in place of a table")
    parser.add_argument("--plot", type=values.picture, metavar="FILE", help="draw a picture too: *.svg or *.png")
