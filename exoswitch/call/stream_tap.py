"""Core: a one-way stream of a call between two phones, as Exotel's Stream applet sends it (spec §2.2, §6.2)."""

from typing import Literal

from attrs import field, frozen

Begins = Literal["leg1", "leg2"]


@frozen(kw_only=True)
class StreamTap:
    """Where the audio of a call between two phones is sent, as it is spoken; nothing is played back.

    `url` is ``ws://…`` or ``wss://…``, and may hold secrets. `name` is the dialer's name for it, at most 32
    characters. It begins when the first phone is answered (``leg1``), or the second one (``leg2``). After `timeout_s`
    seconds it ends before the call does; None: it ends with the call.
    """

    url: str = field(repr=False)
    name: str = ""
    begins_at: Begins = "leg1"
    timeout_s: float | None = None
