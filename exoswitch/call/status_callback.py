"""Core: the status callback of a call: where its dialer is told of its events, and in which form (spec §6.6)."""

from typing import Literal

from attrs import field, frozen

EVENTS = ("ringing", "answered", "terminal")
"""The events that a dialer may ask for, in their order in a call; ``terminal`` is the end."""

Content = Literal["multipart", "json", "form"]


@frozen(kw_only=True)
class StatusCallback:
    """The request of a dialer to be told: the URL to POST to, with its query as it was sent.

    Of `events`, only those that are named are told. Without any, the end alone is told, in Exotel's minimal form.
    """

    url: str = field(repr=False)
    events: tuple[str, ...] = ()
    content: Content = "multipart"
