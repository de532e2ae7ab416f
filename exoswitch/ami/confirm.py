"""Adapter: events that end or move a call, held until Asterisk confirms them.

Asterisk 22.10 writes a caller's number and extension into its events as they come, line ends included. So a caller
can write whole events. A hang-up is believed once Asterisk says that the channel is gone: it takes a channel off its
list before it raises Hangup (measured on 22.10), so the first answer counts. The address of a leg is taken from
Asterisk's answer, and not from the event. Each costs one Getvar.
"""

from collections.abc import Callable
from functools import partial

from attrs import define, evolve, field
from twisted.logger import Logger

from exoswitch.ami import actions
from exoswitch.ami.client import AmiProtocol
from exoswitch.ami.translate import media_announced
from exoswitch.call.events import ChannelEvent, ChannelHungUp, MediaAnnounced
from exoswitch.errors import BackendUnavailable, ChannelGone, RemoteProtocolError, TrunkRefused
from exoswitch.tasks.window import Window

ASKED_AT_ONCE = 32  # questions on their way; more wait here
HELD = 20_000  # hang-ups; more than one Asterisk's channels


@define(eq=False)
class Confirmations:
    """The hang-ups and media addresses of one Asterisk that it has not confirmed yet.

    `confirmed` hears of each event that is true, in Asterisk's order; `contradicted` of each that is not, and why.
    """

    _confirmed: Callable[[ChannelEvent], None]
    _contradicted: Callable[[str], None]
    _has_warned: bool = field(default=False, init=False)
    _hang_ups: dict[str, ChannelHungUp] = field(factory=dict, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.ami"), init=False)
    _questions: Window = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._questions = Window(ASKED_AT_ONCE, self._log, "confirming an event")

    def hung_up(self, ami: AmiProtocol, event: ChannelHungUp) -> None:
        """Ask whether a channel is gone."""
        if event.channel_id not in self._hang_ups:
            if len(self._hang_ups) >= HELD:
                self._contradicted(f"more than {HELD} hang-ups at once")
                return
            self._hang_ups[event.channel_id] = event
            self._questions.add(partial(self._confirm_hang_up, ami, event))

    def announced(self, ami: AmiProtocol, event: MediaAnnounced, leg: str) -> None:
        """Ask where the leg of this channel name sends and receives, and to which call it belongs."""
        if len(self._questions) >= HELD:
            self._contradicted(f"more than {HELD} addresses of legs at once")
            return
        self._questions.add(partial(self._confirm_media, ami, event, leg))

    def link_lost(self) -> None:
        """Forget the questions: their link is gone."""
        self._questions.clear()

    def listed(self, channel_ids: frozenset[str]) -> None:
        """Settle the hang-ups that a lost link left open: `channel_ids` are all channels that are up."""
        self._has_warned = False
        hang_ups, self._hang_ups = self._hang_ups, {}
        for channel_id, event in hang_ups.items():
            if channel_id in channel_ids:
                self._contradicted(f"a Hangup of channel {channel_id}, which is up")
            else:
                self._confirmed(event)

    async def _confirm_hang_up(self, ami: AmiProtocol, event: ChannelHungUp) -> None:
        """A question without an answer costs the link; the next link's list of channels answers it."""
        try:
            await ami.command(actions.get_application(event.channel_id))
        except ChannelGone:
            self._settle(event)
        except TrunkRefused as problem:
            self._warn(str(problem))
            self._settle(event)
        except BackendUnavailable as problem:
            ami.drop(str(problem))
        else:
            if self._hang_ups.pop(event.channel_id, None) is not None:
                self._contradicted(f"a Hangup of channel {event.channel_id}, which is up")

    def _settle(self, event: ChannelHungUp) -> None:
        if self._hang_ups.pop(event.channel_id, None) is not None:
            self._confirmed(event)

    async def _confirm_media(self, ami: AmiProtocol, event: MediaAnnounced, leg: str) -> None:
        try:
            answer = await ami.command(actions.get_leg(leg))
        except ChannelGone:
            return  # The leg has ended, or never was.
        except TrunkRefused as problem:
            self._warn(str(problem))
            self._confirmed(event)
            return
        except BackendUnavailable as problem:
            ami.drop(str(problem))
            return
        self._answered(event, leg, answer.get("Value"))

    def _answered(self, event: MediaAnnounced, leg: str, answer: str) -> None:
        if not answer:
            self._warn("this Asterisk does not load func_strings")
            self._confirmed(event)
            return
        try:
            channel_id, host, port = actions.leg_of(answer)
            true = media_announced(channel_id, leg, host, port)
        except RemoteProtocolError as problem:
            self._contradicted(str(problem))
            return
        if true.channel_id != event.channel_id:
            self._contradicted(f"a leg of channel {event.channel_id}, which is another's")
        else:
            self._confirmed(evolve(event, host=true.host, port=true.port, leg=true.leg))

    def _warn(self, problem: str) -> None:
        """Say once a link that events are believed unconfirmed."""
        if not self._has_warned:
            self._has_warned = True
            self._log.warn(
                "events of calls cannot be confirmed, and are believed: {problem}. Run exoswitch render-asterisk "
                "again, and restart Asterisk with its files.",
                problem=problem,
            )
