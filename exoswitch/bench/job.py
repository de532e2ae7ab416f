"""Core: the work of one program of a benchmark, and the ends of its calls."""

from typing import Any, Literal

from attrs import asdict, frozen

from exoswitch.audio.frames import FRAME_MS

Kind = Literal["exoswitch", "floor", "python", "plain"]
"""The subject of a trial; `python` is exoswitch with its media plane in Python."""


@frozen(kw_only=True)
class Job:
    """What to carry: `calls`, whose audio is counted, and `short_calls` beside them, `set_ups` a second.

    `chunk_ms` is the length of a media message. `plane` and `tick` are those of exoswitch's media plane, as in
    `RtpConfig`. With TLS, `certificate` and `key` are files (PEM); the certificate is its own authority.
    """

    calls: int
    chunk_ms: int
    short_calls: int = 0
    set_ups: float = 0.0
    plane: str = "auto"
    tick: str = "auto"
    certificate: str = ""
    key: str = ""

    @property
    def frames(self) -> int:
        """The number of frames in a media message."""
        return self.chunk_ms // FRAME_MS

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Job":
        """Read a job."""
        return cls(**document)

    def document(self) -> dict[str, Any]:
        """Write it for `of`."""
        return asdict(self)


@frozen
class Ends:
    """One call's two ends on 127.0.0.1: the UDP port of its phone, and the TCP port of its bot."""

    phone: int
    bot: int


STEADY = "/steady"
"""The path of the bot of a call whose audio is counted."""

SHORT = "/short"
"""The path of the bot of a call that lasts `SHORT_S`."""

SHORT_S = 2.0
"""The length of a short call."""
