"""Root: the `exoswitch` command line, and the start of each subcommand."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exoswitch import __version__
from exoswitch.certify.options import add_options
from exoswitch.errors import ConfigError, ExoswitchError

EXIT_BAD_CONFIG = 2  # also what argparse exits with for a bad command line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except ConfigError as problem:
        print(problem, file=sys.stderr)
        return EXIT_BAD_CONFIG
    except ExoswitchError as problem:
        print(f"exoswitch: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1


# Each command imports its program when it runs, so that the command starts at once.


def _check_config(options: argparse.Namespace) -> int:
    from exoswitch.commands.check_config import run  # noqa: PLC0415

    return run(options)


def _render_asterisk(options: argparse.Namespace) -> int:
    from exoswitch.commands.render_asterisk import run  # noqa: PLC0415

    return run(options)


def _demo(options: argparse.Namespace) -> int:
    from exoswitch.commands.reactor import run  # noqa: PLC0415
    from exoswitch.demo.demo import run_demo  # noqa: PLC0415

    return run(lambda reactor: run_demo(reactor, options.out))


def _certify(options: argparse.Namespace) -> int:
    from exoswitch.certify import command  # noqa: PLC0415
    from exoswitch.commands.reactor import run  # noqa: PLC0415

    return command.run(options, run)


def _sim_asterisk(options: argparse.Namespace) -> int:
    from exoswitch.commands.simulate import run_asterisk  # noqa: PLC0415

    return run_asterisk(options)


def _sim_bot(options: argparse.Namespace) -> int:
    from exoswitch.commands.simulate import run_bot  # noqa: PLC0415

    return run_bot(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="exoswitch",
        description="A gateway between Asterisk and voice bots for Exotel.",
        epilog="To start the gateway: twistd -n exoswitch --config exoswitch.yaml",
    )
    parser.add_argument("--version", action="version", version=f"exoswitch {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = _add(commands, "check-config", "list all problems of a configuration file")
    check.add_argument("file", type=Path, help="the YAML file")
    check.set_defaults(run=_check_config)

    render = _add(commands, "render-asterisk", "write a complete Asterisk configuration folder")
    render.add_argument("file", type=Path, help="the YAML file")
    render.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write to")
    render.add_argument("--pbx", metavar="NAME", help="which Asterisk of the file (default: the first)")
    render.add_argument("--etc-dir", metavar="PATH", help="the path of that folder for Asterisk (default: DIR)")
    render.add_argument(
        "--state-dir", metavar="PATH", help="the parent of its run, log, spool and db folders (default: as packaged)"
    )
    render.set_defaults(run=_render_asterisk)

    demo = _add(commands, "demo", "make a whole call on this machine, with measurements and a recording")
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("demo-output"),
        metavar="DIR",
        help="the output folder (default: demo-output)",
    )
    demo.set_defaults(run=_demo)

    certify = _add(commands, "certify", "test a bot with calls as Exotel makes them")
    add_options(certify)
    certify.set_defaults(run=_certify)

    sim = _add(commands, "sim", "run a simulated Asterisk or a simulated bot")
    _add_sim_commands(sim.add_subparsers(title="what to simulate", metavar="WHAT", required=True))
    return parser


def _add(commands: Any, name: str, purpose: str) -> argparse.ArgumentParser:
    """Add a command; its purpose is in the list of commands and in its own help."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=purpose, description=purpose)
    return parser


def _add_sim_commands(commands: Any) -> None:
    asterisk = _add(commands, "asterisk", "an AMI server whose phones follow a script")
    asterisk.add_argument("--ami-port", type=int, default=5038, metavar="PORT", help="the port of AMI (5038)")
    asterisk.add_argument("--username", default="exoswitch", metavar="NAME", help="the user of AMI (exoswitch)")
    asterisk.add_argument("--secret", default="secret", help="the secret of AMI (secret)")
    asterisk.add_argument(
        "--script",
        default="answer-after=1 babble=10 hangup",
        metavar="WORDS",
        help="the script of every phone, such as: answer-after=0.5 tone=440,2 digits=12# silence=1 hangup; or: busy",
    )
    asterisk.add_argument(
        "--network",
        default="",
        metavar="WORDS",
        help="the network, such as: delay=0.04 jitter=0.01 loss=0.02",
    )
    asterisk.add_argument("--seed", type=int, default=0, help="the seed of the network's random numbers (0)")
    asterisk.add_argument("--call-in", metavar="NUMBER", help="call this number of the gateway from a phone")
    asterisk.add_argument("--call-in-after", type=float, default=5.0, metavar="SECONDS", help="its delay (5)")
    asterisk.add_argument("--caller", default="+919812345610", metavar="NUMBER", help="the number of that phone")
    asterisk.set_defaults(run=_sim_asterisk)

    bot = _add(commands, "bot", "a voice bot that speaks Exotel's protocol")
    bot.add_argument("--port", type=int, default=8765, help="the port of the bot (8765)")
    bot.add_argument(
        "--behaviour",
        default="echo",
        metavar="WORDS",
        help="echo, silent, garbage, tone=440, flood=60, refuse=403; with close-after=SECONDS or deaf=SECONDS",
    )
    bot.set_defaults(run=_sim_bot)
