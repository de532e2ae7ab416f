"""The audio of a phone or of a gateway: RTP in and out of one UDP socket, in a thread of its own.

SIPp speaks SIP and names this port in its SDP. A gateway's audio is a phone that has to `echo`; UnicastRTP gets its
address.
"""

import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import cycle, pairwise, repeat, takewhile
from types import TracebackType
from typing import Self

from attrs import define, field, frozen

from tests.harness.e2e.audio import tone, ulaw_decoded, ulaw_encoded

FRAME_S = 0.02
FRAME_BYTES = 160
PCMU = 0
TELEPHONE_EVENT = 101
SSRC = 0x70686F6E
SILENCE = b"\xff" * FRAME_BYTES  # mu-law
KEYS = "0123456789*#ABCD"
_HEADER = struct.Struct("!BBHII")

# Half an hour of packets: more than any test lasts.
REMEMBERED = 90_000

Address = tuple[str, int]


@frozen
class Packet:
    """A received RTP packet; `at` is its time on the monotonic clock."""

    at: float
    source: Address
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    payload: bytes

    @property
    def is_voice(self) -> bool:
        """Whether it is audio, and not all silence."""
        return self.payload_type == PCMU and bool(self.payload.strip(b"\xff\x7f"))


@define
class Phone:
    """A context manager that sends 20 ms of mu-law every 20 ms to every line, and remembers each received packet.

    It sends silence by default: Asterisk sends nothing to the gateway while the phone sends nothing.
    """

    host: str = "127.0.0.1"
    packets: "deque[Packet]" = field(factory=lambda: deque(maxlen=REMEMBERED), init=False)
    lines: list[Address] = field(factory=list, init=False)
    _socket: socket.socket = field(init=False)
    _thread: threading.Thread = field(init=False)
    _news: threading.Condition = field(factory=threading.Condition, init=False)
    _frames: Iterator[bytes] | None = field(factory=lambda: repeat(SILENCE), init=False)
    _own_frames: dict[Address, Iterator[bytes]] = field(factory=dict, init=False)
    _presses: "deque[tuple[bool, bytes]]" = field(factory=deque, init=False)
    _pressed_at: int = field(default=0, init=False)
    _echoes: bool = field(default=False, init=False)
    _sequence: int = field(default=1000, init=False)
    _timestamp: int = field(default=160_000, init=False)
    _steps: Iterator[int] = field(factory=lambda: repeat(FRAME_BYTES), init=False)
    _stalls: "deque[tuple[float, float]]" = field(factory=lambda: deque(maxlen=1000), init=False)
    _over: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.host, 0))
        self._thread = threading.Thread(target=self._run, name=f"phone-{self.port}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._over = True
        self._thread.join()
        self._socket.close()

    @property
    def port(self) -> int:
        """The UDP port of its audio."""
        port: int = self._socket.getsockname()[1]
        return port

    # --- sending

    def connect(self, host: str, port: int) -> None:
        """Send to this address too."""
        self.lines.append((host, port))

    def disconnect(self) -> None:
        """Stop sending."""
        self.lines.clear()

    def play(self, pcm: bytes) -> None:
        """Send this sound in a loop, from its beginning."""
        self._frames = _looped(pcm)

    def play_on(self, line: Address, pcm: bytes) -> None:
        """Send this sound in a loop on one line, in place of the sound of the others."""
        self._own_frames[line] = _looped(pcm)

    def play_tone(self, hz: float, dbm0: float = -10.0) -> None:
        """Send a tone of whole Hz, without a click where it repeats."""
        self.play(tone(hz, dbm0, 1.0))

    def play_nothing(self) -> None:
        """Send no packets at all."""
        self._frames = None

    def stamp(self, *steps: int) -> None:
        """Let the timestamps of the packets grow in these steps, over and over; 160 samples are right."""
        self._steps = cycle(steps)

    def echo(self) -> None:
        """Send each packet back to its sender, and nothing else."""
        self._echoes, self._frames = True, None

    def press(self, key: str, duration_s: float = 0.1) -> None:
        """Press a key: RFC 4733 events in place of audio, the last of them three times."""
        code, frames = KEYS.index(key), max(2, round(duration_s / FRAME_S))
        for number in range(frames + 2):
            ends = number >= frames - 1
            duration = FRAME_BYTES * min(number + 1, frames)
            payload = struct.pack("!BBH", code, (0x80 if ends else 0) | 10, duration)
            self._presses.append((number == 0, payload))

    # --- hearing

    def heard(self, *, since: float = 0.0, until: float = float("inf"), line: Address | None = None) -> bytes:
        """Give the PCM of the audio packets that came in this time (monotonic), in order."""
        packets = [packet for packet in self.came_on(line, since=since) if packet.payload_type == PCMU]
        return ulaw_decoded(b"".join(packet.payload for packet in packets if packet.at < until))

    def came_on(self, line: Address | None, *, since: float = 0.0) -> list[Packet]:
        """Give the packets that came on one of its lines, or on all."""
        latest = takewhile(lambda packet: packet.at >= since, reversed(list(self.packets)))
        return [packet for packet in latest if line in {None, packet.source}][::-1]

    def longest_silence_s(self, line: Address, since: float) -> float:
        """Give the longest time without a voice on a line since a moment."""
        voices = [packet.at for packet in self.came_on(line, since=since) if packet.is_voice]
        return max(after - before for before, after in pairwise([since, *voices, time.monotonic()]))

    def stalled_s(self, since: float) -> float:
        """Give the longest time for which this phone itself stood still since a moment."""
        return max((seconds for at, seconds in list(self._stalls) if at >= since), default=0.0)

    def wait_for_packets(self, count: int, timeout_s: float = 15.0, *, line: Address | None = None) -> list[Packet]:
        """Wait until so many more packets have come, and give those.

        Raises:
            AssertionError: they did not come in time.
        """
        seen: list[Packet] = []

        def enough() -> bool:
            seen[:] = self.came_on(line, since=began)
            return len(seen) >= count

        began = time.monotonic()
        self._wait(enough, timeout_s, lambda: f"{len(seen)} of {count} RTP packets came in {timeout_s} s")
        return seen

    def listen(self, seconds: float, *, line: Address | None = None) -> bytes:
        """Wait for so much audio to come, on a line or on all, and give its PCM."""
        packets = self.wait_for_packets(round(seconds / FRAME_S), timeout_s=seconds + 5.0, line=line)
        return ulaw_decoded(b"".join(packet.payload for packet in packets if packet.payload_type == PCMU))

    def _wait(self, condition: Callable[[], bool], timeout_s: float, complaint: Callable[[], str]) -> None:
        with self._news:
            assert self._news.wait_for(condition, timeout_s), complaint()

    # --- encryption, which a plain phone does not have

    def sealed(self, packet: bytes) -> bytes:
        """Give the datagram of an RTP packet."""
        return packet

    def opened(self, datagram: bytes) -> bytes:
        """Give the RTP packet of a datagram; nothing if it has none."""
        return datagram

    # --- the thread

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over:
            due += FRAME_S
            now = time.monotonic()
            if now > due:
                self._stalls.append((now, now - due))
            self._send_frame()
            while (left := due - time.monotonic()) > 0:
                if select.select([self._socket], [], [], left)[0]:
                    self._receive()

    def _receive(self) -> None:
        datagram, source = self._socket.recvfrom(2048)
        data = self.opened(datagram)
        if len(data) < _HEADER.size:
            return
        _, second, sequence, timestamp, _ = _HEADER.unpack_from(data)
        packet = Packet(
            time.monotonic(), source, second & 0x7F, bool(second & 0x80), sequence, timestamp, data[_HEADER.size :]
        )
        if self._echoes:
            self._socket.sendto(self.sealed(data), source)
        with self._news:
            self.packets.append(packet)
            self._news.notify_all()

    def _send_frame(self) -> None:
        self._timestamp += next(self._steps)
        if self._presses:
            begins, event = self._presses.popleft()
            if begins:
                self._pressed_at = self._timestamp
            self._send(TELEPHONE_EVENT, event, timestamp=self._pressed_at, marker=begins)
        elif self._frames is not None:
            self._send(PCMU, next(self._frames), timestamp=self._timestamp)

    def _send(self, payload_type: int, payload: bytes, *, timestamp: int, marker: bool = False) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = _HEADER.pack(0x80, payload_type | marker << 7, self._sequence, timestamp & 0xFFFFFFFF, SSRC)
        for line in list(self.lines):
            own = self._own_frames.get(line) if payload_type == PCMU else None
            self._socket.sendto(self.sealed(header + (payload if own is None else next(own))), line)


def _looped(pcm: bytes) -> Iterator[bytes]:
    """Cut a sound into frames, over and over."""
    sound = ulaw_encoded(pcm)
    starts = range(0, len(sound), FRAME_BYTES)
    return cycle([sound[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\xff") for start in starts])
