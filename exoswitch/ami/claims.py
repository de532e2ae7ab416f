"""Adapter: our claims to inbound calls, from the AGI command until the channel's answer."""

import secrets

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from exoswitch.ami import actions
from exoswitch.ami.client import AmiProtocol
from exoswitch.ami.message import AmiMessage
from exoswitch.errors import BackendUnavailable, ChannelGone
from exoswitch.tasks.within import within

CLAIM_WAIT_S = 5.0  # a channel in AGI looks for a command ten times a second


@frozen(eq=False)
class _Claim:
    """A claim on its way. Its `command_id` is random: a caller whose text gets into an event cannot answer it."""

    command_id: str
    answer: Deferred[AmiMessage]


@define(eq=False)
class Claims:
    """The claims that are not answered yet; `node` is our name on channels."""

    _node: str
    _clock: IReactorTime
    _open: dict[str, _Claim] = field(factory=dict, init=False)

    async def claim(self, ami: AmiProtocol, channel_id: str) -> str | None:
        """Claim a channel; give the other gateway whose name is on it, or None if the channel is ours.

        Raises:
            ChannelGone: the caller has hung up.
            TrunkRefused: Asterisk refused the command.
            BackendUnavailable: no answer came in time, or the link was lost.
        """
        claim = self._open[channel_id] = _Claim(secrets.token_hex(16), Deferred())
        try:
            await ami.command(actions.claim(channel_id, self._node, claim.command_id))
            executed = await within(CLAIM_WAIT_S, self._clock, claim.answer, f"channel {channel_id}", "our claim")
            return actions.claimed_by_another(executed, self._node)
        finally:
            self._open.pop(channel_id, None)
            claim.answer.addErrback(lambda _: None)  # If the command fails, nobody else takes the answer's failure.

    def executed(self, message: AmiMessage) -> None:
        """Take an AsyncAGIExec; it may answer another command, or another gateway."""
        channel_id = message.get("Uniqueid")
        claim = self._open.get(channel_id)
        if claim is not None and message.get("CommandID") == claim.command_id:
            del self._open[channel_id]
            claim.answer.callback(message)

    def hung_up(self, channel_id: str) -> None:
        """End the claim of a channel that is gone."""
        claim = self._open.pop(channel_id, None)
        if claim is not None:
            claim.answer.errback(ChannelGone("the caller hung up"))

    def abandon(self, reason: str) -> None:
        """End every claim: no answer can come."""
        claims, self._open = self._open, {}
        for claim in claims.values():
            claim.answer.errback(BackendUnavailable(reason))
