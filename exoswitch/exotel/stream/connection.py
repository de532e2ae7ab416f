"""Adapter: the streams to bots, as Exotel opens, feeds and ends them, over `exotel.websocket`."""

import enum
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.call.bot_address import BotAddress, is_resolver, parse_address, parse_resolver
from exoswitch.call.effects import StopReason
from exoswitch.call.stream_start import StreamStart
from exoswitch.errors import InvalidRequest, RemoteProtocolError
from exoswitch.exotel.stream.endpoint import BotEndpoint, client_tls
from exoswitch.exotel.stream.intake import BotIntake
from exoswitch.exotel.stream.messages import Ignored
from exoswitch.exotel.stream.observer import ObserverFactory, Side, StreamObserver, unobserved
from exoswitch.exotel.stream.resolution import call_details
from exoswitch.exotel.stream.resolver import resolve
from exoswitch.exotel.stream.websocket import WebSocket, WebSockets
from exoswitch.exotel.stream.writer import PHONE_RATE_HZ, StreamWriter
from exoswitch.interfaces.bots import IBotConnection, IBots, IStreamListener
from exoswitch.interfaces.media import IMediaLeg
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.telephony.numbers import written

_CLOSE_S = 2.0
_MAX_UNREAD_BYTES = 1024 * 1024
_FAILED = "3009 failed to establish ws conn: {}"
"""How Exotel begins the error of a stream that could not be opened (spec §5.2)."""

_GIVEN_UP = "given up before the bot answered"
_UNREACHABLE = (InvalidRequest, RemoteProtocolError, OSError, ConnectError, ValueError)


@implementer(IBots)
class ExotelBots:
    """Reaches bots the way that Exotel does; over TLS its certificate must be valid for its host.

    `handshake_s` is the time for all of the resolver, DNS, TCP, TLS and the upgrade; `entropy` gives random bytes,
    for keys and masks; `tls_options` makes the TLS settings for a host name and a file of certificates to trust.
    """

    def __init__(
        self,
        reactor: Any,  # IReactorTCP, IReactorTime and IReactorPluggableNameResolver at once
        *,
        metrics: IMetrics,
        handshake_s: float = 10.0,
        entropy: Callable[[int], bytes] = os.urandom,
        tls_options: Callable[[str, str], Any] = client_tls,
        observe: ObserverFactory = unobserved,
    ) -> None:
        self.reactor = reactor
        self.metrics = metrics
        self.handshake_s = handshake_s
        self.entropy = entropy
        self.observe = observe
        self.tls_options = lru_cache(maxsize=256)(tls_options)  # each reads all trusted certificates anew

    def connect(self, start: StreamStart, leg: IMediaLeg, listener: IStreamListener) -> "BotConnection":
        """Begin one attempt to reach a bot."""
        return BotConnection(self, start, leg, listener)

    def line(self, address: BotAddress, ca_file: str) -> BotEndpoint:
        """Give the way to a bot or a resolver."""
        tls = self.tls_options(address.host, ca_file) if address.secure else None
        return BotEndpoint(self.reactor, address, tls, self.handshake_s)


class _State(enum.Enum):
    DIALLING = enum.auto()
    OPEN = enum.auto()
    CLOSING = enum.auto()
    CLOSED = enum.auto()


@implementer(IBotConnection)
class BotConnection:
    """One attempt to reach a bot, and the stream that comes of it."""

    _log = Logger()

    def __init__(self, bots: ExotelBots, start: StreamStart, leg: IMediaLeg, listener: IStreamListener) -> None:
        self._bots = bots
        self._start = start
        self._leg = leg
        self._listener = listener
        self._options = start.bot.options
        self._talk = StreamWriter(
            stream_sid=start.stream_sid,
            call_sid=start.call_sid,
            account=start.account,
            customer=start.customer,
            exophone=start.exophone,
            direction=start.direction,
            options=start.bot.options,
        )
        self._intake: BotIntake | None = None
        self._state = _State.DIALLING
        self._streaming = False
        self._congested = False
        self._unread_bytes = 0
        self._complained = False
        self._address: BotAddress | None = None
        self._where = ""
        self._witness: StreamObserver | None = None
        self._left = False  # whether the end is our doing
        self._attempt: Deferred[None] | None = None
        self._socket: WebSocket | None = None
        self._timer: IDelayedCall | None = bots.reactor.callLater(0, self._dial)

    # --- what the engine and the media leg ask

    def start(self) -> None:
        """Send `connected` and `start`; from now on the bot's media, marks and clears reach the leg."""
        if self._state is not _State.OPEN or self._streaming or self._address is None:
            return
        self._streaming = True
        self._intake = BotIntake(
            self._leg,
            sample_rate_hz=self._address.sample_rate_hz,
            marks_on_clear=self._options.marks_on_clear,
            clear_granularity=self._options.clear_granularity,
        )
        for message in self._talk.begin(self._address):
            self._send(message)

    def send_media(self, pcm: bytes) -> None:
        """Pass on 20 ms of the caller's audio."""
        if self._streaming and self._socket is not None:
            message = self._talk.audio.add(pcm)
            if message is not None:
                self._say(message)

    def send_mark(self, name: str) -> None:
        """Tell the bot that everything before this mark has been played."""
        if self._streaming:
            self._send(self._talk.mark(name))

    def send_digit(self, digit: str, duration_ms: int) -> None:
        """Tell the bot of a key that was pressed."""
        if self._streaming:
            self._send(self._talk.digit(digit, duration_ms))

    def close(self, stop: StopReason | None) -> None:
        """Send `stop` where there is a reason, then close; also abandons a handshake that is under way."""
        if self._state is _State.DIALLING:
            self._abandon(_GIVEN_UP)
            self._wait(0, self._listener.stream_failed, _FAILED.format(_GIVEN_UP))
        elif self._state is _State.OPEN and self._socket is not None:
            self._left = True
            if stop is not None and self._streaming:
                self._send(self._talk.stop(stop))
                self._streaming = False
                if self._options.close_after_stop == "drop":
                    self._socket.hang_up()
                    return
            self._socket.close()

    # --- reaching the bot

    def _dial(self) -> None:
        self._wait(self._bots.handshake_s, self._fail, f"no answer within {self._bots.handshake_s:g} s")
        self._attempt = Deferred.fromCoroutine(self._reach())
        self._attempt.addErrback(self._unreachable)

    async def _reach(self) -> None:
        bots, url = self._bots, self._start.bot.url
        address = await self._resolve(url) if is_resolver(url) else parse_address(url)
        self._address = address = evolve(address, is_resumed=self._start.is_resumed)
        self._where = f"{address}: "
        self._record(address.url, address.sample_rate_hz)
        protocol: Any = await bots.line(address, self._options.ca_file).connect(
            WebSockets(bots.reactor, address, self, bots.entropy)
        )
        self._socket = protocol

    async def _resolve(self, url: str) -> BotAddress:
        resolver = parse_resolver(url)
        self._where = f"the resolver {resolver}: "
        told = self._start
        details = call_details(
            call_sid=told.call_sid,
            caller=written(told.customer, self._options.numbers),
            callee=written(told.exophone, self._options.numbers),
            direction=told.direction,
            custom_field=told.custom_field,
        )
        return await resolve(self._bots.reactor, resolver, self._bots.line(resolver, self._options.ca_file), details)

    def _unreachable(self, failure: Failure) -> None:
        if self._state is _State.CLOSED:
            return  # it was we who gave up
        if not isinstance(failure.value, _UNREACHABLE):
            self._log.failure("cannot dial the bot of call {call}", failure, call=self._start.call_sid)
        self._fail(failure.getErrorMessage())

    def _record(self, url: str, sample_rate_hz: int) -> None:
        self._witness = self._bots.observe(self._start, sample_rate_hz)
        if self._witness is not None:
            self._witness.attempted(url)

    def _fail(self, why: str) -> None:
        if self._state is _State.DIALLING:
            if self._address is None:  # there is no bot yet, but its resolver
                self._record(self._start.bot.url, PHONE_RATE_HZ)
            self._abandon(why)
            self._listener.stream_failed(_FAILED.format(self._where + why))

    def _abandon(self, why: str) -> None:
        self._state = _State.CLOSED
        self._stop_waiting()
        if self._witness is not None:
            self._witness.failed(why)
            self._witness.close()
        if self._socket is not None:
            self._socket.give_up("the handshake was given up")
        elif self._attempt is not None:
            self._attempt.cancel()

    # --- what the socket tells

    def socket_opened(self) -> None:
        """Tell that the bot may be started."""
        self._stop_waiting()
        self._state = _State.OPEN
        if self._witness is not None:
            self._witness.opened()
        self._listener.stream_opened()

    def text_received(self, message: bytes) -> None:
        """Carry out one message of the bot's."""
        if self._witness is not None:
            self._witness.received(message)
        if not self._streaming or self._intake is None:
            self._bots.metrics.add("early_bot_messages")
            return
        try:
            read = self._intake.feed(message)
        except RemoteProtocolError as error:
            self._garbage(error)
            return
        if isinstance(read, Ignored):
            self._bots.metrics.add("ignored_bot_messages")

    def binary_received(self, size: int) -> None:
        """Count a message of a kind that Exotel's protocol does not have."""
        if self._witness is not None:
            self._witness.binary_received(size)
        self._bots.metrics.add("binary_bot_messages")

    def socket_congested(self, *, congested: bool) -> None:
        """Hold the caller's audio while the bot does not read; catch up once it does."""
        self._congested = congested
        self._unread_bytes = 0
        if congested:
            self._talk.audio.hold()
            return
        while not self._congested and self._socket is not None:
            message = self._talk.audio.release()
            if message is None:
                break
            self._say(message)
        self._count_shed()

    def socket_closing(self) -> None:
        """Listen to the bot no longer, and limit how long it may take to close."""
        self._state = _State.CLOSING
        if self._intake is not None and self._streaming:
            self._intake.finish()
        self._streaming = False
        if self._socket is not None:
            self._wait(_CLOSE_S, self._socket.give_up, "the closing handshake was not finished in time")

    def socket_lost(self, socket: WebSocket, code: int | None, reason: str) -> None:
        """Tell what became of the stream, if that is not yet told."""
        if socket is not self._socket or self._state is _State.CLOSED:
            return
        if self._state is _State.DIALLING:
            self._fail(reason)
            return
        self._stop_waiting()
        self._state = _State.CLOSED
        self._streaming = False
        self._count_shed()
        if self._witness is not None:
            self._witness.closed(code, reason, by=Side.GATEWAY if self._left else Side.BOT)
            self._witness.close()
        self._listener.stream_closed(code, reason)

    # --- sending, counting, waiting

    def _send(self, message: bytes) -> None:
        """Send anything but media; a bot that makes us write much while it reads nothing is dropped."""
        if self._socket is None:
            return
        if self._congested:
            self._unread_bytes += len(message)
            if self._unread_bytes > _MAX_UNREAD_BYTES:
                self._streaming = False
                self._left = True
                self._socket.give_up("the bot does not read what it is sent")
                return
        self._say(message)

    def _say(self, message: bytes) -> None:
        if self._socket is not None:
            self._socket.send_text(message)
        if self._witness is not None:
            self._witness.sent(message)

    def _garbage(self, error: RemoteProtocolError) -> None:
        self._bots.metrics.add("malformed_bot_messages")
        if not self._complained:
            self._complained = True
            self._log.warn("the bot of call {call} sent {error}", call=self._start.call_sid, error=str(error))

    def _count_shed(self) -> None:
        shed_ms = self._talk.audio.take_shed_ms()
        if shed_ms:
            self._bots.metrics.add("shed_caller_audio_ms", shed_ms)

    def _wait(self, seconds: float, then: Callable[[str], None] | Callable[[], None], *words: str) -> None:
        self._stop_waiting()
        self._timer = self._bots.reactor.callLater(seconds, then, *words)

    def _stop_waiting(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
