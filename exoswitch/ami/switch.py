"""Adapter: one Asterisk as the engine sees it: places, bridges and ends calls over AMI, and tells its events."""

import random
from contextlib import suppress

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.ami import actions as dialling
from exoswitch.ami.claims import Claims
from exoswitch.ami.client import AmiProtocol
from exoswitch.ami.filters import CLAIM_ANSWER
from exoswitch.ami.legs import legs
from exoswitch.ami.link import AmiLink
from exoswitch.ami.message import AmiMessage
from exoswitch.ami.pending_hangups import HangUps
from exoswitch.ami.translate import EventTranslator
from exoswitch.call.events import ChannelHungUp, ChannelTaken, SwitchEvent, SwitchLost, SwitchReady
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import BackendUnavailable, CallTaken, TrunkError
from exoswitch.interfaces.switch import ISwitch, ISwitchListener, Origination
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.spawn import spawn


@implementer(ISwitch)
class AsteriskSwitch(Service):
    """An Asterisk, for as long as the service runs; `listener` is told its events, and may be set later.

    `node` is this gateway's name, which it writes on the calls that it places or takes. `codec` is what Asterisk is
    to send us. `max_duration_s` is how long a call may last; Asterisk itself ends one that outlives it.

    Raises:
        ConfigError: the configuration's `ami` is no endpoint.
    """

    _log = Logger()

    def __init__(
        self,
        config: AsteriskConfig,
        *,
        reactor: IReactorTime,
        rng: random.Random,
        codec: str = "ulaw",
        node: str = "gw1",
        max_duration_s: float = 3600.0,
        listener: ISwitchListener | None = None,
    ) -> None:
        self.name = config.name
        self.host = config.host
        self.listener = listener
        self._clock = reactor
        self._codec = codec
        self._node = node
        self._max_duration_s = max_duration_s
        self._link = AmiLink(config, reactor, rng, self)
        self._ami: AmiProtocol | None = None
        self._translator = EventTranslator()
        self._hang_ups = HangUps()
        self._claims = Claims(reactor)
        self._foreign: set[str] = set()

    # --- ISwitch and IService -----------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether we are logged in and Asterisk is fully booted."""
        return self._ami is not None

    def startService(self) -> None:  # noqa: N802 - Twisted's name
        """Begin to connect."""
        super().startService()  # type: ignore[no-untyped-call]
        self._link.startService()

    def stopService(self) -> Deferred[None]:  # noqa: N802
        """Disconnect; calls in progress go on."""
        super().stopService()  # type: ignore[no-untyped-call]
        self._ami = None
        self._claims.abandon(f"Asterisk {self.name} is left")
        return self._link.stopService()

    # --- Calls --------------------------------------------------------------------------------------------------

    @deferred
    async def originate(self, origination: Origination) -> None:
        """Queue an outbound call; events tell what becomes of it."""
        ami = self._ready_ami
        action = dialling.originate(
            channel_id=origination.channel_id,
            channel=origination.channel,
            caller_id=origination.caller_id,
            ring_s=origination.ring_s,
            dial_string=dialling.leg(origination.media_host, origination.media_port, self._codec),
            node=self._node,
        )
        self._hang_ups.originating(origination.channel_id)
        response = await ami.action(action)
        if not response.succeeded:
            self._hang_ups.give_up(origination.channel_id)
            raise TrunkError(f"Asterisk {self.name} refused to dial: {response.get('Message')}")

    @deferred
    async def bridge(self, channel_id: str, media_host: str, media_port: int) -> None:
        """Claim an inbound channel, answer it, and bridge it to an RTP address."""
        ami = self._ready_ami
        await self.claim(channel_id)
        await self._command(ami, dialling.let_last(channel_id, dialling.longest_call_s(self._max_duration_s)))
        await self._command(ami, dialling.bridge(channel_id, dialling.leg(media_host, media_port, self._codec)))

    @deferred
    async def take_over(self, channel_id: str, media_host: str, media_port: int, *, is_bridged: bool) -> bool:
        """Put our name on a call that was another gateway's, and lead it to an RTP address."""
        ami = self._ready_ami
        self._foreign.discard(channel_id)
        await self._command(ami, dialling.sign(channel_id, self._node))
        await self._command(ami, dialling.lead(channel_id, dialling.leg(media_host, media_port, self._codec)))
        if not is_bridged:
            # Asked only after the leg is set: if the phone is answered from now on, the dialplan dials ours.
            progress = await self._command(ami, dialling.ask_progress(channel_id))
            if dialling.is_being_dialled(progress):
                return False
        await self._command(ami, dialling.redirect(channel_id, dialling.BRIDGE_CONTEXT))
        return True

    @deferred
    async def turn_away(self, channel_id: str) -> None:
        """Claim an inbound channel, and play its caller the tone of a full gateway."""
        ami = self._ready_ami
        await self.claim(channel_id)
        await self._command(ami, dialling.redirect(channel_id, dialling.FULL_CONTEXT))

    @deferred
    async def claim(self, channel_id: str) -> None:
        """Put our name on an inbound channel, unless another gateway's is on it."""
        ami = self._ready_ami
        claim = self._claims.open(channel_id, f"{self._node}/{channel_id}")
        try:
            await self._command(ami, dialling.claim(channel_id, self._node, claim.command_id))
            executed = await self._claims.answer(claim)
        finally:
            self._claims.close(claim)
        owner = dialling.claimed_by_another(executed, self._node)
        if owner is not None:
            self._foreign.add(channel_id)
            raise CallTaken(f"gateway {owner} has taken this call")

    def hang_up(self, channel_id: str, cause: int) -> None:
        """See to it that the channel is hung up, unless it turns out to be another gateway's."""
        if channel_id not in self._foreign:
            self._hang_ups.ask(channel_id, cause)
            self._send_hang_up(channel_id)

    def hang_up_lost(self, channel_id: str, cause: int) -> None:
        """Put our name on a channel that nobody will come for, and hang it up."""
        spawn(self._hang_up_lost(channel_id, cause), self._log, "hanging up a lost call", channel_id=channel_id)

    async def _command(self, ami: AmiProtocol, action: AmiMessage) -> AmiMessage:
        response = await ami.action(action)
        if not response.succeeded:
            raise TrunkError(f"Asterisk {self.name} cannot lead the call: {response.get('Message')}")
        return response

    @property
    def _ready_ami(self) -> AmiProtocol:
        if self._ami is None:
            raise BackendUnavailable(f"Asterisk {self.name} is not ready")
        return self._ami

    def _send_hang_up(self, channel_id: str) -> None:
        if self._ami is not None:
            spawn(self._end_channel(self._ami, channel_id), self._log, "a hang-up", channel_id=channel_id)

    async def _end_channel(self, ami: AmiProtocol, channel_id: str) -> None:
        action = dialling.hang_up(channel_id, self._hang_ups.cause(channel_id))
        try:
            response = await ami.action(dialling.ask_owner(channel_id))
            owner = dialling.owned_by_another(response, self._node)
            if owner is not None:
                self._leave_to(owner, channel_id)
                return
            if response.succeeded:
                response = await ami.action(action)
        except BackendUnavailable as problem:
            ami.drop(str(problem))  # The next link asks again.
            return
        if not response.succeeded:
            self._log.debug("{channel_id}: {text}", channel_id=channel_id, text=response.get("Message"))
            self._hang_ups.no_such_channel(channel_id)

    async def _hang_up_lost(self, channel_id: str, cause: int) -> None:
        with suppress(TrunkError, BackendUnavailable):  # Then it is gone, or Asterisk will end it by itself.
            await self._command(self._ready_ami, dialling.sign(channel_id, self._node))
            self._foreign.discard(channel_id)
            self.hang_up(channel_id, cause)

    def _leave_to(self, owner: str, channel_id: str) -> None:
        self._log.info("{channel_id} is not hung up: gateway {owner} has it", channel_id=channel_id, owner=owner)
        self._hang_ups.give_up(channel_id)
        self._foreign.add(channel_id)
        self._tell(ChannelTaken(channel_id))

    # --- What the link tells (LinkUser) -------------------------------------------------------------------------

    def link_ready(self, ami: AmiProtocol, channels: list[AmiMessage]) -> None:
        """Tell which channels are up, then the calls that wait for us, and hang up what is still to be hung up."""
        self._ami = ami
        channel_ids = frozenset(channel.get("Uniqueid") for channel in channels)
        self._foreign &= channel_ids
        self._tell(SwitchReady(channel_ids, legs(channels)))
        for arrival in self._translator.arrivals(channels):
            self._tell(arrival)
        for channel_id in self._hang_ups:
            self._send_hang_up(channel_id)

    def link_event(self, message: AmiMessage) -> None:
        """Take what an event means, if anything."""
        if message.event == CLAIM_ANSWER:
            self._claims.executed(message)
            return
        event = self._translator.translate(message)
        if event is None:
            return
        if self._hang_ups.observe(event):
            self._send_hang_up(message.get("DestUniqueid"))
        if isinstance(event, ChannelHungUp):
            self._foreign.discard(event.channel_id)
            self._claims.hung_up(event.channel_id)
        self._tell(event)

    def link_lost(self, reason: str) -> None:
        """Tell it; the hang-ups that are not confirmed stay."""
        self._ami = None
        self._hang_ups.link_lost()
        self._claims.abandon(f"the link to Asterisk {self.name} was lost")
        self._tell(SwitchLost(reason))

    def _tell(self, event: SwitchEvent) -> None:
        if self.listener is not None:
            self.listener.switch_event(self, event)
