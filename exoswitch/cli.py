"""Root: the `exoswitch` command. Each subcommand is one function here; what it does lives elsewhere."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exoswitch import __version__
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


# --- Commands ---------------------------------------------------------------------------------------------------


def _check_config(options: argparse.Namespace) -> int:
    from exoswitch.config.loader import report  # noqa: PLC0415 - each command imports only what it needs

    text, status = report(options.file, os.environ)
    print(text, file=sys.stderr if status else sys.stdout)
    return status


def _render_asterisk(options: argparse.Namespace) -> int:
    from exoswitch.ami.asterisk import render  # noqa: PLC0415
    from exoswitch.ami.asterisk_folder import write  # noqa: PLC0415
    from exoswitch.config.loader import load  # noqa: PLC0415

    config = load(options.file, os.environ)
    names = [asterisk.name for asterisk in config.asterisks]
    name = options.pbx or names[0]
    if name not in names:
        print(
            f"exoswitch: --pbx {name!r}: there is no such Asterisk; choose from {', '.join(names)}", file=sys.stderr
        )
        return EXIT_BAD_CONFIG
    out: Path = options.out
    etc_dir = options.etc_dir or str(out.resolve())
    files = render(config, config.asterisks[names.index(name)], etc_dir=etc_dir, state_dir=options.state_dir)
    write(out, files)
    print(f"wrote {len(files)} files for {name} to {out}/")
    print(f"start it with: asterisk -C {etc_dir}/asterisk.conf")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from exoswitch.sim.demo import run_demo  # noqa: PLC0415

    return _run(lambda reactor: run_demo(reactor, options.out))


# --- The reactor ------------------------------------------------------------------------------------------------


def _run(begin: Any) -> int:
    """Run the reactor until what `begin(reactor)` returns has fired; give its result as the exit status."""
    from twisted.internet import reactor  # noqa: PLC0415 - only commands that need it install it
    from twisted.internet.task import react  # noqa: PLC0415

    from exoswitch.tap import use_monotonic_time  # noqa: PLC0415

    use_monotonic_time(reactor)
    statuses: list[int] = []
    try:
        react(lambda r: begin(r).addCallback(statuses.append))
    except SystemExit as ended:
        if ended.code:
            return 1
    return statuses[0] if statuses else 1


# --- The command line -------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="exoswitch",
        description="A gateway between Asterisk and voice bots that were written for Exotel.",
        epilog="The server itself is started with: twistd -n exoswitch --config exoswitch.yaml",
    )
    parser.add_argument("--version", action="version", version=f"exoswitch {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = commands.add_parser("check-config", help="tell every problem of a configuration file at once")
    check.add_argument("file", type=Path, help="the YAML file")
    check.set_defaults(run=_check_config)

    render = commands.add_parser("render-asterisk", help="write a complete Asterisk configuration folder")
    render.add_argument("file", type=Path, help="the YAML file")
    render.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write to")
    render.add_argument("--pbx", metavar="NAME", help="which Asterisk of the file (default: its first)")
    render.add_argument("--etc-dir", metavar="PATH", help="where Asterisk will see that folder (default: DIR)")
    render.add_argument(
        "--state-dir", metavar="PATH", help="put its run, log, spool and db folders under PATH (default: as packaged)"
    )
    render.set_defaults(run=_render_asterisk)

    demo = commands.add_parser("demo", help="a whole call on this machine, with figures and a recording")
    demo.add_argument("--out", type=Path, default=Path("demo-output"), metavar="DIR", help="where the recording goes")
    demo.set_defaults(run=_demo)
    return parser
