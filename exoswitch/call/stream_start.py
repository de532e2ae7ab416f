"""Core: the facts that one stream to a bot begins with."""

from attrs import field, frozen

from exoswitch.call.session import BotTarget, Direction


@frozen(kw_only=True)
class StreamStart:
    """The call, as `start` describes it to the bot, and where to find the bot.

    `customer` is the person's number and `exophone` ours, in both directions; the bot's options say how it sees them.
    `is_resumed` says that another gateway has connected this call to the bot before.
    """

    call_sid: str
    stream_sid: str
    account: str
    customer: str = field(repr=False)
    exophone: str = field(repr=False)
    bot: BotTarget
    direction: Direction
    custom_field: str | None = field(default=None, repr=False)
    is_resumed: bool = False
