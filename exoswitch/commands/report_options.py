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
    carrier = parser.add_argument_group("comparison with the carrier's records")
    carrier.add_argument(
        "--carrier-cdr", type=Path, metavar="FILE", help="list what differs between our calls and this CSV file"
    )
    carrier.add_argument(
        "--columns",
        default="",
        metavar="FIELD=HEADING,…",
        help="its headings for number, answered, duration and charge, if they are unusual; Date+Time joins two",
    )
    carrier.add_argument(
        "--trunk", action="append", default=[], metavar="NAME", help="a trunk of this carrier (default: all trunks)"
    )
    carrier.add_argument(
        "--tolerance",
        type=values.seconds,
        default=1.0,
        metavar="SECONDS",
        help="durations may differ by this time (1)",
    )
    carrier.add_argument("--numbers", action="store_true", help="show phone numbers in full")
