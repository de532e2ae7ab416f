"""Root: the service of `twistd exoswitch`, made from the command line and the configuration file."""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.python import usage

from exoswitch.config.loader import load_with_warnings
from exoswitch.errors import ConfigError
from exoswitch.trunks.registry import SETTINGS
from exoswitch.wiring import Gateway

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
    ]


def use_monotonic_time(reactor: Any, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Let a reactor schedule by the monotonic clock; call it before anything is scheduled.

    A reactor's own clock is the wall clock, and a step of that back in time stops every timer and every call's
    audio for as long (Twisted issue 2424, open since 2007).
    """
    reactor.seconds = monotonic


def end_well(reactor: Any) -> None:
    """Let twistd exit with 0 after an orderly stop; left alone, it ends by the signal that asked for the stop."""
    reactor._exitSignal = None  # noqa: SLF001 - where twistd looks, and there is no other way (Twisted 26.10)


def makeService(options: Options) -> IService:  # noqa: N802 - the name that twistd looks for
    """Make the service for `twistd exoswitch`; a wrong configuration ends the program with all its problems."""
    try:
        config, warnings = load_with_warnings(options["config"], SETTINGS, os.environ)
    except ConfigError as problem:
        sys.exit(f"{problem}\nThe configuration cannot be used; see also: exoswitch check-config {options['config']}")
    from twisted.internet import reactor  # noqa: PLC0415 - twistd chooses the reactor first

    for warning in warnings:
        _LOG.warn("{warning}", warning=warning)
    use_monotonic_time(reactor)
    reactor.addSystemEventTrigger("after", "shutdown", end_well, reactor)
    return Gateway(config, reactor)
