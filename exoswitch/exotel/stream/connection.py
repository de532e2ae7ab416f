"""Adapter: the streams to bots, as Exotel opens, feeds and ends them, over `stream.websocket`."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from attrs import evolve
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.call.bot_address import SAMPLE_RATES_HZ, BotAddress, is_resolver, parse_address, parse_resolver
from exoswitch.call.effects import StopReason
from exoswitch.call.media import MediaMessages
from exoswitch.call.stream_start import StreamStart
from exoswitch.errors import ExoswitchError, RemoteProtocolError
from exoswitch.exotel.stream.counting import StreamCounts
from exoswitch.exotel.stream.endpoint import BotEndpoint
from exoswitch.exotel.stream.intake import BotIntake
from exoswitch.exotel.stream.machine import Close, Do, Effect, Failed, Input, Lost, Signal, State, advance
from exoswitch.exotel.stream.messages import LONG_BYTES
from exoswitch.exotel.stream.observer import ObserverFactory, Side, StreamObserver, unobserved
from exoswitch.exotel.stream.resolution import call_details
from exoswitch.exotel.stream.resolver import resolve
from exoswitch.exotel.stream.unfinished import Unfinished
from exoswitch.exotel.stream.websocket import Shared, WebSocket, WebSockets
from exoswitch.exotel.stream.writer import StreamWriter, media_encoding
from exoswitch.interfaces.bots import IBotConnection, IBots, IStreamListener
from exoswitch.interfaces.media import IMediaLeg
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.network.host_endpoint import HostEndpoint
from exoswitch.network.interfaces import INames
from exoswitch.network.reach import UNLIMITED, ReachRules
from exoswitch.network.reactor_names import ReactorNames
from exoswitch.network.tls import client_tls
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.fair_turns import BOTS_S, TLS_S, FairTurns

_STARTED = State.STARTED  # an attribute of an Enum is slow to read
_CLOSE_S = 2.0
_FAILED = "3009 failed to establish ws conn: {}"
"""The error text of a stream that could not be opened begins so at Exotel (spec §5.2)."""

_GIVEN_UP = "given up before the bot answered"
_CLOSED_TOO_SLOWLY = "the closing handshake was not finished in time"
_UNREACHABLE = (ExoswitchError, OSError, ConnectError, ValueError)


@implementer(IBots)
class ExotelBots:
    """Reaches bots as Exotel does. Over TLS, the bot's certificate must be valid for its host.

    `handshake_s` limits the resolver, DNS, TCP, TLS and the upgrade together. `entropy` gives random bytes for keys
    and masks. `tls_options` makes the TLS settings for a host name and a file of certificates to trust. `names` looks
    up host names. `reach` gives the present rules for the addresses of bots. `observe` makes the observer of each
    attempt.
    """

    def __init__(
        self,
        reactor: Any,  # IReactorTCP, IReactorTime and IReactorPluggableNameResolver at once
        *,
        metrics: IMetrics,
        handshake_s: float = 10.0,
        entropy: Callable[[int], bytes] = os.urandom,
        tls_options: Callable[[str, str], Any] = client_tls,
        names: INames | None = None,
        reach: Callable[[], ReachRules] = lambda: UNLIMITED,
        observe: ObserverFactory = unobserved,
    ) -> None:
        self.reactor = reactor
        self.names = names or ReactorNames(reactor)
        self.reach = reach
        self.metrics = metrics
        self.handshake_s = handshake_s
        self.shared = Shared(FairTurns(reactor, BOTS_S), Unfinished(), entropy)
        self.tls_turns = FairTurns(reactor, TLS_S)  # not `shared.turns`: their work begins within one of these
        self.observe = observe
        self.tls_options = tls_options

    def connect(self, start: StreamStart, leg: IMediaLeg, listener: IStreamListener) -> "BotConnection":
        """Begin one attempt to reach a bot."""
        return BotConnection(self, start, leg, listener)

    def endpoint(self, start: StreamStart, address: BotAddress, url: str = "") -> BotEndpoint:
        """Give the endpoint of a call's bot or resolver; `url` is its URL, unless a resolver has given it."""
        account, host, port = start.account, address.host, address.port
        rules = self.reach()
        reach = rules.of_url(account, url, host, port) if url else rules.of_host(account, host, port)
        connecting = HostEndpoint(
            self.reactor, self.names, host, port, self.handshake_s, account=account, reach=reach
        )
        tls = self.tls_options(host, start.bot.options.ca_file) if address.secure else None
        return BotEndpoint(self.reactor, connecting, tls, self.tls_turns)


@implementer(IBotConnection)
class BotConnection:
    """One attempt to reach a bot, and the stream that follows; `stream.machine` decides, this carries out."""

    _log = Logger()

    # Made when the stream begins; used in State.STARTED and until the connection is lost.
    _writer: StreamWriter
    _messages: MediaMessages
    _intake: BotIntake

    def __init__(self, bots: ExotelBots, start: StreamStart, leg: IMediaLeg, listener: IStreamListener) -> None:
        self._bots = bots
        self._start = start
        self._leg = leg
        self._listener = listener
        self._options = start.bot.options
        self._state = State.HANDSHAKING
        self._address: BotAddress | None = None
        self._where = ""
        self._counts = StreamCounts(start.call_sid, bots.metrics)
        self._observer = StreamObserver()
        self._socket: WebSocket | None = None
        self._timer: IDelayedCall | None = None
        self._due_marks: deque[str] = deque()
        self._long_message: Iterator[None] | None = None
        self._has_held = False  # whether held audio is to be sent
        self._may_serve = False  # whether a media plane may read and write the socket
        self._attempt = deferLater(bots.reactor, 0, self._reach)
        self._attempt.addErrback(self._unreachable)

    def _feed(self, event: Input) -> None:
        before = self._state
        self._state, effects = advance(before, event)
        if self._state is not before:
            self._stop_timer()
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:  # noqa: C901 - a table
        match effect:
            case Do.REPORT_OPENED:
                self._observer.opened()
                self._listener.stream_opened()
            case Do.BEGIN:
                self._begin()
            case Do.GIVE_UP:
                self._abandon(_GIVEN_UP)
                self._start_timer(0, self._listener.stream_failed, _FAILED.format(_GIVEN_UP))
            case Do.END_MEDIA:
                self._end_media()
            case Do.PLAY_REST:
                self._intake.finish()
            case Do.LIMIT_CLOSING:
                if self._socket is not None:
                    self._start_timer(_CLOSE_S, self._socket.give_up, _CLOSED_TOO_SLOWLY)
            case Failed(why):
                self._report_failed(why)
            case Close(stop):
                self._disconnect(stop)
            case Lost(code, reason, by):
                self._counts.closed(code, by)
                self._observer.closed(code, reason, by=by)
                self._observer.close()
                self._listener.stream_closed(code, reason)

    # --- asked by the call and the media leg

    def start(self) -> None:
        """Send `connected` and `start`, and let audio, marks and clears flow."""
        self._feed(Signal.START)

    def send_media(self, message: bytes) -> None:
        """Send a message with the caller's audio."""
        if self._state is _STARTED:
            if self._may_serve:
                self._offer_socket()
            self._send(message)

    def _offer_socket(self) -> None:
        """Let the media plane read and write the socket, unless messages wait here to be sent or taken."""
        is_busy = self._due_marks or self._has_held or self._long_message is not None
        if self._socket is not None and not is_busy and not self._socket.is_congested:
            self._may_serve = self._socket.let_serve(self._leg)

    def send_mark(self, name: str) -> None:
        """Tell the bot that all audio before this mark has been played, in this turn or in one of the next."""
        if self._state is _STARTED and self._socket is not None:
            self._due_marks.append(name)
            self._socket.start_work()

    def send_digit(self, digit: str, duration_ms: int) -> None:
        """Tell the bot of a key that was pressed."""
        if self._state is _STARTED:
            self._send(self._writer.dtmf(digit, duration_ms))

    def close(self, stop: StopReason | None) -> None:
        """Send `stop` where there is a reason, then close; also abandons a handshake that is under way."""
        self._feed(Close(stop))

    # --- reaching the bot

    @deferred
    async def _reach(self) -> None:
        bots, start, url = self._bots, self._start, self._start.bot.url
        self._start_timer(bots.handshake_s, self._feed, Failed(f"no answer within {bots.handshake_s:g} s"))
        if is_resolver(url):
            resolver, url = parse_resolver(url), ""
            self._where = f"the resolver {resolver}: "
            endpoint = bots.endpoint(start, resolver, start.bot.url)
            address = await resolve(bots.reactor, resolver, endpoint, call_details(start))
        else:
            address = parse_address(url)
        self._address = address = evolve(address, is_resumed=start.is_resumed)
        self._where = f"{address}: "
        self._observe(address.url, address.sample_rate_hz)
        protocol: Any = await bots.endpoint(start, address, url).connect(
            WebSockets(bots.reactor, address, self, bots.shared)
        )
        self._socket = protocol

    def _unreachable(self, failure: Failure) -> None:
        if self._state is not State.HANDSHAKING:
            return  # given up by us
        if not isinstance(failure.value, _UNREACHABLE):
            self._log.failure("cannot dial the bot of call {call}", failure, call=self._start.call_sid)
        self._feed(Failed(failure.getErrorMessage()))

    def _observe(self, url: str, sample_rate_hz: int) -> None:
        self._observer = self._bots.observe(self._start, sample_rate_hz)
        self._observer.attempted(url)

    def _report_failed(self, why: str) -> None:
        if self._address is None:  # only the resolver, or nothing, is known
            self._observe(self._start.bot.url, SAMPLE_RATES_HZ[0])
        self._abandon(why)
        self._listener.stream_failed(_FAILED.format(self._where + why))

    def _abandon(self, why: str) -> None:
        self._observer.failed(why)
        self._observer.close()
        if self._socket is not None:
            self._socket.give_up("the handshake was given up")
        else:
            self._attempt.cancel()

    # --- told by the socket

    def socket_opened(self) -> None:
        """The handshake succeeded."""
        self._feed(Signal.OPENED)

    def text_received(self, message: bytes) -> None:
        """Carry out one message of the bot."""
        self._observer.received(message)
        if self._state is not _STARTED:
            self._counts.unusable("early")
            return
        if len(message) > LONG_BYTES:
            self._long_message = self._take_in_steps(message)
            if self._socket is not None:
                self._socket.start_work()
            return
        try:
            self._counts.read(self._intake.feed(message))
        except RemoteProtocolError as error:
            self._refuse(error)

    def _take_in_steps(self, message: bytes) -> Iterator[None]:
        try:
            self._counts.read((yield from self._intake.feed_in_steps(message)))
        except RemoteProtocolError as error:
            self._refuse(error)

    def _refuse(self, error: RemoteProtocolError) -> None:
        self._counts.unusable("malformed")
        if self._intake.malformed == 1:
            self._log.warn("the bot of call {call} sent {error}", call=self._start.call_sid, error=str(error))

    def media_form(self) -> tuple[bytes, bytes] | None:
        """Give the form of media messages that a media plane may play without us."""
        return self._intake.form if self._state is _STARTED and self._long_message is None else None

    def work(self) -> bool:
        """Send one mark or held message, or go on with a long message; say whether more is left."""
        if self._due_marks:
            self._send(self._writer.mark(self._due_marks.popleft()))
        elif self._has_held:
            self._send_held()
        elif self._long_message is not None and next(self._long_message, True):
            self._long_message = None
        return bool(self._due_marks) or self._has_held or self._long_message is not None

    def _send_held(self) -> None:
        """Send one message of the caller's audio that was held; while the bot does not read, it stays held."""
        is_congested = self._socket is None or self._socket.is_congested
        message = None if is_congested else self._messages.release()
        if message is not None:
            self._send(message)
            return
        self._has_held = False
        self._count_dropped()

    def binary_received(self, size: int) -> None:
        """Count a message of a kind that Exotel's protocol does not have."""
        self._observer.binary_received(size)
        self._counts.unusable("binary")

    def socket_congested(self, *, congested: bool) -> None:
        """Hold the caller's audio while the bot does not read; send what is held, in turns, when it reads again."""
        if self._state is not _STARTED or self._socket is None:
            return
        if congested:
            self._messages.hold()
        else:
            self._has_held = True
            self._socket.start_work()

    def socket_closing(self) -> None:
        """The closing handshake has begun."""
        self._feed(Signal.CLOSING)

    def socket_lost(self, socket: WebSocket, code: int | None, reason: str, *, by: Side) -> None:
        """The connection is gone; a socket that lost the race between several addresses is none of ours."""
        if socket is self._socket:
            self._feed(Lost(code, reason, by))

    # --- carrying out

    def _begin(self) -> None:
        start, options, address = self._start, self._options, self._address
        assert address is not None  # noqa: S101 - known since the handshake
        self._messages = self._leg.attach(self, media_encoding(start, address.sample_rate_hz))
        self._writer = StreamWriter(start, address, self._messages.next_number)
        self._intake = BotIntake(
            self._leg,
            sample_rate_hz=address.sample_rate_hz,
            marks_on_clear=options.marks_on_clear,
            clear_granularity=options.clear_granularity,
        )
        self._may_serve = type(self._observer) is StreamObserver  # an observer sees all
        self._send(self._writer.connected())
        self._send(self._writer.start())

    def _disconnect(self, stop: StopReason | None) -> None:
        if self._socket is None:
            return
        if stop is not None:
            self._send(self._writer.stop(stop))
        if stop is not None and self._options.close_after_stop == "drop":
            self._socket.hang_up()
        else:
            self._socket.close()

    def _send(self, message: bytes) -> None:
        if self._socket is not None:
            self._socket.send_text(message)
        self._observer.sent(message)

    def _end_media(self) -> None:
        self._due_marks.clear()
        self._long_message, self._has_held = None, False
        self._count_dropped()

    def _count_dropped(self) -> None:
        self._counts.audio_dropped(self._messages.take_dropped_ms())

    def _start_timer(self, seconds: float, then: Callable[..., None], *arguments: Any) -> None:
        self._stop_timer()
        self._timer = self._bots.reactor.callLater(seconds, then, *arguments)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
