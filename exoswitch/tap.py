"""Root: the service of `twistd exoswitch`, made from the command line and the configuration file."""

import os
import sys
from functools import partial
from pathlib import Path
from signal import Signals
from typing import Any

from attrs import define, field
from twisted.application.service import IService, MultiService
from twisted.logger import Logger
from twisted.python import usage

from exoswitch.config.loader import load_with_warnings
from exoswitch.config.model import Config
from exoswitch.config.processes import number_of, of_process
from exoswitch.control.server import ControlSocket
from exoswitch.errors import CannotStart, ConfigError, InvalidValue
from exoswitch.process import end_with_error, freeze_start, reserve_descriptors, use_monotonic_time
from exoswitch.reload import Reload
from exoswitch.tasks.signals import on_signals
from exoswitch.telemetry.log_files import reopen_log_files
from exoswitch.trunks.registry import SETTINGS
from exoswitch.wiring.gateway import Gateway

_LOG = Logger(namespace="exoswitch")


class Options(usage.Options):
    """The command line of `twistd exoswitch`."""

    synopsis = "[options]"
    longdesc = (
        "A gateway between Asterisk, which holds phone calls on SIP trunks, and voice bots that speak Exotel's "
        "WebSocket protocol. Try a configuration first with: exoswitch check-config FILE"
    )
    optParameters = [  # noqa: N815, RUF012 - Twisted's own way to declare options
        ["config", "c", "exoswitch.yaml", "The configuration file."],
        ["process", "p", None, "Which of gateway.processes this is, from 1 on."],
    ]


@define(eq=False)
class StopRequests:
    """Requests to stop: the first one begins an orderly stop, each further one hangs up the calls at once."""

    _reactor: Any
    _gateway: Gateway
    _is_stopping: bool = field(default=False, init=False)

    def ask(self, signal: Signals) -> None:
        """Stop, or stop sooner."""
        if self._is_stopping:
            calls = self._gateway.hang_up_all()
            _LOG.warn("{signal} again: {calls} calls are hung up now", signal=signal.name, calls=calls)
            return
        self._is_stopping = True
        _LOG.info("{signal}: the gateway stops; a second {signal} hangs up all calls at once", signal=signal.name)
        self._reactor.stop()


def _reopen_logs(signal: Signals) -> None:
    names = ", ".join(reopen_log_files())
    _LOG.info(
        "{signal}: {done}", signal=signal.name, done=f"opened {names} again" if names else "there is no log file"
    )


class Program(MultiService):
    """The service that twistd starts; `in_foreground` decides how it tells that the gateway cannot start.

    In the foreground the program ends with the message. A daemon has no terminal: there twistd's first process, which
    waits for it, prints the error that the start raises.
    """

    def __init__(self, gateway: Gateway, *, in_foreground: bool) -> None:
        super().__init__()
        gateway.setServiceParent(self)
        self._in_foreground = in_foreground

    def startService(self) -> None:
        """Start the gateway.

        Raises:
            CannotStart: it cannot start, and this process is a daemon.
        """
        try:
            super().startService()
        except CannotStart as problem:
            if self._in_foreground:
                print(problem, file=sys.__stderr__)
                sys.exit(1)
            _LOG.critical("{problem}", problem=str(problem))
            sys.excepthook = lambda *_: None  # else the log has a traceback too
            raise


def _check_files(twistd: Any) -> None:
    """End the program with a message if twistd cannot write its files: its own errors are tracebacks."""
    for option in ("pidfile", "logfile"):
        path = Path(twistd.get(option) or ".").absolute()
        written = path if os.access(path, os.F_OK) else path.parent
        if twistd.get(option) and not os.access(written, os.W_OK):
            sys.exit(
                f"twistd cannot write {path}. Start it in a folder that its user may write, "
                f"or choose another file: twistd --{option}=FILE exoswitch …"
            )


def _gateway(config: Config, reactor: Any) -> Gateway:
    """Make the gateway; if this install has no part that its configuration wants, end the program with a message."""
    try:
        return Gateway(config, reactor, partial(end_with_error, reactor))
    except CannotStart as problem:
        sys.exit(str(problem))


def makeService(options: Options) -> IService:  # noqa: N802 - the name that twistd looks for
    """Make the service for `twistd exoswitch`; a wrong configuration ends the program with all its problems."""
    twistd: Any = options.parent or {}
    _check_files(twistd)
    try:
        machine, warnings = load_with_warnings(options["config"], SETTINGS, os.environ)
        number = number_of(machine, options["process"])
    except ConfigError as problem:
        sys.exit(f"{problem}\nThe configuration cannot be used; see also: exoswitch check-config {options['config']}")
    except InvalidValue as problem:
        sys.exit(str(problem))
    config = of_process(machine, number)
    from twisted.internet import reactor  # noqa: PLC0415 - twistd chooses the reactor first

    for warning in warnings:
        _LOG.warn("{warning}", warning=warning)
    use_monotonic_time(reactor)
    freeze_start(reactor)
    reserve_descriptors(config)
    gateway = _gateway(config, reactor)
    stop = StopRequests(reactor, gateway).ask
    reload = Reload(Path(options["config"]).absolute(), os.environ, gateway, number)
    if config.sessions != "memory":
        commands = {"reload": reload.asked, "trunks": gateway.view_trunks}
        gateway.add("commands", ControlSocket(Path(config.journal), commands, reactor))

    def hung_up(signal: Signals) -> None:
        _reopen_logs(signal)
        reload.signalled()

    again = (Signals.SIGUSR1, Signals.SIGUSR2)
    actions = {Signals.SIGINT: stop, Signals.SIGTERM: stop, Signals.SIGHUP: hung_up}
    on_signals(reactor, {**actions, **dict.fromkeys(again, _reopen_logs)})
    return Program(gateway, in_foreground=bool(twistd.get("nodaemon", True)))
