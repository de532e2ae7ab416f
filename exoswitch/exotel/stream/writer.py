"""Core: our side of one stream: what is said to the bot, and what the bot says made fit for the phone."""

from attrs import define, field

from exoswitch.call.bot_address import SAMPLE_RATES_HZ, BotAddress
from exoswitch.call.effects import StopReason
from exoswitch.call.session import Direction
from exoswitch.call.stream_options import StreamOptions
from exoswitch.exotel.sids import leg_sid
from exoswitch.exotel.stream.audio import CallerAudio
from exoswitch.exotel.stream.messages import MessageWriter
from exoswitch.telephony.numbers import written

PHONE_RATE_HZ = SAMPLE_RATES_HZ[0]


@define(kw_only=True)
class StreamWriter:
    """The messages of one stream, to be sent in the order in which they are asked for.

    `customer` is the person's number, `exophone` ours, whoever dialled. `audio` takes the caller's.
    """

    stream_sid: str
    call_sid: str
    account: str
    customer: str = field(repr=False)
    exophone: str = field(repr=False)
    direction: Direction
    options: StreamOptions
    audio: CallerAudio = field(init=False)
    _writer: MessageWriter = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Be ready at the phone's rate."""
        self._speak_at(PHONE_RATE_HZ)

    def _speak_at(self, sample_rate_hz: int) -> None:
        self._writer = MessageWriter(
            stream_sid=self.stream_sid,
            call_sid=self.call_sid,
            account=self.account,
            sample_rate_hz=sample_rate_hz,
            from_zero=self.options.first_timestamp == "zero",
        )
        self.audio = CallerAudio(self._writer, self.options.chunk_ms, sample_rate_hz)

    def begin(self, address: BotAddress) -> tuple[bytes, bytes]:
        """Give `connected` and `start`; from now on audio is at the rate that the bot's URL asks for."""
        if address.sample_rate_hz != PHONE_RATE_HZ:
            self._speak_at(address.sample_rate_hz)
        options = self.options
        numbers = [written(self.customer, options.numbers), written(self.exophone, options.numbers)]
        if self.direction is Direction.OUTBOUND and options.outbound_from == "exophone":
            numbers.reverse()
        start = self._writer.start(
            caller=numbers[0],
            callee=numbers[1],
            custom_parameters=address.custom_parameters(sample_rate=options.sample_rate_parameter),
            leg_sid=leg_sid(self.call_sid) if options.leg_sid else None,
        )
        return self._writer.connected(), start

    def mark(self, name: str) -> bytes:
        """Give back a mark of the bot's."""
        return self._writer.mark(name)

    def digit(self, digit: str, duration_ms: int) -> bytes:
        """Tell of a key that was pressed."""
        return self._writer.dtmf(digit, duration_ms)

    def stop(self, reason: StopReason) -> bytes:
        """Tell of the end."""
        return self._writer.stop(reason)
