"""Core: the seam of the media plane: a plane has this, and needs this, whether it is written in Python or in C.

A plane needs, and a test can give it without a socket or a clock:

* for each call a :class:`Wire`, a :class:`Listener`, and a :class:`Stream` with its MediaEncoding;
* an :class:`Inbound`, which gives the datagrams of the calls whose sockets it does not read itself;
* a call of `tick` every 20 ms.
"""

import random
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from attrs import field, frozen

from exoswitch.audio.frames import samples_to_ms
from exoswitch.audio.g711 import ULAW, Law
from exoswitch.call.media import (
    MediaEncoding,
    MediaMessages,
    MediaStatistics,
    RecordingSink,
    ServedSocket,
    SocketOwner,
)

Address = tuple[str, int]


@frozen(kw_only=True)
class LegSettings:
    """The settings of a call's media.

    RTP may come from `source_host` until the exact address is known. We send in `law`. `waiting_sound`, encoded in
    that law, is played while the call is on hold; an empty one is silence.
    """

    source_host: str
    law: Law = ULAW
    jitter_max_ms: int = 200
    playout_max_s: int = 300
    silence_timeout_s: float = 30.0
    waiting_sound: bytes = field(default=b"", repr=False)


class LegCounts(NamedTuple):
    """The counts of a call so far: of packets and 20 ms frames, unless the name says otherwise.

    `stray` packets are of a source that was not confirmed, `foreign` datagrams of another address. `unsupported` ones
    are RTP of another codec than G.711. `unsent` packets are those that the kernel refused. In `flooded` ticks there
    were more datagrams than a call's share: the rest waited, or was dropped. `unrecorded` frames are silence in the
    recording, and `untold` events of the call are lost: the compiled plane had no room for them, because Python took
    none for too long.
    """

    received: int
    lost: int
    duplicate: int
    reordered: int
    stray: int
    late: int
    concealed: int
    skipped: int
    foreign: int
    malformed: int
    unsupported: int
    sent: int
    unsent: int
    underruns: int
    overflowed_samples: int
    longest_samples: int
    marks_played: int
    marks_cleared: int
    marks_lost: int
    clears: int
    flooded: int
    unrecorded: int
    untold: int
    jitter_ms: float

    def statistics(self) -> MediaStatistics:
        """Give those that a call reports: RTP of an unknown codec is malformed, of an unknown source foreign."""
        return MediaStatistics(
            received=self.received,
            lost=self.lost,
            late=self.late,
            duplicate=self.duplicate,
            malformed=self.malformed + self.unsupported,
            foreign=self.foreign + self.stray,
            concealed=self.concealed,
            skipped=self.skipped,
            sent=self.sent,
            underruns=self.underruns,
            overflowed_ms=samples_to_ms(self.overflowed_samples),
            jitter_ms=self.jitter_ms,
        )


class Wire(Protocol):
    """The way to Asterisk for one call whose socket the plane does not use itself."""

    @property
    def send_errors(self) -> int:
        """The number of packets that could not be sent."""

    def connect(self, address: Address) -> None:
        """Take datagrams from this address only; a later call changes it. Those that have come may still be given."""

    def send(self, packet: bytes, address: Address) -> None:
        """Send a packet now or not at all."""


class Stream(Protocol):
    """The plane's part of a bot's connection; see IStream."""

    def send_media(self, message: bytes) -> None:
        """Send a message with the caller's audio."""

    def send_mark(self, name: str) -> None:
        """Tell the bot that all audio before this mark has been played."""


class Listener(Protocol):
    """The plane's part of a call; see IMediaListener."""

    def media_lost(self, silent_s: float) -> None:
        """No RTP has come from Asterisk for this long."""

    def playout_finished(self) -> None:
        """All audio of the bot has been played, after `drain`."""


class Session(Protocol):
    """One call in a plane. Once it is `closed`, no method has an effect; its counts stay.

    `failures` counts the ticks and datagrams that failed through an error. `flooded` counts the ticks with more
    datagrams than a call's share, an Inbound those that it finds. IMediaLeg says more of most methods.
    """

    flooded: int

    @property
    def closed(self) -> bool:
        """Whether it was removed from its plane."""

    @property
    def failures(self) -> int:
        """The number of errors so far."""

    @property
    def queued_ms(self) -> int:
        """How much audio of the bot is not played yet; 0 once it is closed."""

    def accepts(self, address: Address) -> bool:
        """Tell whether a datagram from this address belongs to this call; if not, count it."""

    def direct(self, host: str, port: int) -> None:
        """Send RTP to this address from now on, and accept it from nowhere else."""

    def attach(self, stream: Stream, encoding: MediaEncoding) -> MediaMessages:
        """Let the caller's audio flow to this stream from the next tick on."""

    def serve(self, handle: int, owner: SocketOwner, engine: Any = None) -> ServedSocket | None:
        """Read and write the stream's TCP socket in the ticks, until the owner takes it back; None: it cannot."""

    def detach(self) -> None:
        """Stop the caller's audio, and drop the bot's audio with its marks."""

    def hold(self) -> None:
        """Detach, and play the waiting sound until a stream is attached."""

    def drain(self) -> None:
        """Stop the caller's audio, play the bot's audio to its end, and tell the listener then."""

    def play(self, pcm: bytes, *, continues: bool = False) -> int:
        """Queue audio of the bot; give the milliseconds that were dropped because the queue is full."""

    def mark(self, name: str) -> list[str]:
        """Queue a mark; give the marks to answer at once."""

    def clear(self, *, finish_message: bool = False) -> list[str]:
        """Drop the unplayed audio; give its marks, in order."""

    def record(self, sink: RecordingSink | None) -> None:
        """Give both sides of the call to this sink from the next tick on; None ends it, and gives the rest."""

    def counts(self) -> LegCounts:
        """Give the counts so far."""


class Inbound(Protocol):
    """The source of the datagrams of all sessions whose sockets the plane does not read itself."""

    def receive(self) -> Iterable[tuple[Any, bytes, Address]]:
        """Give the datagrams since the last tick, each with its session, and a limited number for each."""


class AnyPlane(Protocol):
    """The sessions of all calls, and their tick.

    An error in one session is reported inside its exception handler, and does not affect the others. A pause of this
    process does not count as silence of the callers.
    """

    def __len__(self) -> int:
        """Count the calls."""

    def open(
        self, settings: LegSettings, rng: random.Random, wire: Wire, listener: Listener, handle: int | None
    ) -> Session:
        """Add a call, from the next tick on.

        `handle` is the descriptor of a UDP socket that the plane itself reads, connects and sends on, until the call
        is removed; with None its datagrams come from the Inbound, and its packets go to `wire`. `rng` gives the first
        numbers of the packets, as `Packetizer.begin` asks for them.
        """

    def remove(self, session: Any) -> None:
        """Remove a call, at once even within a tick; a second call has no effect."""

    def tick(self, now: float) -> None:
        """Let 20 ms pass for every call."""
