"""Core: the jitter buffer: packets go in as they come, and one 20 ms frame comes out on every tick.

It never waits: a frame that is there at its tick is given in that tick. A missing frame is a hole, and time goes on
over holes. The buffer adapts its delay:

* A packet that comes after its tick shows that the delay is too short. If nothing has been played since the hole, the
  buffer goes back to it, and nothing is lost. Otherwise it pauses for one frame. Both make the delay longer.
* If every packet of three seconds came a frame or more too early, the delay is too long. That many frames are left
  out: quiet ones as soon as there are any, else one loud frame a second, faded into the next.

Clock drift is a slow case of these two. Audio is kept in slots on a grid of 20 ms, so packets of 10, 30 or 40 ms are
cut and joined.
"""

from enum import Enum

from attrs import define, field

from exoswitch.audio.concealment import spliced
from exoswitch.audio.frames import FRAME_BYTES, FRAME_S, FRAME_SAMPLES
from exoswitch.rtp.serial import add_32, difference_32

_REVIEW_FRAMES = 150  # 3 s
_LOUD_DROP_FRAMES = 50  # 1 s
_QUIET_HIGH_BYTES = b"\x00\x01\xfe\xff"  # of samples within ±512: quieter than -36 dB
_UNKNOWN = 1 << 31  # no packet can be so early

SETTLED_S = (2 * _REVIEW_FRAMES + _LOUD_DROP_FRAMES) * FRAME_S
"""The longest time from the last late packet until a delay that is one frame too long is short again.

The review in progress does not count, the next one finds the frame, and then one loud frame may be left out.
"""


class State(Enum):
    """Whether the buffer waits for a first packet, or gives a frame on every tick."""

    FILLING = "filling"
    PLAYING = "playing"


_FILLING, _PLAYING = State.FILLING, State.PLAYING


@define
class _Piece:
    """An incomplete slot."""

    pcm: bytearray = field(factory=lambda: bytearray(FRAME_BYTES))
    samples: int = 0


@define
class JitterBuffer:
    """One source's audio, in order and in time; `max_samples` limits the delay and the size of the buffer.

    `late` packets came after their tick (most are still played). `concealed` ticks had no frame while playing.
    `skipped` frames were left out to make the delay shorter.
    """

    max_samples: int
    state: State = field(default=_FILLING, init=False)
    late: int = field(default=0, init=False)
    concealed: int = field(default=0, init=False)
    skipped: int = field(default=0, init=False)
    _next: int = field(default=0, init=False)  # timestamp of the slot that the next tick takes
    _end: int = field(default=0, init=False)  # timestamp after the newest audio
    _slots: dict[int, bytes] = field(factory=dict, init=False)
    _pieces: dict[int, _Piece] = field(factory=dict, init=False)
    _holes: int = field(default=0, init=False)  # number of slots without a frame before `_next`
    _pause: bool = field(default=False, init=False)
    _paused_after: int = field(default=-1, init=False)  # `_end` when the sender told of a pause
    _spare: int = field(default=_UNKNOWN, init=False)  # samples by which the latest packet was early
    _surplus: int = field(default=0, init=False)  # frames by which the delay is too long
    _until_review: int = field(default=_REVIEW_FRAMES, init=False)

    @property
    def depth_samples(self) -> int:
        """The distance of the newest audio from the next tick."""
        return max(0, difference_32(self._end, self._next))

    def restart(self) -> None:
        """Forget all audio: the next packet has another clock."""
        self.state = _FILLING
        self._slots.clear()
        self._pieces.clear()
        self._end = self._next
        self._holes = self._surplus = 0
        self._pause = False
        self._spare = _UNKNOWN

    # --- in

    def pause(self) -> None:
        """The sender says that no audio follows for now: until there is newer audio, nothing is concealed."""
        self._paused_after = self._end

    def push(self, timestamp: int, pcm: bytes, newest: bool) -> None:
        """Take a packet's audio; `newest` says that no later packet came before it."""
        if timestamp == self._next and self.state is _PLAYING and len(pcm) == FRAME_BYTES:
            self._slots[timestamp] = pcm  # the common case: in order, in time, not early
            self._end = (timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
            self._spare = 0
            return
        if not (self._slots or self._pieces or self._meet(timestamp, newest)):
            return
        early = difference_32(timestamp, self._next)
        if early < 0 and not self._reach_back(timestamp, newest):
            return
        self._put(timestamp, pcm)
        self._spare = min(self._spare, max(0, early))

    def _meet(self, timestamp: int, newest: bool) -> bool:
        """With an empty buffer, align the grid of slots with this packet; return whether it can be used."""
        if self.state is _PLAYING:
            self._next = add_32(self._next, difference_32(timestamp, self._next) % FRAME_SAMPLES)
        elif newest:
            self._next = self._end = timestamp
        else:
            self.late += 1
            return False
        return True

    def _reach_back(self, timestamp: int, newest: bool) -> bool:
        """Make room for a packet before the next slot; return whether it can be used."""
        frames = -(difference_32(timestamp, self._next) // FRAME_SAMPLES)
        if newest and frames * FRAME_SAMPLES > self.max_samples:
            self.restart()  # so late and yet the newest: the sender has set its clock back
            return self._meet(timestamp, newest)
        start = add_32(self._next, -frames * FRAME_SAMPLES)
        room = difference_32(self._end, start) <= self.max_samples
        if self.state is _FILLING and room:
            self._next = start
            return True
        self.late += 1
        self._spare = 0
        if frames <= self._holes and room:
            self._next = start
            self._holes -= frames
            return True
        self._pause = self.state is _PLAYING and self.depth_samples + FRAME_SAMPLES <= self.max_samples
        return False

    def _put(self, timestamp: int, pcm: bytes) -> None:
        """Put audio that is not late into its slots; leave out the oldest audio beyond the limit."""
        end = add_32(timestamp, len(pcm) // 2)
        if difference_32(end, self._end) > 0:
            self._end = end
        excess = difference_32(end, self._next) - self.max_samples
        if excess > 0:
            self._overflow(timestamp, excess)
        if len(pcm) == FRAME_BYTES and difference_32(timestamp, self._next) % FRAME_SAMPLES == 0:
            self._slots[timestamp] = pcm
        else:
            self._cut(timestamp, pcm)

    def _overflow(self, timestamp: int, excess: int) -> None:
        """Move to the oldest audio within the limit; if there is none, to the new packet."""
        bound = add_32(self._next, excess)
        for slot in [slot for slot in self._slots if difference_32(slot, bound) < 0]:
            del self._slots[slot]
            self.skipped += 1
        self._holes = 0
        self._prune(bound)
        ahead = [difference_32(slot, bound) for slot in self._slots]
        self._next = add_32(bound, min(ahead)) if ahead else timestamp

    def _cut(self, timestamp: int, pcm: bytes) -> None:
        """Cut a packet at the grid, and fill the slots that its parts complete."""
        at = 0
        while at < len(pcm):
            offset = difference_32(timestamp, self._next) % FRAME_SAMPLES
            slot = add_32(timestamp, -offset)
            part = pcm[at : at + FRAME_BYTES - 2 * offset]
            piece = self._pieces.setdefault(slot, _Piece())
            piece.pcm[2 * offset : 2 * offset + len(part)] = part
            piece.samples += len(part) // 2
            if piece.samples >= FRAME_SAMPLES:
                del self._pieces[slot]
                self._slots[slot] = bytes(piece.pcm)
            at += len(part)
            timestamp = add_32(timestamp, len(part) // 2)

    def _prune(self, before: int) -> None:
        """Drop the pieces of slots in the past."""
        for slot in [slot for slot in self._pieces if difference_32(slot, before) < 0]:
            del self._pieces[slot]

    # --- out

    def pop(self) -> bytes | None:
        """Give this tick's frame: 320 bytes of PCM, or None if there is none."""
        if self._pause:
            self._pause = False
            self.concealed += 1
            return None
        frame = self._slots.pop(self._next, None)
        if frame is None:
            return self._pass_over()
        self.state = _PLAYING
        self._holes = 0
        self._next = (self._next + FRAME_SAMPLES) & 0xFFFFFFFF
        if self._pieces:
            self._prune(self._next)
        self._until_review -= 1
        if self._surplus or not self._until_review:
            return self._shorten(frame)
        return frame

    def _pass_over(self) -> bytes | None:
        """Go on over a hole; after too many holes, wait for a new start."""
        if self.state is _FILLING:
            if not self._slots:
                return None
            self._next = add_32(self._next, min(difference_32(slot, self._next) for slot in self._slots))
            return self.pop()
        self.concealed += self._end != self._paused_after
        self._holes += 1
        self._next = add_32(self._next, FRAME_SAMPLES)
        if self._holes * FRAME_SAMPLES >= self.max_samples:
            self.restart()
        return None

    def _shorten(self, frame: bytes) -> bytes:
        """While the delay is too long, join two frames if the first is quiet, or if a loud one is due."""
        following = self._slots.get(self._next) if self._surplus and self._spare >= FRAME_SAMPLES else None
        loud_one_due = self._until_review % _LOUD_DROP_FRAMES == 0
        if following is not None and (loud_one_due or not frame[1::2].translate(None, _QUIET_HIGH_BYTES)):
            del self._slots[self._next]
            self._next = add_32(self._next, FRAME_SAMPLES)
            self._surplus -= 1
            self._spare -= FRAME_SAMPLES
            self.skipped += 1
            frame = spliced(frame, following)
        if not self._until_review:
            self._until_review = _REVIEW_FRAMES
            self._surplus = self._spare // FRAME_SAMPLES if self._spare < _UNKNOWN // 2 else 0
            self._spare = _UNKNOWN
        return frame
