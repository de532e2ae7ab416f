"""A fuzz target: raw bytes of one bot, after the handshake, against its stream and the real media leg of its call.

`one_input` raises if the bytes make exoswitch log an error, keep more than its limits, or tell the call anything but
one end of the stream. The bytes arrive whole, in small pieces, and on a slow machine, where they wait for their turn;
all must have the same effect.
"""

import random

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, capturedLogs

from exoswitch.rtp.bound_leg import BoundLeg
from exoswitch.rtp.leg import MediaLeg
from exoswitch.rtp.plane import MediaSession
from exoswitch.rtp.session import LegSettings
from tests.harness.turns import SlowReactor
from tests.harness.wire import BINARY, CLOSE, PING, TEXT, Wire, frame, stream_start

MAX_MESSAGE_BYTES = 2 * 1024 * 1024
MAX_MARKS = 4096
TICKS = 5

MEDIA = b'{"event":"media","stream_sid":"s","media":{"payload":"%b"}}'
SEEDS = (
    frame(MEDIA % (b"AQID" * 110)) + frame({"event": "mark", "mark": {"name": "m"}}) + frame({"event": "clear"}),
    frame(b'{"event":"media",', TEXT, final=False) + frame(b"p", PING) + frame(b'"media":{"payload":"AAA="}}', 0),
    frame(MEDIA % (b"AQIDBA\\/\\u002b-_" * 7000)) + frame(MEDIA % b"AAA"),
    frame({"event": "media", "media": {"payload": "AQI=", "chunk": 1}}) + frame(b"\0" * 50, BINARY),
    frame({"event": "stop"}) + frame(b"[[[[[{}]]]]]") + frame(b"\xff\xfe") + frame(b"\x03\xe8bye", CLOSE),
    frame(b"\x03\xed", CLOSE) + frame(b"", CLOSE),
    b"\xc1\x01x" + b"\x81\x85mask\0\0\0\0\0" + b"\x83\x00" + b"\x81\x7f" + b"\xff" * 8,
)


class Call:
    """Is told of the media; nothing of it ends this call."""

    def playout_began(self) -> None:
        pass

    def playout_overflowed(self, dropped_ms: int) -> None:
        assert dropped_ms > 0


class Stream:
    """One stream, its leg, and what came of some bytes."""

    def __init__(self, rate: str, reactor: MemoryReactorClock) -> None:
        self.session = MediaSession(MediaLeg(LegSettings(source_host="192.0.2.1"), random.Random(0)), None, None)
        leg = BoundLeg("192.0.2.2", 20000, self.session, Call(), lambda: None)
        self.wire = Wire(stream_start(f"ws://127.0.0.1/{rate}"), leg=leg, reactor=reactor)
        self.session.leg.direct("192.0.2.1", 4000)

    def feed(self, data: bytes) -> None:
        """Take bytes of the bot; check what is kept."""
        if not self.wire.transport.disconnecting:
            self.wire.send(data)
        while not (self.wire.transport.is_reading or self.wire.transport.disconnecting):
            self.wire.reactor.turn()
        socket, playout = self.wire.connection._socket, self.session.leg.playout
        assert socket._incoming.unfinished_bytes <= MAX_MESSAGE_BYTES
        assert len(playout._marks) <= MAX_MARKS
        assert playout.queued_ms <= 1000 * playout.max_s

    def finish(self) -> tuple[object, ...]:
        """Play, end the connection, and give all that the phone and the bot received."""
        heard = [self.session.leg.tick(number / 50)[1] for number in range(TICKS)]
        self.wire.transport.loseConnection()
        for _ in range(5):
            self.wire.reactor.advance(1)
        (opened, closed) = self.wire.listener.told
        assert opened == "opened"
        assert closed[0] == "closed"
        assert self.wire.reactor.getDelayedCalls() == []
        assert self.wire.bots.shared.unfinished.all_bytes == 0
        return heard, self.wire.received(), closed, dict(self.wire.metrics)


def one_input(data: bytes) -> None:
    """Send these bytes on one stream; the first byte chooses the rate of its audio."""
    rate = ("", "?sample-rate=16000", "?sample-rate=24000")[data[0] % 3 if data else 0]
    results = []
    whole, pieces = len(data) or 1, 7 if len(data) < 10_000 else 1000
    for size, reactor in ((whole, MemoryReactorClock()), (pieces, MemoryReactorClock()), (whole, SlowReactor())):
        with capturedLogs() as log:
            stream = Stream(rate, reactor)
            for at in range(0, len(data), size):
                stream.feed(data[at : at + size])
            results.append(stream.finish())
        assert [event for event in log if event["log_level"] >= LogLevel.error] == []
    assert results[0] == results[1] == results[2]
