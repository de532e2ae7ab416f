"""Adapter: our claims to inbound calls, from the AGI command until the channel's answer."""

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from exoswitch.ami import actions
from exoswitch.ami.client import AmiProtocol
from exoswitch.ami.message import AmiMessage
from exoswitch.errors import BackendUnavailable, ChannelGone
from exoswitch.tasks.within import within

CLAIM_WAIT_S = 5.0  # a channel in AGI looks for a command ten times a second


@define(eq=False)
class Claims:
    """The claims that are not answered yet; `node` is our name on channels."""

    _node: str
    _clock: IReactorTime
    _open: dict[str, Deferred[AmiMessage]] = field(factory=dict, init=False)

    async def claim(self, ami: AmiProtocol, channel_id: str) -> str | None:
        """Claim a channel; give the other gateway whose name is on it, or None if the channel is ours.

        Raises:
            ChannelGone: the caller has hung up.
            TrunkRefused: Asterisk refused the command.
            BackendUnavailable: no answer came in time, or the link was lost.
        """
        answer = self._open[channel_id] = Deferred()
        try:
            await ami.command(actions.claim(channel_id, self._node, self._command_id(channel_id)))
            executed = await within(CLAIM_WAIT_S, self._clock, answer, f"channel {channel_id}", "our claim")
            return actions.claimed_by_another(executed, self._node)
        finally:
            self._open.pop(channel_id, None)
            answer.addErrback(lambda _: None)  # If the command fails, nobody else takes the answer's failure.

    def executed(self, message: AmiMessage) -> None:
        """Take an AsyncAGIExec; it may answer another command, or another gateway."""
        channel_id = message.get("Uniqueid")
        if channel_id in self._open and message.get("CommandID") == self._command_id(channel_id):
            self._open.pop(channel_id).callback(message)

    def hung_up(self, channel_id: str) -> None:
        """End the claim of a channel that is gone."""
        answer = self._open.pop(channel_id, None)
        if answer is not None:
            answer.errback(ChannelGone("the caller hung up"))

    def abandon(self, reason: str) -> None:
        """End every claim: no answer can come."""
        claims, self._open = self._open, {}
        for answer in claims.values():
            answer.errback(BackendUnavailable(reason))

    def _command_id(self, channel_id: str) -> str:
        return f"{self._node}/{channel_id}"
