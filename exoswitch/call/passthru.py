"""Core: a passthru: whom to ask when a bot's stream has ended and the caller is still there, and where the call goes.

Exotel's Passthru applet asks a URL by GET; the statuses 200 and 302 are the two branches of its flow (spec §5).
"""

from attrs import field, frozen

MOST_HOPS = 10
"""The number of times that one call may go on. It ends the call if two apps lead to each other."""

_ON_200, _ON_302 = 200, 302


@frozen(kw_only=True)
class Hop:
    """Where a call goes on: to another app of its account, or to a phone number (E.164). With neither it ends."""

    app: str | None = None
    number: str | None = field(default=None, repr=False)


HANG_UP = Hop()


@frozen(kw_only=True)
class Passthru:
    """The question that follows the stream of an app's bot, and the three ways on.

    The caller waits for the answer, at most `timeout_s` seconds. With `is_async` nobody waits: the answer is ignored,
    and the call goes on as `on_200` says. `otherwise` is the way after any other status, and without an answer. With
    `is_json` the facts of the stream are one key with JSON.
    """

    url: str = field(repr=False)
    is_async: bool = False
    is_json: bool = False
    timeout_s: float = 10.0
    on_200: Hop = HANG_UP
    on_302: Hop = HANG_UP
    otherwise: Hop = HANG_UP

    def next_hop(self, status: int | None) -> Hop:
        """Give the way on after an answer with this status; None is no answer."""
        if self.is_async or status == _ON_200:
            return self.on_200
        return self.on_302 if status == _ON_302 else self.otherwise
