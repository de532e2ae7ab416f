"""Root: the `exoswitch` command. Each subcommand is one function here; what it does lives elsewhere."""

import argparse
import os
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


# --- Commands ---------------------------------------------------------------------------------------------------


def _check_config(options: argparse.Namespace) -> int:
    from exoswitch.config.loader import report  # noqa: PLC0415 - each command imports only what it needs
    from exoswitch.trunks.registry import SETTINGS  # noqa: PLC0415

    text, status = report(options.file, SETTINGS, os.environ)
    print(text, file=sys.stderr if status else sys.stdout)
    return status


def _render_asterisk(options: argparse.Namespace) -> int:
    from exoswitch.asterisk.folder import write  # noqa: PLC0415
    from exoswitch.asterisk.render import render  # noqa: PLC0415
    from exoswitch.config.loader import load  # noqa: PLC0415
    from exoswitch.trunks.registry import SETTINGS, build  # noqa: PLC0415

    config = load(options.file, SETTINGS, os.environ)
    names = [asterisk.name for asterisk in config.asterisks]
    name = options.pbx or names[0]
    if name not in names:
        print(
            f"exoswitch: --pbx {name!r}: there is no such Asterisk; choose from {', '.join(names)}", file=sys.stderr
        )
        return EXIT_BAD_CONFIG
    out: Path = options.out
    etc_dir = options.etc_dir or str(out.resolve())
    trunks = [build(trunk) for trunk in config.trunks]
    files = render(config, config.asterisks[names.index(name)], trunks, etc_dir=etc_dir, state_dir=options.state_dir)
    write(out, files)
    print(f"wrote {len(files)} files for {name} to {out}/")
    print(f"start it with: asterisk -C {etc_dir}/asterisk.conf")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from exoswitch.demo.demo import run_demo  # noqa: PLC0415

    return _run(lambda reactor: run_demo(reactor, options.out))


def _certify(options: argparse.Namespace) -> int:
    from exoswitch.certify.command import run  # noqa: PLC0415

    return run(options, _run)


def _sim_asterisk(options: argparse.Namespace) -> int:
    from exoswitch.sim.asterisk import SimulatedAsterisk, read_script  # noqa: PLC0415
    from exoswitch.sim.network import parse_conditions  # noqa: PLC0415

    script, network = read_script(options.script), parse_conditions(options.network)

    def start(reactor: Any) -> str:
        asterisk = SimulatedAsterisk(
            reactor=reactor,
            username=options.username,
            secret=options.secret,
            ami_port=options.ami_port,
            script=script,
            network=network,
            seed=options.seed,
        )
        asterisk.startService()
        if options.call_in:
            reactor.callLater(options.call_in_after, asterisk.call_in, options.caller, options.call_in)
        return f"simulated Asterisk: AMI at {asterisk.endpoint}, username {options.username}"

    return _serve(start)


def _sim_bot(options: argparse.Namespace) -> int:
    from exoswitch.sim.behaviour import parse_behaviour  # noqa: PLC0415
    from exoswitch.sim.bot import SimulatedBot  # noqa: PLC0415

    behaviour = parse_behaviour(options.behaviour)

    def start(reactor: Any) -> str:
        bot = SimulatedBot(reactor=reactor, behaviour=behaviour, port=options.port)
        bot.startService()
        return f"simulated bot: {bot.url}"

    return _serve(start)


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


def _serve(start: Any) -> int:
    """Run what `start(reactor)` starts until somebody interrupts it; say what it is, and how to end it."""
    from twisted.internet.defer import Deferred, succeed  # noqa: PLC0415
    from twisted.internet.error import CannotListenError  # noqa: PLC0415

    def begin(reactor: Any) -> Deferred[int]:
        try:
            print(f"{start(reactor)} (Ctrl-C ends it)", flush=True)
        except CannotListenError as problem:
            print(f"exoswitch: {problem}: choose another port", file=sys.stderr)
            return succeed(1)
        ended: Deferred[int] = Deferred()
        reactor.addSystemEventTrigger("before", "shutdown", ended.callback, 0)
        return ended

    return _run(begin)


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

    certify = commands.add_parser("certify", help="call a bot as Exotel would, in every way, and judge it")
    add_options(certify)
    certify.set_defaults(run=_certify)

    sim = commands.add_parser("sim", help="a simulated Asterisk, or a simulated bot, on its own")
    _add_sim_commands(sim.add_subparsers(title="what to simulate", metavar="WHAT", required=True))
    return parser


def _add_sim_commands(commands: Any) -> None:
    asterisk = commands.add_parser("asterisk", help="an AMI server whose phones follow a script")
    asterisk.add_argument("--ami-port", type=int, default=5038, metavar="PORT", help="where AMI listens (5038)")
    asterisk.add_argument("--username", default="exoswitch", metavar="NAME", help="AMI's user (exoswitch)")
    asterisk.add_argument("--secret", default="secret", help="AMI's secret (secret)")
    asterisk.add_argument(
        "--script",
        default="answer-after=1 babble=10 hangup",
        metavar="WORDS",
        help="what every phone does, such as: answer-after=0.5 tone=440,2 digits=12# silence=1 hangup; or: busy",
    )
    asterisk.add_argument(
        "--network", default="", metavar="WORDS", help="what lies between, such as: delay=0.04 jitter=0.01 loss=0.02"
    )
    asterisk.add_argument("--seed", type=int, default=0, help="makes the network's dice fall alike again (0)")
    asterisk.add_argument("--call-in", metavar="NUMBER", help="let somebody call this number of yours")
    asterisk.add_argument("--call-in-after", type=float, default=5.0, metavar="SECONDS", help="when (5)")
    asterisk.add_argument("--caller", default="+919812345610", metavar="NUMBER", help="who calls in")
    asterisk.set_defaults(run=_sim_asterisk)

    bot = commands.add_parser("bot", help="a voice bot that speaks Exotel's protocol")
    bot.add_argument("--port", type=int, default=8765, help="where it listens (8765)")
    bot.add_argument(
        "--behaviour",
        default="echo",
        metavar="WORDS",
        help="echo, silent, garbage, tone=440, flood=60, refuse=403; with close-after=SECONDS or deaf=SECONDS",
    )
    bot.set_defaults(run=_sim_bot)
