"""Core: the options of `exoswitch sim`."""

import argparse

from exoswitch.commands.values import number, port, seconds, word


def add_asterisk_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a simulated Asterisk."""
    parser.add_argument("--ami-port", type=port, default=5038, metavar="PORT", help="the port of AMI (5038)")
    parser.add_argument(
        "--username", type=word, default="exoswitch", metavar="NAME", help="the user of AMI (exoswitch)"
    )
    parser.add_argument("--secret", type=word, default="secret", help="the secret of AMI (secret)")
    parser.add_argument(
        "--script",
        default="answer-after=1 babble=10 hangup",
        metavar="WORDS",
        help="the script of every phone, such as: answer-after=0.5 tone=440,2 digits=12# silence=1 hangup; or: busy",
    )
    parser.add_argument(
        "--script-of",
        action="append",
        default=[],
        nargs=2,
        metavar=("WHO", "WORDS"),
        help="of a number as it is dialled, a trunk, or both: +919812345610 busy, @bsnl1 refuse=503, 0981@bsnl1 busy",
    )
    parser.add_argument(
        "--trunk",
        action="append",
        default=[],
        nargs=2,
        metavar=("NAME", "WORDS"),
        help="the state of a trunk: registered, rejected, unregistered, unreachable, rtt=0.02",
    )
    parser.add_argument(
        "--network", default="", metavar="WORDS", help="the network, such as: delay=0.04 jitter=0.01 loss=0.02"
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of the network's random numbers (0)")
    parser.add_argument(
        "--call-in", type=number, metavar="NUMBER", help="call this number of the gateway from a phone"
    )
    parser.add_argument("--call-in-after", type=seconds, default=5.0, metavar="SECONDS", help="its delay (5)")
    parser.add_argument(
        "--caller", type=number, default="+919812345610", metavar="NUMBER", help="the number of that phone"
    )


def add_bot_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a simulated bot."""
    parser.add_argument("--port", type=port, default=8765, help="the port of the bot (8765)")
    parser.add_argument(
        "--behaviour",
        default="echo",
        metavar="WORDS",
        help="echo, silent, garbage, tone=440, flood=60, refuse=403; with close-after=SECONDS or deaf=SECONDS",
    )
