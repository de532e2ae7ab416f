"""Core: the options of `exoswitch certify`."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "url", nargs="?", metavar="URL", help="the bot, as Exotel is given it: wss://user:pass@host/ws?lang=hi"
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios, and call nobody")
    parser.add_argument("--only", metavar="NAMES", help="run these scenarios only, such as: connects,speech")
    parser.add_argument("--wav", type=Path, metavar="FILE", help="what the caller says (default: a babble)")
    parser.add_argument("--expect-no-audio", action="store_true", help="the bot listens only, and is not to be heard")
    parser.add_argument("--timeout", type=float, default=8.0, metavar="SECONDS", help="how soon the bot is heard (8)")
    parser.add_argument("--from", dest="caller", default="+919812345610", metavar="NUMBER", help="who calls")
    parser.add_argument("--to", dest="callee", default="+918047491899", metavar="NUMBER", help="who is called")
    parser.add_argument("--seed", type=int, default=0, help="makes the bad network's dice fall alike again (0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results as JSON")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write them as JUnit's XML")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="let a recorded caller call, and compare the bot")
    parser.add_argument("--strict", action="store_true", help="let every difference from the recording be a failure")
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="keep the conversation, to be replayed (of: speech)"
    )
    parser.add_argument("--pace", type=float, default=1.0, help=argparse.SUPPRESS)
