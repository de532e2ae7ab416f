"""Core: the options of `exoswitch certify`."""

import argparse
from pathlib import Path

CALLER, CALLEE = "+919812345610", "+918047491899"
ANSWER_S = 8.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="the bot's URL, as you give it to Exotel: wss://user:pass@host/ws?lang=hi",
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios and exit")
    parser.add_argument("--only", metavar="NAMES", help="run only these scenarios, such as: connects,speech")
    parser.add_argument(
        "--wav", type=Path, metavar="FILE", help="the caller says this file (default: speech without words)"
    )
    parser.add_argument(
        "--expect-no-audio", action="store_true", help="the bot only listens: accept that it sends no audio"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=ANSWER_S,
        metavar="SECONDS",
        help=f"the bot must be heard within this time (default: {ANSWER_S:g})",
    )
    parser.add_argument(
        "--from", dest="caller", default=CALLER, metavar="NUMBER", help=f"the caller's number (default: {CALLER})"
    )
    parser.add_argument(
        "--to", dest="callee", default=CALLEE, metavar="NUMBER", help=f"the called number (default: {CALLEE})"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed gives the same packet loss in the bad network (default: 0)"
    )
    _add_files(parser)
    parser.add_argument("--pace", type=float, default=1.0, help=argparse.SUPPRESS)


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a JSON file")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results to a JUnit XML file")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="repeat the caller of a trace, and compare the bot"
    )
    parser.add_argument("--strict", action="store_true", help="with --replay: each difference is a failure")
    parser.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        help="save the conversation of the speech scenario as a trace, for --replay",
    )
