"""Core: the options of a stream to a bot, where Exotel's behaviour is not published, or users need more."""

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
    """The options of one bot; every default is Exotel's behaviour, as far as it is known.

    Messages to the bot: `chunk_ms` is the length of one `media` message, a multiple of 20. `numbers` are written
    ``09812345610`` or ``+919812345610``. `outbound_from` is the `from` of an outbound call. `first_timestamp` is the
    time of the first `media` message: its end, or 0. `leg_sid` adds a `leg_sid` to `start`, `sample_rate_parameter`
    adds the URL's `sample-rate` to its custom parameters. `custom_field` sends a call's CustomField to a bot
    whose URL has no parameters.

    Audio of the bot: `marks_on_clear` sends back the marks of cleared audio, or drops them. `clear_granularity` stops
    at once, or finishes the message that is being played. `drain_on_close` plays queued audio after the bot closed.

    The connection: `close_after_stop` makes a closing handshake after `stop`, or drops the connection.
    `on_stream_loss` applies when the connection breaks, `on_gateway_loss` when the call's gateway is lost.
    `resumed_sid` is the stream SID of a resumed call: a new one, or the same.

    `ca_file` is a PEM file with certificates that are trusted besides the system's. `trace` says what is recorded.
    """

    chunk_ms: int = 20
    numbers: NumberStyle = "national"
    outbound_from: OutboundFrom = "customer"
    first_timestamp: FirstTimestamp = "chunk"
    leg_sid: bool = False
    sample_rate_parameter: bool = False
    custom_field: bool = True
    marks_on_clear: MarksOnClear = "flush"
    clear_granularity: ClearGranularity = "frame"
    drain_on_close: bool = False
    close_after_stop: CloseAfterStop = "handshake"
    on_stream_loss: OnStreamLoss = "hang-up"
    on_gateway_loss: OnGatewayLoss = "resume"
    resumed_sid: ResumedSid = "new"
    ca_file: str = ""
    trace: TraceKind = "off"
