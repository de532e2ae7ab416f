"""Port: the media plane: one leg a call."""

from zope.interface import Attribute, Interface

from exoswitch.call.media import MediaEncoding, MediaMessages, MediaStatistics


class IStream(Interface):
    """A connection to a bot, once `start` has been sent: what goes to the bot through it.

    Every method is harmless after the connection has closed.
    """

    def send_media(message: bytes) -> None:
        """Send a message with the caller's audio, as the stream's MediaEncoding describes it."""

    def send_mark(name: str) -> None:
        """Tell the bot that everything before this mark has been played."""


class IMediaListener(Interface):
    """Whoever is told what a call's media plane noticed."""

    def media_lost(silent_s: float) -> None:
        """No RTP has come from Asterisk for this long; said once."""

    def playout_overflowed(dropped_ms: int) -> None:
        """The bot sent more than the playout queue holds, and this much was dropped; said once per call."""

    def playout_finished() -> None:
        """The leg was told to `drain`, and has nothing more to play; said once, and never before `drain` returned."""


class IMediaLeg(Interface):
    """One call's media: an RTP port towards Asterisk, and a playout queue that the bot fills."""

    host = Attribute("The address to give to Asterisk (str).")
    port = Attribute("The UDP port to give to Asterisk (int).")
    queued_ms = Attribute("How much of the bot's audio is yet to be played (int).")

    def direct(host: str, port: int) -> None:
        """Send RTP to this address from now on, and accept it from nowhere else."""

    def attach(stream: IStream, encoding: MediaEncoding) -> MediaMessages:
        """Let the caller's audio flow to this stream from the next tick on, as whole messages.

        Audio that came before is dropped.
        """

    def detach() -> None:
        """Stop the flow of the caller's audio to the stream, and drop the playout queue and its marks.

        It also ends what `hold` or `drain` began.
        """

    def hold() -> None:
        """Detach, and let the caller hear the plane's waiting sound, if it has one, until a stream is attached.

        Both take effect within 20 ms.
        """

    def drain() -> None:
        """Stop the flow of the caller's audio to the stream, and play what is queued to its end.

        The listener is told in the first tick that finds nothing more to play, so that the last packet has had its
        20 ms. Marks that are reached meanwhile are not answered.
        """

    def play(pcm: bytes) -> None:
        """Queue audio of the bot, any number of bytes: signed 16-bit little-endian mono at 8,000 Hz."""

    def mark(name: str) -> None:
        """Queue a mark; the stream's `send_mark` is called when the audio before it has been sent."""

    def clear(*, finish_message: bool = False, answer_marks: bool = True) -> None:
        """Drop the audio that is yet unplayed; its marks are answered at once, in order, or dropped with it.

        With `finish_message` a message, which is what one `play` brought, goes on to its end once its first sample
        has been sent, and keeps its marks; one that has not begun is dropped. Messages that fit into 20 ms together
        may count as one.
        """

    def statistics() -> MediaStatistics:
        """Count what has happened so far."""

    def close() -> None:
        """Unbind the port, which goes back to the pool after its quarantine; harmless the second time."""


class IMediaPlane(Interface):
    """All calls' media on this node, on one 20 ms tick."""

    def open(source_host: str, listener: IMediaListener) -> IMediaLeg:
        """Bind a port for a call whose RTP will come from this host.

        Raises:
            NoCapacity: every port of the range is taken or in quarantine.
        """
