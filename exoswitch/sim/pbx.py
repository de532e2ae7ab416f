"""Core: the calls and the timers of a simulated Asterisk.

The driver calls the exchange's `wake` at its `next_deadline`. After each call of a method it carries out the
exchange's `effects` and empties the list. It answers OpenMedia with `media_opened`. The AMI is in
`exoswitch.sim.ami_server`.
"""

from collections.abc import Callable

from attrs import define, evolve, field

from exoswitch.ami.names import FULL_CONTEXT, INBOUND_CONTEXT
from exoswitch.sim.channel import Channel, event
from exoswitch.sim.exchange import Exchange
from exoswitch.sim.phone_call import CallBegan, Origin, PhoneCall
from exoswitch.sim.script import DeadTrunk, Script
from exoswitch.sim.trunks import Trunks


@define(kw_only=True)
class SimulatedPbx:
    """An Asterisk without sockets. `choose_script` gives the script of a phone, by number and trunk.

    A caller without a gateway hears the congestion tone for `full_tone_s`.
    """

    choose_script: Callable[[str, str], Script] = field(default=lambda _number, _trunk: Script(), repr=False)
    full_tone_s: float = 4.0
    is_booted: bool = True
    exchange: Exchange = field(init=False, factory=Exchange, repr=False)
    trunks: Trunks = field(init=False, repr=False)
    _calls: dict[str, PhoneCall] = field(init=False, factory=dict)
    _channels: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.trunks = Trunks(self.exchange)

    @property
    def calls(self) -> dict[str, PhoneCall]:
        """Give the live calls, by the Uniqueid of their phone's channel."""
        for channel_id in [channel_id for channel_id, call in self._calls.items() if call.is_over]:
            del self._calls[channel_id]
        return self._calls

    def boot(self) -> None:
        """Finish booting and send FullyBooted."""
        self.is_booted = True
        self.exchange.tell(event("FullyBooted", ("Status", "Fully Booted"), ("Uptime", "1"), ("LastReload", "1")))

    def find(self, channel: str) -> PhoneCall | None:
        """Find a call by the name or Uniqueid of its phone's channel, or by the name of its leg."""
        calls = self.calls
        if channel in calls:
            return calls[channel]
        named = (call for call in calls.values() if channel in {call.channel.name, call.leg and call.leg.name})
        return next(named, None)

    def originate(
        self, origin: Origin, *, channel_id: str, caller_id: str, variables: dict[str, str], now: float
    ) -> PhoneCall:
        """Dial a phone by a dial string such as ``PJSIP/098…@lab``."""
        technology, _, address = origin.dialled.partition("/")
        number, _, trunk = address.partition("@")
        channel = self._new_channel(
            f"{technology}/{trunk or number}", channel_id, caller_id, origin.context, origin.extension
        )
        script = self.choose_script(number, trunk)
        if not self.trunks[trunk].is_reachable:
            script = evolve(script, reception=DeadTrunk())
        call = PhoneCall(self.exchange, channel, script, origin, variables, self.find)
        if self._is_in_use(channel_id):
            call.fail_without_channel()
            return call
        self._begin(call).dial(now)
        return call

    def _is_in_use(self, channel_id: str) -> bool:
        """Say whether the Uniqueid of a live channel begins with this one, in any case (Asterisk 22.10, measured)."""
        begun = channel_id.lower()
        return bool(begun) and any(live.lower().startswith(begun) for live in self.calls)

    def tap(self, origin: Origin, tap_id: str, channel_id: str, *, one_side: bool) -> PhoneCall:
        """Send the audio of a channel to the gateway that the dial string of a leg names."""
        spied = self.find(channel_id)
        channel = self._new_channel(origin.dialled.rpartition("/")[0], tap_id, "", "default", "s")
        call = self._begin(PhoneCall(self.exchange, channel, spied.script if spied else Script(), origin))
        call.listen(spied, one_side=one_side)
        return call

    def arrive(self, caller: str, callee: str, script: Script, trunk: str = "lab") -> PhoneCall:
        """Make a call from a trunk."""
        channel = self._new_channel(f"PJSIP/{trunk}", "", caller, INBOUND_CONTEXT, callee)
        call = self._begin(PhoneCall(self.exchange, channel, script))
        call.arrive()
        return call

    def redirect(self, call: PhoneCall, context: str, extension: str, now: float) -> None:
        """Move a call to another place in the dialplan."""
        if context == FULL_CONTEXT:
            call.turn_away(context, extension, now + self.full_tone_s)
        else:
            call.enter(context, extension)

    def media_opened(self, channel_id: str, host: str, port: int) -> None:
        """Continue a call whose media is open at this address."""
        if (call := self.find(channel_id)) is not None:
            call.media_opened(host, port)

    def _begin(self, call: PhoneCall) -> PhoneCall:
        self._calls[call.channel.unique_id] = call
        self.exchange.do(CallBegan(call))
        return call

    def _new_channel(self, prefix: str, unique_id: str, caller_id: str, context: str, extension: str) -> Channel:
        self._channels += 1
        own_id = unique_id or f"1700000000.{self._channels}"
        return Channel(f"{prefix}-{self._channels:08x}", own_id, own_id, caller_id, context, extension)
