"""Adapter: our claims to inbound calls, from the asking until the channel says whose it is."""

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from exoswitch.ami.message import AmiMessage
from exoswitch.errors import BackendUnavailable, ChannelGone
from exoswitch.tasks.within import within

CLAIM_WAIT_S = 5.0  # a channel in AGI looks for a command ten times a second


@define(eq=False)
class Claim:
    """Our wait for a channel's word on whose it is."""

    channel_id: str
    command_id: str
    answer: Deferred[AmiMessage] = field(factory=Deferred)


@define(eq=False)
class Claims:
    """The claims that are not answered yet."""

    _clock: IReactorTime
    _open: dict[str, Claim] = field(factory=dict, init=False)

    def open(self, channel_id: str, command_id: str) -> Claim:
        """Begin to listen for the answer to this AGI command."""
        claim = self._open[channel_id] = Claim(channel_id, command_id)
        return claim

    async def answer(self, claim: Claim) -> AmiMessage:
        """Wait for the AsyncAGIExec that answers a claim.

        Raises:
            ChannelGone: the caller hung up.
            BackendUnavailable: no answer came in time, or the link was lost.
        """
        return await within(CLAIM_WAIT_S, self._clock, claim.answer, f"the claimed channel {claim.channel_id}")

    def close(self, claim: Claim) -> None:
        """Listen no more."""
        self._open.pop(claim.channel_id, None)

    def executed(self, message: AmiMessage) -> None:
        """Take an AsyncAGIExec, which may be of another command, or of another gateway's."""
        claim = self._open.get(message.get("Uniqueid"))
        if claim is not None and claim.command_id == message.get("CommandID"):
            self.close(claim)
            claim.answer.callback(message)

    def hung_up(self, channel_id: str) -> None:
        """Know that a channel is gone."""
        claim = self._open.pop(channel_id, None)
        if claim is not None:
            claim.answer.errback(ChannelGone("the caller hung up"))

    def abandon(self, reason: str) -> None:
        """Know that no answer will come any more."""
        claims, self._open = self._open, {}
        for claim in claims.values():
            claim.answer.errback(BackendUnavailable(reason))
