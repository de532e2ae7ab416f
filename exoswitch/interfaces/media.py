"""Port: the media plane, with one leg for each call."""

from typing import Any

from zope.interface import Attribute, Interface

from exoswitch.call.media import (
    MediaEncoding,
    MediaMessages,
    MediaStatistics,
    RecordingSink,
    ServedSocket,
    SocketOwner,
)


class IStream(Interface):
    """A started connection to a bot, as the media plane uses it.

    After the connection has closed, no method has an effect.
    """

    def send_media(message: bytes) -> None:
        """Send a message with the caller's audio, as the stream's MediaEncoding describes it."""

    def send_mark(name: str) -> None:
        """Tell the bot that all audio before this mark has been played."""


class IMediaListener(Interface):
    """Is told the events of a call's media."""

    def media_lost(silent_s: float) -> None:
        """No RTP has come from Asterisk for this long; called once."""

    def playout_began() -> None:
        """The first audio of a bot has come; called once for each call."""

    def playout_overflowed(dropped_ms: int) -> None:
        """The playout queue was full, and this much of the bot's audio was dropped; called once for each call."""

    def playout_finished() -> None:
        """After `drain`, all audio has been played; called once, and never before `drain` returned."""


class IMediaLeg(Interface):
    """One call's media: an RTP port towards Asterisk, and a playout queue that the bot fills."""

    host = Attribute("The address to give to Asterisk (str).")
    port = Attribute("The UDP port to give to Asterisk (int).")
    queued_ms = Attribute("How much audio of the bot is not played yet (int).")

    def direct(host: str, port: int) -> None:
        """Send RTP to this address from now on, and accept it from nowhere else."""

    def attach(stream: IStream, encoding: MediaEncoding) -> MediaMessages:
        """Let the caller's audio flow to this stream from the next tick on, as whole messages.

        Audio that came before is dropped.
        """

    def serve(handle: int, owner: SocketOwner, engine: Any = None) -> ServedSocket | None:
        """Read and write the TCP socket of the attached stream's WebSocket in the ticks, if this plane can.

        The socket is connected, does not block, and stands at the border of two frames on both sides. Nobody else
        reads or writes it until the owner takes it back. Detach, hold, drain, close and another attach make it do so.

        Over TLS, `engine` is the connection's exoswitch.network._tls.Engine; nobody else uses it meanwhile.
        """

    def detach() -> None:
        """Stop the caller's audio to the stream, and drop the playout queue and its marks.

        This also ends `hold` and `drain`.
        """

    def hold() -> None:
        """Detach, and play the plane's waiting sound, if any, to the caller until a stream is attached.

        Both take effect within 20 ms.
        """

    def drain() -> None:
        """Stop the caller's audio to the stream, and play the queued audio to its end.

        The listener is told in the first tick with nothing to play, so the last packet has had its 20 ms. Marks that
        are reached are not answered.
        """

    def play(pcm: bytes, *, continues: bool = False) -> None:
        """Queue audio of the bot, any number of bytes: signed 16-bit little-endian mono at 8,000 Hz.

        With `continues`, it belongs to the message of the last `play`.
        """

    def mark(name: str) -> None:
        """Queue a mark; `send_mark` of the stream is called when the audio before it has been sent."""

    def clear(*, finish_message: bool = False, answer_marks: bool = True) -> None:
        """Drop the unplayed audio; its marks are answered at once, in order, or dropped with it.

        With `finish_message`, a message that has begun plays to its end and keeps its marks. A message is the audio
        of one `play`, and of those that continue it; messages that fit into 20 ms together may count as one.
        """

    def record(sink: RecordingSink | None) -> None:
        """Give both sides of the call to this sink from the next tick on, about once a second; None ends it.

        One side is the caller's audio after the jitter buffer, with or without a stream. The other is what was sent
        to the caller: the bot's audio, the waiting sound, silence. Both have the same length in each part, and
        together they last as long as the ticks did, with silence for those that were left out. The end of the
        recording, and of the leg, gives the rest.
        """

    def statistics() -> MediaStatistics:
        """Give the counts so far."""

    def close() -> None:
        """Unbind the port; it returns to the pool after its quarantine. A second call has no effect."""


class IMediaPlane(Interface):
    """The media of all calls on this node, on one 20 ms tick."""

    def open(source_host: str, listener: IMediaListener) -> IMediaLeg:
        """Bind a port for a call with RTP from this host.

        Raises:
            NoCapacity: every port of the range is in use or in quarantine.
        """
