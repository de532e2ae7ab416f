"""Adapter: one Asterisk as a switch: it places, bridges and ends calls over AMI, and tells their events."""

import random

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from exoswitch.ami import actions, trunks
from exoswitch.ami.claims import Claims
from exoswitch.ami.client import CALLS_A_TURN, AmiProtocol
from exoswitch.ami.confirm import Confirmations
from exoswitch.ami.filters import CLAIM_ANSWER, TRUNK_EVENTS
from exoswitch.ami.hangups import HangUps
from exoswitch.ami.legs import dial_string, legs
from exoswitch.ami.link import AmiLink
from exoswitch.ami.message import AmiMessage
from exoswitch.ami.names import BRIDGE_CONTEXT, FULL_CONTEXT, longest_call_s
from exoswitch.ami.originate import originate, tap
from exoswitch.ami.translate import EventTranslator
from exoswitch.ami.trunk_monitor import TrunkMonitor
from exoswitch.call.events import (
    CallArrived,
    ChannelEvent,
    ChannelHungUp,
    MediaAnnounced,
    SwitchEvent,
    SwitchLost,
    SwitchReady,
)
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import (
    BackendUnavailable,
    CallTaken,
    LocalProtocolError,
    RemoteProtocolError,
    TrunkError,
    TrunkRefused,
)
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.switch import ISwitch, ISwitchListener, Origination
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.fair_turns import FairTurns
from exoswitch.tasks.spawn import spawn

QUALIFY_AGAIN_S = 1.0
ANNOUNCED_KEPT = 8  # addresses of one Asterisk


@implementer(ISwitch)
class AsteriskSwitch(AmiLink):
    """One Asterisk, while the service runs; `listener` is told its events, and may be set later.

    `node` is this gateway's name: it stands on every call that we place or take. Asterisk sends us `codec`.
    `max_duration_s` is the longest that a call may last; Asterisk itself ends a call that lasts longer.

    Raises:
        ConfigError: the configuration's `ami` is no endpoint.
    """

    def __init__(
        self,
        config: AsteriskConfig,
        *,
        reactor: IReactorTime,
        turns: FairTurns,
        rng: random.Random,
        metrics: IMetrics,
        codec: str = "ulaw",
        node: str = "gw1",
        max_duration_s: float = 3600.0,
        listener: ISwitchListener | None = None,
    ) -> None:
        super().__init__(config, reactor, turns, rng, metrics)
        self.name = config.name
        self.host = config.host
        self.listener = listener
        self._codec = codec
        self._node = node
        self.max_duration_s = max_duration_s
        self._translator = EventTranslator()
        self._hang_ups = HangUps(node, reactor, self._tell)
        self._claims = Claims(node, reactor)
        self._announced: tuple[str, ...] = ()
        self._qualified_at: dict[str, float] = {}
        self._confirmations = Confirmations(self._happened, self.disbelieve)
        self._trunks = TrunkMonitor(self.server, reactor, rng, self._tell)

    # --- ISwitch and IService -----------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether we are logged in and Asterisk is fully booted."""
        return self.is_up and bool(self.running)

    def stopService(self) -> Deferred[None]:
        """Disconnect; calls in progress go on."""
        stopped = super().stopService()
        self._trunks.link_lost()
        self._hang_ups.link_lost()
        self._confirmations.link_lost()
        self._claims.abandon(f"Asterisk {self.name} is left")
        return stopped

    # --- Calls --------------------------------------------------------------------------------------------------

    @deferred
    async def originate(self, origination: Origination) -> None:
        """Queue an outbound call; events tell what becomes of it."""
        ami = self._ready_ami
        try:
            action = originate(
                channel_id=origination.channel_id,
                channel=origination.channel,
                caller_id=origination.caller_id,
                ring_s=origination.ring_s,
                dial_string=dial_string(origination.media_host, origination.media_port, self._codec),
                node=self._node,
                joins=origination.joins,
                variables=origination.variables,
            )
        except LocalProtocolError as problem:
            raise TrunkRefused(f"the call cannot be asked of {self.server}: {problem}") from problem
        with self._hang_ups.originating(origination.channel_id):
            await ami.command(action)

    @deferred
    async def bridge(self, channel_id: str, media_host: str, media_port: int) -> None:
        """Claim an inbound channel, answer it, and bridge it to an RTP address."""
        ami = self._ready_ami
        await self.claim(channel_id)
        await ami.command(actions.set_absolute_timeout(channel_id, longest_call_s(self.max_duration_s)))
        await ami.command(actions.bridge(channel_id, dial_string(media_host, media_port, self._codec)))

    @deferred
    async def take_over(self, channel_id: str, media_host: str, media_port: int, *, is_bridged: bool) -> bool:
        """Put our name on a call that was another gateway's, and send its audio to an RTP address."""
        ami = self._ready_ami
        with self._hang_ups.taking_over(channel_id):
            await ami.command(actions.set_owner(channel_id, self._node))
        await ami.command(actions.set_media_target(channel_id, dial_string(media_host, media_port, self._codec)))
        # Asked after the leg is set: if the phone is answered from now on, the dialplan dials our leg.
        if not is_bridged and actions.is_being_dialled(await ami.command(actions.get_application(channel_id))):
            return False
        await ami.command(actions.redirect(channel_id, BRIDGE_CONTEXT))
        return True

    @deferred
    async def adopt(self, channel_id: str) -> bool:
        """Put our name on a phone of a call between two phones, and say whether it was answered."""
        ami = self._ready_ami
        with self._hang_ups.taking_over(channel_id):
            await ami.command(actions.set_owner(channel_id, self._node))
        return not actions.is_being_dialled(await ami.command(actions.get_application(channel_id)))

    @deferred
    async def tap(
        self, tap_id: str, channel_id: str, media_host: str, media_port: int, *, one_side: bool = False
    ) -> None:
        """Have a copy of the audio of a channel sent to an RTP address."""
        ami = self._ready_ami
        target = dial_string(media_host, media_port, self._codec)
        action = tap(tap_id=tap_id, channel_id=channel_id, dial_string=target, node=self._node, one_side=one_side)
        with self._hang_ups.originating(tap_id):
            await ami.command(action)

    @deferred
    async def turn_away(self, channel_id: str) -> None:
        """Claim an inbound channel, and play congestion to its caller."""
        ami = self._ready_ami
        await self.claim(channel_id)
        await ami.command(actions.redirect(channel_id, FULL_CONTEXT))

    @deferred
    async def is_waiting(self, channel_id: str) -> bool:
        """Say whether an inbound channel still waits in the dialplan."""
        return actions.is_waiting(await self._ready_ami.command(actions.get_application(channel_id)))

    @deferred
    async def claim(self, channel_id: str) -> None:
        """Put our name on an inbound channel, unless another gateway's is on it."""
        owner = await self._claims.claim(self._ready_ami, channel_id)
        if owner is not None:
            self._hang_ups.mark_foreign(channel_id)
            raise CallTaken(f"gateway {owner} has taken this call")

    def hang_up(self, channel_id: str, cause: int) -> None:
        """Hang the channel up, unless it is another gateway's; `HangUps` keeps the hang-up until it has happened."""
        self._hang_ups.ask(channel_id, cause)

    def hang_up_lost(self, channel_id: str, cause: int) -> None:
        """Put our name on the channel of a lost gateway, and hang it up."""
        self._hang_ups.ask(channel_id, cause, is_lost=True)

    def qualify(self, trunk: str) -> None:
        """Have Asterisk ask the trunk now whether it answers; not again within a second."""
        now = self._clock.seconds()
        if self.ready and now >= self._qualified_at.get(trunk, now):
            self._qualified_at[trunk] = now + QUALIFY_AGAIN_S
            spawn(self._qualify(trunk), self._log, "asking a trunk", trunk=trunk)

    async def _qualify(self, trunk: str) -> None:
        try:
            await self._ready_ami.command(trunks.qualify(trunk))
        except (TrunkError, BackendUnavailable) as problem:
            self._log.warn("trunk {trunk} is not asked whether it answers: {problem}", trunk=trunk, problem=problem)

    @property
    def _ready_ami(self) -> AmiProtocol:
        if self.connection is None or not self.ready:
            raise BackendUnavailable(f"Asterisk {self.name} is not ready")
        return self.connection

    # --- AmiLink ------------------------------------------------------------------------------------------------

    def came_up(self, connection: AmiProtocol, found: list[AmiMessage]) -> None:
        """Tell which channels are up, then which calls wait for a gateway; then send the pending hang-ups."""
        channel_ids = frozenset(channel.get("Uniqueid") for channel in found)
        self._confirmations.listed(channel_ids)
        self._tell(SwitchReady(channel_ids, legs(found), actions.answered(found)))
        self._hang_ups.link_ready(connection, channel_ids)
        self._trunks.link_ready(connection)
        spawn(self._tell_arrivals(self._translator.arrivals(found)), self._log, "telling of waiting calls")

    async def _tell_arrivals(self, arrivals: list[CallArrived]) -> None:
        """Tell of the calls that wait, some in a turn of the reactor."""
        for number, arrival in enumerate(arrivals, 1):
            self._tell(arrival)
            if number % CALLS_A_TURN == 0:
                await deferLater(self._clock, 0)

    def event(self, message: AmiMessage) -> None:
        """Tell the event of a call, if the message is one; what ends or moves a call is confirmed first."""
        if message.event == CLAIM_ANSWER:
            self._claims.executed(message)
            return
        if message.event in TRUNK_EVENTS:
            self._trunks.observe(message)
            return
        try:
            event = self._translator.translate(message)
        except RemoteProtocolError as problem:
            self.disbelieve(str(problem))
            return
        match event:
            case ChannelHungUp() if self.connection is not None:
                self._confirmations.hung_up(self.connection, event)
            case MediaAnnounced() if self.connection is not None:
                self._confirmations.announced(self.connection, event, message.get("Channel"))
            case ChannelEvent():
                self._happened(event)
            case CallArrived():
                self._tell(event)

    def _happened(self, event: ChannelEvent) -> None:
        """Tell an event that is true."""
        if isinstance(event, MediaAnnounced):
            event = self._reachable(event)
        self._hang_ups.observe(event)
        self._tell(event)  # before the claim fails: only the event has the cause
        if isinstance(event, ChannelHungUp):
            self._translator.hung_up(event.channel_id)
            self._claims.hung_up(event.channel_id)

    def _reachable(self, event: MediaAnnounced) -> MediaAnnounced:
        """Replace an address behind NAT by `host`, if the configuration says so; else name both, once."""
        if event.host == self.host:
            return event
        if self._config.media_address == "host":
            return evolve(event, host=self.host)
        if event.host not in self._announced:
            self._announced = (*self._announced, event.host)[-ANNOUNCED_KEPT:]
            self._log.info(
                "{server} announces {announced} for its audio, and host: is {host}. Audio is exchanged with "
                "{announced}. If none comes, because this Asterisk is behind NAT or in Docker, set "
                "media_address: host for it.",
                server=self.server,
                announced=event.host,
                host=self.host,
            )
        return event

    def went_down(self, reason: str) -> None:
        """Tell it; pending hang-ups stay."""
        self._trunks.link_lost()
        self._hang_ups.link_lost()
        self._confirmations.link_lost()
        self._claims.abandon(f"the link to Asterisk {self.name} was lost")
        self._tell(SwitchLost(reason))

    def _tell(self, event: SwitchEvent) -> None:
        """Tell an event; an error of its listener ends nothing here: other events and claims wait behind it."""
        if self.listener is None:
            return
        try:
            self.listener.switch_event(self, event)
        except Exception:  # noqa: BLE001 - see above
            kind = type(event).__name__
            self._log.failure("a {kind} of {server} could not be handled", kind=kind, server=self.server)
