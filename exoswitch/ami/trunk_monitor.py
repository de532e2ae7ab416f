"""Adapter: watches the trunks of one Asterisk: tells their conditions, and registers what Asterisk has given up.

An event of a trunk is a reason to look, and no more: Registry names URIs and no trunk, and a caller's text can write
whole events. The lists are believed. They are asked for at most once a second, and at least every half minute; then
each trunk is asked how long its last answer took, too.
"""

import random
from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from exoswitch.ami import trunks
from exoswitch.ami.client import AmiProtocol
from exoswitch.ami.conditions import GIVEN_UP_S, Conditions
from exoswitch.ami.message import AmiMessage
from exoswitch.ami.trunks import Endpoint
from exoswitch.call.events import SwitchEvent
from exoswitch.errors import BackendUnavailable, TrunkError
from exoswitch.tasks.spawn import spawn

LOOK_AGAIN_S = 1.0
LOOK_EVERY_S = 30.0
MEASURED_MAX = 100  # trunks whose details are asked for in one look
_SPREAD_S = 15.0  # between the gateways of a fleet


@define(eq=False)
class TrunkMonitor:
    """The trunks of one Asterisk, as long as there is a link to it; `tell` hears of each TrunkCondition."""

    _server: str
    _clock: IReactorTime
    _rng: random.Random
    _tell: Callable[[SwitchEvent], None]
    _ami: AmiProtocol | None = field(default=None, init=False)
    _next: IDelayedCall | None = field(default=None, init=False)
    _looked_at: float = field(default=0.0, init=False)
    _measure_at: float = field(default=0.0, init=False)
    _is_looking: bool = field(default=False, init=False)
    _has_warned: bool = field(default=False, init=False)
    _conditions: Conditions = field(init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.ami"), init=False)

    def __attrs_post_init__(self) -> None:
        self._conditions = Conditions(GIVEN_UP_S + self._rng.uniform(0.0, _SPREAD_S))

    def link_ready(self, ami: AmiProtocol) -> None:
        """Look at all trunks, and tell their conditions."""
        self._ami = ami
        self._has_warned = False
        self._conditions.forget()
        self._measure_at = 0.0
        self._look_in(0.0)

    def link_lost(self) -> None:
        """Stop looking until the link is ready again."""
        self._ami = None
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def observe(self, message: AmiMessage) -> None:
        """Learn from an event of TRUNK_EVENTS, and look soon."""
        if message.event == "Registry":
            self._conditions.attempted(message.get("Username"), message.get("Domain"), self._clock.seconds())
        if self._ami is not None:
            self._look_in(max(0.0, self._looked_at + LOOK_AGAIN_S - self._clock.seconds()))

    def _look_in(self, seconds: float) -> None:
        """Look then, or earlier if that is planned."""
        at = self._clock.seconds() + seconds
        if self._next is not None and self._next.getTime() <= at:
            return
        if self._next is not None:
            self._next.cancel()
        self._next = self._clock.callLater(seconds, self._begin)

    def _begin(self) -> None:
        self._next = None
        if self._is_looking:
            self._look_in(LOOK_AGAIN_S)
        elif self._ami is not None:
            self._is_looking = True
            self._looked_at = self._clock.seconds()
            self._look_in(LOOK_EVERY_S)
            spawn(self._look(self._ami), self._log, "looking at the trunks")

    async def _look(self, ami: AmiProtocol) -> None:
        try:
            endpoints = tuple(trunks.endpoints(await ami.collect(trunks.list_endpoints(), trunks.ENDPOINTS_END)))
            listed = await ami.collect(trunks.list_registrations(), trunks.REGISTRATIONS_END)
            registrations = tuple(trunks.registrations(listed))
            endpoints = await self._measured(ami, endpoints)
        except BackendUnavailable as problem:
            self._warn(ami, str(problem))
            return
        finally:
            self._is_looking = False
        if ami is not self._ami:
            return
        now = self._clock.seconds()
        for condition in self._conditions.listed(endpoints, registrations, now):
            self._tell(condition)
        for name in self._conditions.given_up(now):
            await self._register(ami, name)

    async def _measured(self, ami: AmiProtocol, endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        """Ask for the round trips now and then, and always for the details of a trunk that seems to be away."""
        is_due = self._clock.seconds() >= self._measure_at
        if is_due:
            self._measure_at = self._clock.seconds() + LOOK_EVERY_S
        asked = [each for each in endpoints if is_due or not each.is_reachable][:MEASURED_MAX]
        known = {each.name: await self._measure(ami, each) for each in asked}
        return tuple(known.get(each.name, each) for each in endpoints)

    async def _measure(self, ami: AmiProtocol, endpoint: Endpoint) -> Endpoint:
        details = await ami.collect(trunks.show_endpoint(endpoint.name), trunks.ENDPOINT_END)
        contacts = tuple(trunks.contacts(details))
        rtts_s = [contact.rtt_s for contact in contacts if contact.rtt_s is not None]
        self._conditions.measured(endpoint.name, min(rtts_s, default=None))
        return endpoint.believing(contacts)

    async def _register(self, ami: AmiProtocol, name: str) -> None:
        self._log.warn(
            "trunk {trunk} is not registered ({status}), and {server} has not tried for {seconds:.0f} s: it is told "
            "to register now",
            trunk=name,
            status=self._conditions.status_of(name),
            server=self._server,
            seconds=self._conditions.patience_s,
        )
        try:
            await ami.command(trunks.register(name))
        except (TrunkError, BackendUnavailable) as problem:
            self._log.warn("trunk {trunk} is not registered: {problem}", trunk=name, problem=problem)

    def _warn(self, ami: AmiProtocol, problem: str) -> None:
        """Say once a link that the trunks cannot be seen."""
        if ami is self._ami and not self._has_warned and trunks.NO_ENDPOINTS not in problem:
            self._has_warned = True
            self._log.warn(
                "{server} does not list its trunks, so calls do not know which are down: {problem}. In manager.conf, "
                "our user needs read and write as `exoswitch render-asterisk` writes them.",
                server=self._server,
                problem=problem,
            )
