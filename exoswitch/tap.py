"""Root: all the wiring of one gateway, for `twistd exoswitch` and for whoever embeds it."""

import os
import random
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python import usage

from exoswitch import wiring as shared_state
from exoswitch.ami.switch import AsteriskSwitch
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import BotTarget
from exoswitch.config.addresses import is_postgres
from exoswitch.config.advice import warnings
from exoswitch.config.files import read_sound
from exoswitch.config.loader import load
from exoswitch.config.model import Config
from exoswitch.errors import ConfigError
from exoswitch.exotel.rest.resource import make_resource
from exoswitch.exotel.sids import new_sid
from exoswitch.exotel.stream.connection import ExotelBots
from exoswitch.exotel.stream.observer import unobserved
from exoswitch.exotel.trace.recorder import Recorder
from exoswitch.gateway.engine import Engine
from exoswitch.gateway.environment import Environment
from exoswitch.interfaces.routing import Account, Accounts, InboundRoute, Routing
from exoswitch.rtp.service import RtpService
from exoswitch.tasks.spawn import spawn
from exoswitch.telemetry.counters import MemoryMetrics
from exoswitch.telephony.numbers import normalise
from exoswitch.trunks.channels import TrunkChannels
from exoswitch.trunks.registry import SETTINGS, build
from exoswitch.web.health import health_routes
from exoswitch.web.site import web_service

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


class Gateway(Service):
    """One gateway node, stopped from the outside in, so that no call is cut short by its own tools."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self.config = config
        self.metrics = MemoryMetrics()
        self.switches = {
            asterisk.name: AsteriskSwitch(
                asterisk,
                codec=config.rtp.codec,
                node=config.node,
                max_duration_s=config.calls.max_duration_s,
                reactor=reactor,
                rng=random.Random(),
            )
            for asterisk in config.asterisks
        }
        sound = read_sound(config.calls.waiting_sound)
        self.media = RtpService(reactor, config.rtp, random.Random(), self.metrics, waiting_sound=sound)
        self.nodes = shared_state.node_allocator(config, reactor, self.metrics)
        self.jobs = shared_state.jobs(config, reactor, self.metrics)
        self.recorder = _recorder(config, reactor)
        self.sessions = shared_state.session_store(config, reactor, self.metrics)
        self.engine = Engine(
            Environment(
                node=config.node,
                process=secrets.token_hex(16),
                clock=reactor,
                wall_clock=time.time,
                new_sid=lambda: new_sid(time.time(), secrets.token_bytes),
                nodes=self.nodes,
                media=self.media,
                bots=ExotelBots(
                    reactor,
                    metrics=self.metrics,
                    handshake_s=config.calls.handshake_s,
                    observe=unobserved if self.recorder is None else self.recorder.observe,
                ),
                jobs=self.jobs,
                sessions=self.sessions,
                metrics=self.metrics,
                switches=self.switches,
            ),
            _routing(config),
            TrunkChannels.of((trunk.name, trunk.channels, trunk.cps) for trunk in config.trunks),
        )
        for switch in self.switches.values():
            switch.listener = self.engine
        self.jobs.listener = self.engine
        self.web = _web_service(config, self.engine, reactor)

    def startService(self) -> None:  # noqa: N802
        """Start everything; the REST API answers 503 until an Asterisk is ready."""
        Service.startService(self)
        self.nodes.start()
        spawn(self.sessions.start(), _LOG, "starting the session store")
        for part in (self.media, *self.switches.values()):
            part.startService()
        self.jobs.start()
        self.engine.start()
        try:
            self.web.startService()
        except CannotListenError as problem:
            sys.exit(f"http: {problem} Is another gateway running? Choose another port, or stop what has this one.")

    def stopService(self) -> Deferred[None]:  # noqa: N802
        """Take no more calls, let those that there are end, and only then close media and the links to Asterisk."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        settings = self.config.gateway
        self.nodes.set_draining(None, draining=True)
        await self.jobs.stop()
        await self.engine.drain(settings.stop_wait_s, hand_over=settings.on_stop == "hand-over")
        await maybeDeferred(self.web.stopService)
        await self.engine.stop()
        await maybeDeferred(self.media.stopService)
        await gatherResults([maybeDeferred(switch.stopService) for switch in self.switches.values()])
        if self.recorder is not None:
            await self.recorder.stop()
        await self.nodes.stop()
        await self.sessions.stop()


def _recorder(config: Config, reactor: Any) -> Recorder | None:
    """Make what writes traces down, where there is a folder for them."""
    settings = config.traces
    if not settings.folder:
        return None
    return Recorder(
        reactor,
        settings.folder,
        max_mb=settings.max_mb,
        numbers=settings.numbers,
        parameters=settings.parameters,
    )


def _routing(config: Config) -> Routing:
    limits = config.calls
    bots = {name: BotTarget(url=app.url, options=app.options()) for name, app in config.apps.items()}
    return Routing(
        limits=CallLimits(ring_s=limits.ring_s, handshake_s=limits.handshake_s, max_duration_s=limits.max_duration_s),
        concurrency={name: account.concurrency for name, account in config.accounts.items()},
        trunks={trunk.name: build(trunk) for trunk in config.trunks},
        routes={
            normalise(number): InboundRoute(target.account, bots[target.app])
            for number, target in config.numbers.items()
        },
        in_fleet=bool(config.cluster),
        shares_sessions=bool(config.cluster) and is_postgres(config.sessions),
    )


def _accounts(config: Config) -> Accounts:
    bots = {name: BotTarget(url=app.url, options=app.options()) for name, app in config.apps.items()}
    accounts = {
        name: Account(
            name=name,
            api_key=account.api_key,
            api_token=account.api_token,
            apps={app: bots[app] for app, entry in config.apps.items() if entry.account == name},
            numbers={number: bots[entry.app] for number, entry in config.numbers.items() if entry.account == name},
        )
        for name, account in config.accounts.items()
    }
    return Accounts(accounts, config.streams.options())


def _web_service(config: Config, engine: Engine, reactor: Any) -> IService:
    resource = make_resource(engine, _accounts(config), health_routes(engine))
    return web_service(config.http, resource, reactor)


def make_gateway(config: Config, reactor: Any) -> Gateway:
    """Wire a gateway for this configuration; nothing happens before it is started."""
    return Gateway(config, reactor)


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
        config = load(options["config"], SETTINGS, os.environ)
    except ConfigError as problem:
        sys.exit(f"{problem}\nThe configuration cannot be used; see also: exoswitch check-config {options['config']}")
    from twisted.internet import reactor  # noqa: PLC0415 - twistd chooses the reactor first

    for warning in warnings(config):
        _LOG.warn("{warning}", warning=warning)
    use_monotonic_time(reactor)
    reactor.addSystemEventTrigger("after", "shutdown", end_well, reactor)
    return make_gateway(config, reactor)
