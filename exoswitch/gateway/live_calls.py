"""Adapter: all live calls of this gateway: by SID, by channel, and whether more may begin."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout

from exoswitch.call.effects import SecondEffect
from exoswitch.call.session import BotTarget, Direction, Session
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_call import ChannelKeys, LiveCall
from exoswitch.gateway.rules import CurrentRules
from exoswitch.gateway.trunk_choice import TrunkChoice
from exoswitch.interfaces.metrics import Reading
from exoswitch.interfaces.switch import ISwitch


@define(eq=False)
class LiveCalls:
    """The calls that are not over.

    No call is accepted once it `is_stopping`, and none is dialled while it `is_fenced`. `on_second` carries out what
    they ask about second phones. `on_changed` hears of each change of a session, `on_over` of each call's end here.
    """

    _environment: Environment
    _rules: CurrentRules
    _choice: TrunkChoice
    is_stopping: bool = field(default=False, init=False)
    is_fenced: Callable[[], bool] = field(default=lambda: False, init=False)
    on_second: Callable[[LiveCall, SecondEffect], None] = field(default=lambda _call, _effect: None, init=False)
    on_changed: Callable[[Session], None] = field(default=lambda _session: None, init=False)
    on_over: Callable[[str], None] = field(default=lambda _call_sid: None, init=False)
    _by_sid: dict[str, LiveCall] = field(factory=dict, init=False)
    _by_channel: dict[tuple[str, str], LiveCall] = field(factory=dict, init=False)
    _waiting: set[Deferred[None]] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        """Let the live calls be counted."""
        self._environment.metrics.read_from(self._readings)

    def begin(self, session: Session, lease: Lease) -> LiveCall:
        """Make a call that has a channel already, on its place and with an RTP port; it waits for its first input.

        The audio of a call between two phones does not come here, so it needs no port.

        Raises:
            NoCapacity: no RTP port is free; the place is released.
        """
        call = self._add(session, lease)
        call.go_on()
        if not session.is_between_phones:
            call.open_media()
        return call

    async def begin_outbound(self, session: Session, lease: Lease) -> LiveCall:
        """Make a call that is to be dialled, on its place, with a channel of a trunk and an RTP port.

        Raises:
            NoCapacity: no trunk has a channel for it, or no RTP port is free; the place is released.
            TrunkError, InvalidValue, BackendUnavailable: see `LiveCall.accept`; the place is released.
        """
        call = self._add(session, lease)
        await call.accept()
        if session.parent_call_sid is None:
            call.open_media()
        return call

    def find(self, call_sid: str) -> LiveCall | None:
        """Find a call by its SID."""
        return self._by_sid.get(call_sid)

    def has(self, session: Session, lease: Lease) -> bool:
        """Say whether a call is live here; if it is so on another place, this place is given back."""
        call = self.find(session.call_sid)
        if call is not None and call.lease.token != lease.token:
            self._environment.give_back(lease)
        return call is not None

    def of_channel(self, switch: ISwitch, channel_id: str) -> LiveCall | None:
        """Find the call of a channel at an Asterisk."""
        return self._by_channel.get((switch.name, channel_id))

    def __iter__(self) -> Iterator[LiveCall]:
        """Give the calls that are live now."""
        return iter(tuple(self._by_sid.values()))

    def __len__(self) -> int:
        """Count them."""
        return len(self._by_sid)

    async def all_over(self, wait_s: float) -> None:
        """Wait until no call is left, but not longer than this."""
        if not self._by_sid:
            return
        all_over: Deferred[None] = Deferred()
        self._waiting.add(all_over)
        try:
            with suppress(DeferredTimeout):
                await all_over.addTimeout(wait_s, self._environment.clock)
        finally:
            self._waiting.discard(all_over)

    def _add(self, session: Session, lease: Lease) -> LiveCall:
        limits = self._rules.now.routing.limits_of(session, self._environment.wall_clock())
        call = LiveCall(
            session=session,
            lease=lease,
            environment=self._environment,
            limits=limits,
            choice=self._choice,
            find_app=partial(self._find_app, session.account),
            is_fenced=self.is_fenced,
            on_second=self.on_second,
            on_changed=self.on_changed,
            on_channels=self._move,
            on_over=self._forget,
        )
        self._by_sid[call.call_sid] = call
        self._move(call, ())
        return call

    def _find_app(self, account: str, app: str) -> BotTarget | None:
        """Give the bot of an account's app, as it is configured now."""
        known = self._rules.now.accounts.by_name.get(account)
        return None if known is None else known.apps.get(app)

    def _move(self, call: LiveCall, former: ChannelKeys) -> None:
        """Find a call by the channels that it has now."""
        self._drop(call, former)
        self._by_channel.update(dict.fromkeys(call.channel.keys, call))

    def _drop(self, call: LiveCall, keys: ChannelKeys) -> None:
        for key in keys:
            if self._by_channel.get(key) is call:  # else another call has taken the channel
                del self._by_channel[key]

    def _readings(self) -> Iterator[Reading]:
        trunks = self._environment.trunks.statuses()
        active = Counter({(Direction.INBOUND, ""): 0, **{(Direction.OUTBOUND, name): 0 for name in trunks}})
        active.update((call.session.direction, call.session.trunk or "") for call in self._by_sid.values())
        for (direction, trunk), count in active.items():
            yield Reading("calls_active", count, {"direction": direction.side, "trunk": trunk})
        yield Reading("streams_active", sum(call.is_talking for call in self._by_sid.values()))

    def _forget(self, call: LiveCall) -> None:
        del self._by_sid[call.call_sid]
        self.on_over(call.call_sid)
        self._drop(call, call.channel.keys)
        if not self._by_sid:
            for all_over in tuple(self._waiting):
                all_over.callback(None)
