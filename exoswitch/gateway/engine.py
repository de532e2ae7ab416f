"""Adapter: all calls of one gateway: requests, events and jobs arrive here, and go to the part that serves them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call import events as ev
from exoswitch.call.search import CallPage, CallSearch
from exoswitch.call.session import Session
from exoswitch.errors import BackendUnavailable, CallNotFound
from exoswitch.fleet.interfaces import IJobListener
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.environment import NO_STORE, Environment
from exoswitch.gateway.failover import Failover
from exoswitch.gateway.fencing import Fencing
from exoswitch.gateway.inbound import Inbound
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.number_health import number_health
from exoswitch.gateway.one_way_streams import OneWayStreams
from exoswitch.gateway.outbound import Outbound
from exoswitch.gateway.phone_recordings import PhoneRecordings
from exoswitch.gateway.recovery import Recovery
from exoswitch.gateway.resume import Resumer
from exoswitch.gateway.rules import CurrentRules
from exoswitch.gateway.second_phones import SecondPhones
from exoswitch.gateway.trunk_choice import TrunkChoice
from exoswitch.gateway.trunk_watch import TrunkWatch
from exoswitch.gateway.undialled import Undialled
from exoswitch.interfaces.calls import CallRequest, ICalls, NumberHealth
from exoswitch.interfaces.metrics import Reading
from exoswitch.interfaces.switch import ISwitch, ISwitchListener
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.services import OrderedServices
from exoswitch.trunks.conditions import TrunkConditions

STOP_WAIT_S = 8.0  # longer than a call waits for Asterisk to confirm its hang-up


def _no_asterisk(names: Iterable[str]) -> str:
    asterisks = ", ".join(names) or "none is configured"
    return (
        f"no Asterisk is ready ({asterisks}): the gateway is not logged in, or Asterisk is still booting; see the log"
    )


@implementer(ICalls, ISwitchListener, IJobListener)
@define(eq=False)
class Engine(Service):
    """The calls of one gateway."""

    _environment: Environment
    _rules: CurrentRules
    _watch: TrunkWatch = field(init=False)
    _calls: LiveCalls = field(init=False)
    _outbound: Outbound = field(init=False)
    _inbound: Inbound = field(init=False)
    _failover: Failover = field(init=False)
    _recovery: Recovery = field(init=False)
    _fencing: Fencing = field(init=False)
    _second_phones: SecondPhones = field(init=False)
    _one_way_streams: OneWayStreams = field(init=False)
    _phone_recordings: PhoneRecordings = field(init=False)
    _parts: OrderedServices = field(init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.engine"), init=False)

    def __attrs_post_init__(self) -> None:
        """Make the parts."""
        self._watch = TrunkWatch(self._environment.metrics, self._rules)
        choice = TrunkChoice(self._environment, self._rules, self._watch)
        self._calls = LiveCalls(self._environment, self._rules, choice)
        self._outbound = Outbound(self._environment, self._rules, self._calls)
        self._inbound = Inbound(self._environment, self._rules, self._calls)
        resumer = Resumer(self._environment, self._rules, self._calls, self._outbound)
        self._failover = Failover(self._environment, self._rules, self._calls, self._inbound, resumer)
        self._recovery = Recovery(self._environment, self._calls, resumer, self._rules)
        self._fencing = Fencing(self._environment, self._calls, self._route)
        self._calls.is_fenced = self._fencing.is_asking
        self._second_phones = SecondPhones(self._environment, self._rules, self._calls)
        self._calls.on_second = self._second_phones.carry_out
        self._one_way_streams = OneWayStreams(self._environment, self._calls)
        self._calls.on_changed = self._changed
        self._phone_recordings = PhoneRecordings(self._environment, self._calls)
        self._calls.on_over = self._over
        self._environment.metrics.read_from(self._readings)
        self._parts = OrderedServices(self._environment.clock)
        self._parts.add("inbound calls", self._inbound)
        self._parts.add("outbound calls", self._outbound)
        self._parts.add("second phones", self._second_phones)
        self._parts.add("failover", self._failover)
        self._parts.add("recovery", self._recovery)
        self._parts.add("undialled calls", Undialled(self._environment, self._calls, resumer))
        if self._rules.now.routing.in_fleet:
            self._parts.add("fencing", self._fencing)

    # --- What the REST API asks (ICalls) ------------------------------------------------------------------------

    @property
    def missing(self) -> tuple[str, ...]:
        """What keeps this gateway from placing a call now."""
        environment = self._environment
        reasons = (
            (self._calls.is_stopping, "this gateway is stopping"),
            (not environment.has_switch, _no_asterisk(environment.switches)),
            (not environment.sessions.ready, NO_STORE),
        )
        return tuple(text for holds, text in reasons if holds)

    @property
    def ready(self) -> bool:
        """Whether a call could be placed now."""
        return not self.missing

    def place(self, request: CallRequest) -> Deferred[Session]:
        """Accept an outbound call and begin to dial it."""
        return self._outbound.place(request)

    def replied(self, call_sid: str) -> None:
        """Let the callbacks of a call go: its dialer has the reply."""
        self._environment.holds.release(call_sid)

    @deferred
    async def find(self, account: str, call_sid: str) -> Session:
        """Show one call; a live call is known without the session store.

        Of a call that was taken over, the gateway before may have noted the end at the last moment, and its dialer
        may have been told of that.
        """
        call = self._calls.find(call_sid)
        live = None if call is None or call.session.account != account else call.session
        if live is None:
            return await self._environment.sessions.load(account, call_sid)
        if live.takeovers:
            with suppress(BackendUnavailable, CallNotFound):
                stored = await self._environment.of_store(self._environment.sessions.load(account, call_sid))
                return stored if stored.status.is_final else live
        return live

    def search(self, search: CallSearch) -> Deferred[CallPage]:
        """Give a page of an account's calls."""
        return self._environment.sessions.search(search)

    def live_bots(self, account: str) -> Deferred[int]:
        """Count an account's answered calls that have a bot."""
        return self._environment.sessions.live_bots(account)

    def costs(self, account: str, since: float) -> Deferred[Mapping[str, Decimal]]:
        """Sum up the costs of an account's calls."""
        return self._environment.sessions.costs(account, since)

    def number_health(self, number: str) -> NumberHealth:
        """Give the health of a number."""
        environment = self._environment
        ready = [name for name, switch in environment.switches.items() if switch.ready]
        statuses = environment.trunks.statuses()
        return number_health(number, self._rules.now.routing, self._watch.conditions, statuses, ready)

    # --- What other gateways hand over (IJobListener) -----------------------------------------------------------

    def job_arrived(self, lease: Lease) -> Deferred[None]:
        """Dial a call that another gateway has accepted."""
        return self._outbound.job_arrived(lease)

    # --- What happens at an Asterisk (ISwitchListener) ----------------------------------------------------------

    def switch_event(self, switch: ISwitch, event: ev.SwitchEvent) -> None:
        """Take an event, or keep it back while the fleet is asked whose the calls are."""
        self._fencing.switch_event(switch, event)

    def _route(self, switch: ISwitch, event: ev.SwitchEvent) -> None:
        """Route an event to its call; events of channels that are not ours are ignored."""
        match event:
            case ev.SwitchReady():
                self._environment.nodes.set_health(switch.name, healthy=True)
                for live in self._calls:
                    if live.channel.switch is switch:
                        live.listed(event)
                self._recovery.switch_ready(switch, event.channel_ids)
            case ev.SwitchLost():
                self._environment.nodes.set_health(switch.name, healthy=False)
                self._watch.lost(switch)
            case ev.CallArrived():
                if not self._recovery.expects(switch, event.channel_id):
                    self._inbound.arrived(switch, event)
            case ev.TrunkCondition():
                self._watch.seen(switch, event)
            case _:
                call = self._calls.of_channel(switch, event.channel_id)
                if call is not None:
                    call.switch_event(event)
                elif not self._is_of_tap(switch, event):
                    self._inbound.observe(switch, event)

    def _changed(self, session: Session) -> None:
        self._second_phones.changed(session)
        self._one_way_streams.changed(session)
        self._phone_recordings.changed(session)

    def _over(self, call_sid: str) -> None:
        self._one_way_streams.over(call_sid)
        self._phone_recordings.over(call_sid)

    def _is_of_tap(self, switch: ISwitch, event: ev.SwitchEvent) -> bool:
        return self._one_way_streams.observe(switch, event) or self._phone_recordings.observe(switch, event)

    # --- Beginning and end (IService) ---------------------------------------------------------------------------

    def startService(self) -> None:
        """Go on with calls of an earlier process, and with calls that other gateways leave."""
        self._parts.startService()

    def _readings(self) -> Iterator[Reading]:
        for switch in self._environment.switches.values():
            yield Reading("ami_connected", switch.ready, {"asterisk": switch.name})
        if self._rules.now.routing.in_fleet:
            yield Reading("redis_up", self._environment.nodes.is_shared)

    @property
    def trunk_conditions(self) -> TrunkConditions:
        """The conditions of the trunks at each Asterisk."""
        return self._watch.conditions

    def sessions(self) -> Iterator[Session]:
        """Give the sessions of the calls that are not over."""
        yield from (call.session for call in self._calls)
        yield from self._inbound.sessions()

    @property
    def live(self) -> int:
        """Count the calls that are not over."""
        return len(self._calls)

    @deferred
    async def name_taken(self) -> None:
        """Let go of the calls that the process which has this gateway's name goes on with."""
        await self._fencing.name_taken()

    @deferred
    async def drain(self, wait_s: float, *, hand_over: bool = False) -> None:
        """Take no more calls, and wait up to `wait_s` until none is left; with `hand_over`, hand them to others."""
        self._calls.is_stopping = True
        self._inbound.stopService()
        if self._calls and wait_s:
            self._log.info(
                "stopping: waiting up to {wait_s:g} s for the end of {calls} calls",
                wait_s=wait_s,
                calls=len(self._calls),
            )
            if hand_over:
                self._failover.leave_calls()
            await self._calls.all_over(wait_s)

    @deferred
    async def stopService(self) -> None:
        """Take no more calls, hang up the live ones, and wait until they are over."""
        self._calls.is_stopping = True
        await self._parts.stopService()
        self.hang_up_all()
        await self._calls.all_over(STOP_WAIT_S)
        self._environment.holds.stop()

    def hang_up_all(self) -> int:
        """Hang up the live calls now; a drain that waits for their end goes on. Give their number."""
        calls = tuple(self._calls)
        for call in calls:
            call.feed(call.inputs.hang_up, "the gateway stopped")
        return len(calls)
