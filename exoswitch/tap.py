"""Root: the service of `twistd exoswitch`, made from the command line and the configuration file."""

import gc
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from signal import Signals
from typing import Any

from attrs import define, field
from twisted.application.service import IService, MultiService
from twisted.logger import Logger
from twisted.python import usage

from exoswitch.config.loader import load_with_warnings
from exoswitch.config.model import Config
from exoswitch.errors import CannotStart, ConfigError
from exoswitch.tasks.signals import on_signals
from exoswitch.telemetry.log_files import reopen_log_files
from exoswitch.trunks.registry import SETTINGS
from exoswitch.wiring import Gateway

_LOG = Logger(namespace="exoswitch")
_DESCRIPTORS_PER_CALL = 3  # an RTP port, a bot, and its resolver or its trace
_OTHER_DESCRIPTORS = 128


class Options(usage.Options):
    """The command line of `twistd exoswitch`."""

    synopsis = "[options]"
    longdesc = (
        "A gateway between Asterisk, which holds phone calls on SIP trunks, and voice bots that speak Exotel's "
        "WebSocket protocol. Try a configuration first with: exoswitch check-config FILE"
    )
    optParameters = [  # noqa: N815, RUF012 - Twisted's own way to declare options
        ["config", "c", "exoswitch.yaml", "The configuration file."],
    ]


def use_monotonic_time(reactor: Any, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Let a reactor schedule by the monotonic clock; call it before anything is scheduled.

    A reactor's own clock is the wall clock, and a step of that back in time stops every timer and every call's
    audio for as long (Twisted issue 2424, open since 2007).
    """
    reactor.seconds = monotonic


def freeze_start(reactor: Any) -> None:
    """Let Python's garbage collector pass over the modules and everything else that exists once the reactor runs.

    These 110,000 objects live as long as the process. A full collection that walks them stops the audio of all calls
    for 100 ms (measured on Python 3.11), and any flood of requests sets one off.
    """

    def freeze() -> None:
        gc.collect()
        gc.freeze()

    reactor.callWhenRunning(freeze)


def reserve_descriptors(config: Config) -> None:
    """Raise this process's limit of open files to its need: a common default, 1024, is some 300 calls."""
    needed = config.gateway.capacity * _DESCRIPTORS_PER_CALL + config.http_limits.connections + _OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        _LOG.warn(
            "this process may open {allowed} files, and gateway.capacity and http_limits.connections need {needed}: "
            "raise LimitNOFILE of its systemd unit, or the hard limit (ulimit -Hn)",
            allowed=allowed,
            needed=needed,
        )


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

    def startService(self) -> None:  # noqa: N802 - Twisted's name
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


def makeService(options: Options) -> IService:  # noqa: N802 - the name that twistd looks for
    """Make the service for `twistd exoswitch`; a wrong configuration ends the program with all its problems."""
    twistd: Any = options.parent or {}
    _check_files(twistd)
    try:
        config, warnings = load_with_warnings(options["config"], SETTINGS, os.environ)
    except ConfigError as problem:
        sys.exit(f"{problem}\nThe configuration cannot be used; see also: exoswitch check-config {options['config']}")
    from twisted.internet import reactor  # noqa: PLC0415 - twistd chooses the reactor first

    for warning in warnings:
        _LOG.warn("{warning}", warning=warning)
    use_monotonic_time(reactor)
    freeze_start(reactor)
    reserve_descriptors(config)
    gateway = Gateway(config, reactor)
    stop = StopRequests(reactor, gateway).ask
    again = (Signals.SIGHUP, Signals.SIGUSR1, Signals.SIGUSR2)
    on_signals(reactor, {Signals.SIGINT: stop, Signals.SIGTERM: stop, **dict.fromkeys(again, _reopen_logs)})
    return Program(gateway, in_foreground=bool(twistd.get("nodaemon", True)))
