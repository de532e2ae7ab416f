"""Root: the `exoswitch` command line, and the start of each subcommand."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from exoswitch import __version__
from exoswitch.certify.options import add_options
from exoswitch.commands import outputs, values
from exoswitch.commands.bench_options import add_bench_options
from exoswitch.commands.report_options import add_report_options
from exoswitch.commands.sim_options import add_asterisk_options, add_bot_options
from exoswitch.errors import ConfigError, ExoswitchError, InvalidValue

EXIT_BAD_CONFIG = 2  # also the exit status of argparse for a bad command line
EXIT_INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT
_YAML = (".yaml", ".yml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status. Without a command, show the help."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode shows ? in place of ≤
    words = sys.argv[1:] if arguments is None else arguments
    parser = _parser()
    if file := _configuration(words):
        parser.error(
            f"to start the gateway: twistd -n exoswitch --config {file}; to check: exoswitch check-config {file}"
        )
    try:
        return _run(parser.parse_args(words))
    finally:
        _drop_unwritten()


def _run(options: argparse.Namespace) -> int:
    """Run a command, and write all that it has printed; the words for a problem go to the standard error."""
    try:
        status = int(options.run(options))
        sys.stdout.flush()
    except (ExoswitchError, OSError, KeyboardInterrupt) as problem:
        text, status = _told(problem)
        print(text, end="\n" if text else "", file=sys.stderr)
    return status


def _drop_unwritten() -> None:
    """Drop what the standard output does not take, so that Python does not try and fail to write it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _open_streams() -> None:
    """Replace a standard stream that the caller has closed, as ``>&-`` does, by an empty one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for the whole run


def _told(problem: BaseException) -> tuple[str, int]:
    """Give the words for a problem, and the exit status."""
    match problem:
        case ConfigError():
            return str(problem), EXIT_BAD_CONFIG
        case InvalidValue():
            return f"exoswitch: {problem}", EXIT_BAD_CONFIG
        case BrokenPipeError():
            return "", 1
        case OSError(filename=path, strerror=why):  # of a file, a folder or the standard output
            return f"exoswitch: {path or 'the output'}: {why or problem}", 1
        case KeyboardInterrupt():
            return "exoswitch: interrupted", EXIT_INTERRUPTED
    return f"exoswitch: {problem}", 1


def _configuration(words: Sequence[str]) -> str:
    """Give the configuration file, if it stands in the place of the command; otherwise an empty text."""
    place = next((word for word in words if not word.startswith("-")), "")
    return place if place.endswith(_YAML) else ""


def _help_of(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    def show(_options: argparse.Namespace) -> int:
        parser.print_help()
        return 0

    return show


# Each command imports its program when it runs, so that the command starts at once.


def _check_config(options: argparse.Namespace) -> int:
    from exoswitch.commands.check_config import run

    return run(options)


def _render_asterisk(options: argparse.Namespace) -> int:
    from exoswitch.commands.render_asterisk import run

    return run(options)


def _apply_trunks(options: argparse.Namespace) -> int:
    from exoswitch.commands.apply_trunks import run

    return run(options)


def _calls(options: argparse.Namespace) -> int:
    from exoswitch.commands.calls import run

    return run(options)


def _callbacks(options: argparse.Namespace) -> int:
    from exoswitch.commands.callbacks import run

    if (options.resend or options.call) and not options.failed:
        raise InvalidValue("--resend is for failed callbacks: write --failed --resend")
    return run(options)


def _hash_token(options: argparse.Namespace) -> int:
    from exoswitch.commands.hash_token import run

    return run(options)


def _doctor(options: argparse.Namespace) -> int:
    from exoswitch.commands.doctor import run

    return run(options)


def _check_trunks(options: argparse.Namespace) -> int:
    from exoswitch.commands.check_trunks import run

    return run(options)


def _list_trunks(options: argparse.Namespace) -> int:
    from exoswitch.commands.list_trunks import run

    return run(options)


def _reload(options: argparse.Namespace) -> int:
    from exoswitch.commands.reload import run

    return run(options)


def _report(options: argparse.Namespace) -> int:
    from exoswitch.commands.report import run

    outputs.check([("--plot", options.plot)])
    return run(options)


def _bench(options: argparse.Namespace) -> int:
    from exoswitch.commands.bench import run

    return run(options)


def _demo(options: argparse.Namespace) -> int:
    from exoswitch.commands.reactor import run
    from exoswitch.demo.demo import output_files, run_demo

    outputs.make_folder("--out", options.out)
    outputs.check(("--out", path) for path in output_files(options.out))
    return run(lambda reactor: run_demo(reactor, options.out))


def _certify(options: argparse.Namespace) -> int:
    from exoswitch.certify import command
    from exoswitch.commands.reactor import run

    outputs.check((("--json", options.json), ("--junit", options.junit), ("--save", options.save)))
    return command.run(options, run)


def _sim_asterisk(options: argparse.Namespace) -> int:
    from exoswitch.commands.simulate import run_asterisk

    return run_asterisk(options)


def _sim_bot(options: argparse.Namespace) -> int:
    from exoswitch.commands.simulate import run_bot

    return run_bot(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="exoswitch",
        description="A gateway between Asterisk and voice bots for Exotel.",
        epilog="To start the gateway: twistd -n exoswitch --config exoswitch.yaml",
    )
    parser.add_argument("--version", action="version", version=f"exoswitch {__version__}")
    parser.set_defaults(run=_help_of(parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    _add_configuration(commands)
    _add_trunks(commands)
    _add_calls(commands)
    _add_callbacks(commands)
    _add(commands, "hash-token", "ask for a token, and print its hash for api_token").set_defaults(run=_hash_token)
    _add_running(commands)
    _add_report(commands)
    _add_trials(commands)
    _add_sim(commands)
    return parser


def _add_configuration(commands: Any) -> None:
    check = _add(commands, "check-config", "list all problems of a configuration file")
    check.add_argument("file", type=Path, help="the YAML file")
    check.set_defaults(run=_check_config)

    render = _add(commands, "render-asterisk", "write a complete Asterisk configuration folder")
    render.add_argument("file", type=Path, help="the YAML file")
    place = render.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", type=values.folder, metavar="DIR", help="the folder to write to")
    place.add_argument(
        "--check",
        type=values.folder,
        metavar="DIR",
        help="write nothing: show how a live folder differs (exit status 1)",
    )
    render.add_argument("--pbx", metavar="NAME", help="which Asterisk of the file (default: the first)")
    render.add_argument("--etc-dir", metavar="PATH", help="the path of that folder for Asterisk (default: DIR)")
    render.add_argument(
        "--state-dir", metavar="PATH", help="the parent of its run, log, spool and db folders (default: as packaged)"
    )
    render.set_defaults(run=_render_asterisk)


def _add_calls(commands: Any) -> None:
    calls = _add(commands, "calls", "list live and recent calls from the session store")
    calls.add_argument("file", type=Path, help="the YAML file")
    calls.add_argument("--limit", type=values.count, default=20, metavar="N", help="how many calls (20)")
    calls.add_argument("--numbers", action="store_true", help="show phone numbers in full")
    calls.add_argument("--json", action="store_true", help="write JSON in place of a table")
    calls.set_defaults(run=_calls)


def _add_callbacks(commands: Any) -> None:
    callbacks = _add(commands, "callbacks", "list the status callbacks that wait or have failed, and resend these")
    callbacks.add_argument("file", type=Path, help="the YAML file")
    callbacks.add_argument("--failed", action="store_true", help="only those that were given up")
    callbacks.add_argument("--resend", action="store_true", help="with --failed: let a gateway send them again")
    callbacks.add_argument(
        "--call",
        action="append",
        default=[],
        metavar="SID",
        help="with --resend: only those of this call",
    )
    callbacks.add_argument("--limit", type=values.count, default=100, metavar="N", help="how many to list (100)")
    callbacks.add_argument("--json", action="store_true", help="write JSON in place of a table")
    callbacks.set_defaults(run=_callbacks)


def _add_running(commands: Any) -> None:
    doctor = _add(commands, "doctor", "check all that a gateway needs, and name remedies")
    doctor.add_argument("file", type=Path, help="the YAML file")
    doctor.set_defaults(run=_doctor)

    reload = _add(
        commands, "reload", "let the running gateway take its changed configuration file; no call is dropped"
    )
    reload.add_argument("file", type=Path, help="the YAML file with which the gateway was started")
    reload.add_argument(
        "--timeout",
        type=values.seconds,
        default=30.0,
        metavar="SECONDS",
        help="how long to wait for the gateway (30)",
    )
    reload.set_defaults(run=_reload)


def _add_report(commands: Any) -> None:
    report = _add(commands, "report", "what calls cost, compared with the baseline, from the session store")
    add_report_options(report)
    report.set_defaults(run=_report)


def _add_trunks(commands: Any) -> None:
    trunks = _add(commands, "trunks", "show the trunks, and let a running Asterisk take them")
    trunks.set_defaults(run=_help_of(trunks))
    of_trunks = trunks.add_subparsers(title="what to do", metavar="WHAT")
    listed = _add(of_trunks, "list", "show the health and the use of each trunk, as the running gateway sees it")
    listed.add_argument("file", type=Path, help="the YAML file with which the gateway was started")
    listed.add_argument("--json", action="store_true", help="write JSON in place of a table")
    listed.set_defaults(run=_list_trunks)
    check = _add(of_trunks, "check", "ask each Asterisk whether it is registered with each trunk and reaches it")
    check.add_argument("file", type=Path, help="the YAML file")
    check.add_argument("--pbx", metavar="NAME", help="which Asterisk of the file (default: all)")
    check.add_argument(
        "--timeout", type=values.seconds, default=10.0, metavar="SECONDS", help="until the trunks must be well (10)"
    )
    check.set_defaults(run=_check_trunks)
    _add_apply(of_trunks)


def _add_apply(commands: Any) -> None:
    apply = _add(
        commands, "apply", "have a running Asterisk take the trunks of the file, and prove it; no call is dropped"
    )
    apply.add_argument("file", type=Path, help="the YAML file")
    place = apply.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", type=values.folder, metavar="DIR", help="the live folder of Asterisk on this machine")
    place.add_argument(
        "--reload-only", action="store_true", help="the files are on Asterisk's machine already: reload and prove"
    )
    apply.add_argument("--pbx", metavar="NAME", help="which Asterisk of the file (default: the first)")
    apply.add_argument(
        "--timeout", type=values.seconds, default=30.0, metavar="SECONDS", help="until the trunks must be well (30)"
    )
    apply.set_defaults(run=_apply_trunks)


def _add_trials(commands: Any) -> None:
    bench = _add(commands, "bench", "how many calls this machine carries, what each costs, and how late its audio is")
    add_bench_options(bench)
    bench.set_defaults(run=_bench)

    demo = _add(commands, "demo", "make a whole call on this machine, with measurements and a recording")
    demo.add_argument(
        "--out",
        type=values.folder,
        default=Path("demo-output"),
        metavar="DIR",
        help="the output folder (default: demo-output)",
    )
    demo.set_defaults(run=_demo)

    certify = _add(commands, "certify", "test a bot with calls as Exotel makes them")
    add_options(certify)
    certify.set_defaults(run=_certify)


def _add_sim(commands: Any) -> None:
    sim = _add(commands, "sim", "run a simulated Asterisk or a simulated bot")
    sim.set_defaults(run=_help_of(sim))
    simulated = sim.add_subparsers(title="what to simulate", metavar="WHAT")
    asterisk = _add(simulated, "asterisk", "an AMI server whose phones follow a script")
    add_asterisk_options(asterisk)
    asterisk.set_defaults(run=_sim_asterisk)
    bot = _add(simulated, "bot", "a voice bot that speaks Exotel's protocol")
    add_bot_options(bot)
    bot.set_defaults(run=_sim_bot)


def _add(commands: Any, name: str, purpose: str) -> argparse.ArgumentParser:
    """Add a command; its purpose is in the list of commands and in its own help."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=purpose, description=purpose)
    return parser
