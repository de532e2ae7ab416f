"""Root: one gateway: its services, the order in which they start, and what a reload replaces."""

import random
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from attrs import define
from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from exoswitch import __version__
from exoswitch.ami.switch import AsteriskSwitch
from exoswitch.config.files import read_sound
from exoswitch.config.model import Config
from exoswitch.configured import rules, trunk_limits
from exoswitch.control.messages import Answer, Request
from exoswitch.errors import BackendUnavailable, CannotStart
from exoswitch.exotel.callbacks.outgoing import Outgoing
from exoswitch.exotel.callbacks.passthru_request import PassthruRequests
from exoswitch.exotel.sids import new_sid
from exoswitch.exotel.stream.connection import ExotelBots
from exoswitch.exotel.stream.observer import unobserved
from exoswitch.exotel.trace.recorder import TraceRecorder
from exoswitch.fleet.interfaces import INodeAllocator
from exoswitch.fleet.once_named import OnceNamed
from exoswitch.fleet.trunks.metrics import readings
from exoswitch.gateway.engine import Engine
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.rules import CurrentRules, Rules
from exoswitch.gateway.trunk_view import view
from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.network.cares import CaresResolver
from exoswitch.network.names import Names
from exoswitch.network.native_tls import bot_tls, tls_in_use
from exoswitch.rtp.service import RtpService
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.fair_turns import ASTERISKS_S, FairTurns
from exoswitch.tasks.services import STOP_S, OrderedServices
from exoswitch.tasks.spawn import spawn
from exoswitch.tasks.worker_thread import WorkerThread
from exoswitch.telemetry.prometheus import PrometheusMetrics
from exoswitch.telemetry.reactor_watch import ReactorWatch
from exoswitch.wiring.callbacks import recoverer
from exoswitch.wiring.fleet import jobs, node_allocator, rates, trunk_pool
from exoswitch.wiring.http import http_services
from exoswitch.wiring.recordings import THREADS as RECORDING_THREADS
from exoswitch.wiring.recordings import Recordings
from exoswitch.wiring.stores import locks, outbox, session_store

_LOG = Logger(namespace="exoswitch")
_THREADS = ("journal", "traces", "reload", "logins", *RECORDING_THREADS)


class Gateway(OrderedServices):
    """One gateway: its services in the order in which they start; they stop in the reverse order.

    A gateway that stops takes no new calls; it keeps media and the links to Asterisk until its calls are over.
    `end` ends the program with an error: it is called with the reason.
    """

    def __init__(self, config: Config, reactor: Any, end: Callable[[str], None]) -> None:
        super().__init__(reactor)
        self.config = config
        self.rules = CurrentRules(rules(config))
        self.metrics = PrometheusMetrics()
        self.threads = {name: WorkerThread(reactor, name) for name in _THREADS}
        resolver = CaresResolver(reactor)
        self.names = Names(reactor, resolver.ask, resolver.close)
        self.outbox = outbox(config, reactor)
        self.sessions = session_store(config, reactor, self.metrics, self.threads["journal"], self.outbox)
        self.nodes = node_allocator(config, reactor, self.metrics, partial(self._name_is_taken, end))
        self.jobs = jobs(config, reactor, self.metrics)
        self.rates = rates(config, reactor)
        self.trunks = trunk_pool(config, reactor)
        self.trunks.set_limits(trunk_limits(config))
        self.metrics.read_from(self._readings)
        self.switches = _switches(config, reactor, self.metrics)
        sound = read_sound(config.calls.waiting_sound)
        self.media = RtpService(reactor, config.rtp, random.Random(), self.metrics, waiting_sound=sound)
        self.trace_recorder = _trace_recorder(config, reactor, self.threads["traces"])
        self.recordings = Recordings.of(config, reactor, self.threads, self.metrics)
        self.bots = self._bots(reactor)
        self.outgoing = Outgoing(reactor, names=self.names, reach=lambda: self.rules.now.callback_reach)
        self.passthru = PassthruRequests(self.outgoing, time.time, self.recordings.promised_url)
        environment = self._environment(reactor)
        self.callbacks = recoverer(
            self.outbox,
            self.outgoing,
            environment.holds,
            self.rules,
            self.recordings.url,
            metrics=self.metrics,
            reactor=reactor,
        )
        self.engine = Engine(environment, self.rules)
        for switch in self.switches.values():
            switch.listener = self.engine
        self.jobs.listener = self.engine
        self._add_all(config, reactor)

    def startService(self) -> None:
        """Start everything; the REST API answers 503 until an Asterisk is ready.

        Raises:
            CannotStart: the HTTP port is taken, or another gateway has the node's name or its files.
        """
        _LOG.info("TLS to bots: {kind}", kind=tls_in_use(is_native=self.media.kind == "compiled"))
        try:
            super().startService()
        except CannotListenError as problem:
            where = f"{problem.interface or '*'}:{problem.port}"
            key = "http or metrics" if self.config.metrics else "http"
            raise CannotStart(
                f"{key}: {where} cannot be used ({problem.socketError.strerror})",
                "Is another gateway running? Choose another port, or stop the other gateway.",
            ) from problem
        except BackendUnavailable as problem:
            raise CannotStart(str(problem)) from problem

    def _readings(self) -> Iterator[Reading]:
        running = {"version": __version__, "plane": self.media.kind, "tick": self.media.tick}
        yield Reading("build_info", 1, running)
        yield from readings(self.trunks)

    def take(self, config: Config, new: Rules) -> None:
        """Replace the rules for calls, in one step; calls in progress go on as they began.

        `config` differs from the one before only in what these rules, the limits of calls and of trunks are made of.
        """
        self.config = config
        self.rules.now = new.after(self.rules.now, self.engine.sessions())
        self.trunks.set_limits(trunk_limits(config))
        self.bots.handshake_s = config.calls.handshake_s
        for switch in self.switches.values():
            switch.max_duration_s = config.calls.max_duration_s

    @deferred
    async def view_trunks(self, _request: Request) -> Answer:
        """Give the trunks as they are now; see `exoswitch.gateway.trunk_view`."""
        return await view(
            self.config.trunks, self.rules.now.routing.trunks, self.trunks, self.engine.trunk_conditions
        )

    def hang_up_all(self) -> int:
        """Hang up every call now; a stop that waits for their end goes on. Give their number."""
        return self.engine.hang_up_all()

    def _name_is_taken(self, end: Callable[[str], None], holder: str) -> None:
        spawn(self._give_way(end, holder), _LOG, "giving way to the gateway that has the name")

    async def _give_way(self, end: Callable[[str], None], holder: str) -> None:
        await self.engine.name_taken()
        end(
            f"node: {holder} is the gateway {self.config.node} of this fleet, so this one stops. "
            "Write another name into one of the two files."
        )

    def _bots(self, reactor: Any) -> ExotelBots:
        return ExotelBots(
            reactor,
            metrics=self.metrics,
            handshake_s=self.config.calls.handshake_s,
            names=self.names,
            reach=lambda: self.rules.now.reach,
            tls_options=bot_tls(is_native=self.media.kind == "compiled", ca_file=self.config.streams.ca_file),
            observe=unobserved if self.trace_recorder is None else self.trace_recorder.observe,
        )

    def _environment(self, reactor: Any) -> Environment:
        return Environment(
            node=self.config.node,
            process=secrets.token_hex(16),
            clock=reactor,
            wall_clock=time.time,
            new_sid=lambda: new_sid(time.time(), secrets.token_bytes),
            nodes=self.nodes,
            media=self.media,
            bots=self.bots,
            passthru=self.passthru,
            jobs=self.jobs,
            sessions=self.sessions,
            prices=lambda: self.rules.now.prices,
            metrics=self.metrics,
            switches=self.switches,
            trunks=self.trunks,
            recordings=self.recordings.of_calls,
        )

    def _add_all(self, config: Config, reactor: Any) -> None:
        for name, thread in self.threads.items():
            self.add(f"the thread of {name}", thread)
        self.add("locks", locks(config))
        self.add("look-ups", self.names)
        self.add("the session store", self.sessions)
        self.add("the allocator of places", self.nodes)
        self.add("callbacks", OnceNamed(self.nodes, self.callbacks))
        self.add("the pool of trunks", OnceNamed(self.nodes, self.trunks))
        if self.trace_recorder is not None:
            self.add("the recorder of traces", self.trace_recorder)
        if self.recordings.recorder is not None:
            self.add("recordings", self.recordings.recorder)
        self.add("the links to Asterisk", OnceNamed(self.nodes, _together(self.switches.values())))
        self.add("media", self.media)
        self.add("the watch of the reactor", ReactorWatch(reactor, self.metrics))
        self.add("questions to passthrus", self.passthru)
        self.add("calls", OnceNamed(self.nodes, self.engine))
        self.add("limits of requests", self.rates)
        servers = tuple(self._servers(config, reactor))
        shares_port = config.gateway.processes > 1
        if not shares_port:
            self._add_servers(servers)
        drain_s = config.gateway.stop_wait_s
        self.add("draining", _Draining(self), stop_s=drain_s + STOP_S)
        self.add("jobs", OnceNamed(self.nodes, self.jobs))
        self.add("admission", _Admission(self.nodes))
        if shares_port:  # it stops first: the other processes take all requests while this one drains
            self._add_servers(servers)

    def _servers(self, config: Config, reactor: Any) -> Iterator[tuple[str, IService]]:
        return http_services(
            config,
            self.engine,
            self.rules,
            recordings=self.recordings,
            rates=self.rates,
            in_thread=self.threads["logins"].run,
            metrics=self.metrics,
            reactor=reactor,
        )

    def _add_servers(self, servers: Iterable[tuple[str, IService]]) -> None:
        for name, service in servers:
            self.add(name, service)


@define(eq=False)
class _Draining(Service):
    """Stops when the calls are over, or have gone to other gateways, or when the wait is over."""

    _gateway: Gateway

    def stopService(self) -> Deferred[None]:
        settings = self._gateway.config.gateway
        return self._gateway.engine.drain(settings.stop_wait_s, hand_over=settings.on_stop == "hand-over")


@define(eq=False)
class _Admission(Service):
    """Takes new calls until it stops: then the fleet places them on other gateways."""

    _nodes: INodeAllocator

    def stopService(self) -> None:
        self._nodes.set_draining(None, draining=True)


def _switches(config: Config, reactor: Any, metrics: IMetrics) -> dict[str, AsteriskSwitch]:
    turns = FairTurns(reactor, ASTERISKS_S)
    return {
        asterisk.name: AsteriskSwitch(
            asterisk,
            codec=config.rtp.codec,
            node=config.node,
            max_duration_s=config.calls.max_duration_s,
            reactor=reactor,
            turns=turns,
            rng=random.Random(),
            metrics=metrics,
        )
        for asterisk in config.asterisks
    }


def _together(services: Iterable[IService]) -> IService:
    """Make one service of several that stop at the same time."""
    together = MultiService()
    for service in services:
        service.setServiceParent(together)
    return together


def _trace_recorder(config: Config, reactor: Any, thread: WorkerThread) -> TraceRecorder | None:
    """Make what writes traces down, where there is a folder for them."""
    settings = config.traces
    if not settings.folder:
        return None
    return TraceRecorder(
        reactor,
        settings.folder,
        defer_to_thread=thread.run,
        max_mb=settings.max_mb,
        numbers=settings.numbers,
        parameters=settings.parameters,
    )
