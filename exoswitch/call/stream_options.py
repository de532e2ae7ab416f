"""Core: what may differ between streams to bots, where nobody has published what Exotel does or users want more."""

from typing import Literal

from attrs import frozen

from exoswitch.telephony.numbers import NumberStyle

OutboundFrom = Literal["customer", "exophone"]
FirstTimestamp = Literal["chunk", "zero"]
MarksOnClear = Literal["flush", "drop"]
ClearGranularity = Literal["frame", "message"]
CloseAfterStop = Literal["handshake", "drop"]
OnStreamLoss = Literal["hang-up", "reconnect"]
OnGatewayLoss = Literal["resume", "hang-up"]
ResumedSid = Literal["new", "same"]
TraceKind = Literal["off", "messages", "audio"]


@frozen(kw_only=True)
class StreamOptions:
    """How one bot is spoken to; every default is what Exotel does, as far as it is known.

    What the bot is told: `chunk_ms` is the length of one `media` message, a multiple of 20; `numbers` are written
    ``09812345610`` or ``+919812345610``; `outbound_from` says who is `from` in a call that we placed;
    `first_timestamp` where the first `media` message says that it is (at its end, or at 0); `leg_sid` and
    `sample_rate_parameter` whether `start` has a `leg_sid`, and the URL's `sample-rate` among its custom parameters.

    What becomes of the bot's audio: `marks_on_clear` says whether marks whose audio was cleared are sent back,
    `clear_granularity` whether a message that has begun is played to its end, `drain_on_close` whether audio that
    still waits is played after the bot has closed.

    How the connection is kept: `close_after_stop` says whether `stop` is followed by a closing handshake,
    `on_stream_loss` what follows a connection that broke off, `on_gateway_loss` what follows when a call's gateway is
    lost, and `resumed_sid` whether the stream of a call that another gateway resumes has a SID of its own.

    `ca_file` is a PEM file with certificates that are trusted beside the system's, `trace` what is written down
    of the stream.
    """

    chunk_ms: int = 20
    numbers: NumberStyle = "national"
    outbound_from: OutboundFrom = "customer"
    first_timestamp: FirstTimestamp = "chunk"
    leg_sid: bool = False
    sample_rate_parameter: bool = False
    marks_on_clear: MarksOnClear = "flush"
    clear_granularity: ClearGranularity = "frame"
    drain_on_close: bool = False
    close_after_stop: CloseAfterStop = "handshake"
    on_stream_loss: OnStreamLoss = "hang-up"
    on_gateway_loss: OnGatewayLoss = "resume"
    resumed_sid: ResumedSid = "new"
    ca_file: str = ""
    trace: TraceKind = "off"
