"""Adapter: the recordings of calls between two phones, whose audio Asterisk has: taps bring copies of it.

On one channel, a tap brings both phones, mixed. On two channels, each phone has a tap of its own.
A recording begins when the first phone answers; after a bot, it goes on when the two phones are connected. If its
audio cannot be had, the call goes on without it.
"""

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exoswitch.audio.frames import FRAME_BYTES, FRAME_S
from exoswitch.call.events import MediaAnnounced, SwitchEvent
from exoswitch.call.media import RecordingSink
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import Session
from exoswitch.errors import NoCapacity
from exoswitch.gateway.audio_tap import AudioTap, TapListener, call_of_tap, hang_up_earlier, kind_of
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_call import LiveCall
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.interfaces.recordings import IRecording
from exoswitch.interfaces.switch import ISwitch

_PREFIX = "rec"
_APART_BYTES = 150 * FRAME_BYTES  # 3 s; a leg gives its audio once a second


@define
class TwoSides:
    """Joins the audio of two taps in time: the first phone's on the left, the second's on the right.

    A side without audio for three seconds is silent.
    """

    _recording: RecordingSink
    _clock: IReactorTime
    _began_at: float = field(init=False)
    _sides: tuple[bytearray, bytearray] = field(factory=lambda: (bytearray(), bytearray()), init=False)
    _given: int = field(default=0, init=False)  # bytes of each side

    def __attrs_post_init__(self) -> None:
        """Count the time from now on."""
        self._began_at = self._clock.seconds()

    def side(self, number: int) -> "_Side":
        """Begin a side: what is before it is silence."""
        frames = int((self._clock.seconds() - self._began_at) / FRAME_S)
        side = self._sides[number]
        side.extend(bytes(max(0, frames * FRAME_BYTES - self._given - len(side))))
        return _Side(self, number)

    def add(self, number: int, pcm: bytes) -> None:
        """Take the audio of a side, and give what both sides have."""
        side, other = self._sides[number], self._sides[1 - number]
        side.extend(pcm)
        other.extend(bytes(max(0, len(side) - len(other) - _APART_BYTES)))
        self._give(min(len(side), len(other)))

    def end(self) -> None:
        """Give the rest of the longer side."""
        for side, other in (self._sides, self._sides[::-1]):
            other.extend(bytes(max(0, len(side) - len(other))))
        self._give(len(self._sides[0]))

    def _give(self, size: int) -> None:
        if size:
            left, right = (bytes(side[:size]) for side in self._sides)
            for side in self._sides:
                del side[:size]
            self._given += size
            self._recording.take(left, right)


@define
class _Side:
    """One side, as the sink of a leg."""

    _sides: TwoSides
    _number: int

    def take(self, said: bytes, played: bytes) -> None:  # noqa: ARG002 - nothing is played on a tap
        """Take what the phone said."""
        self._sides.add(self._number, said)


@define(eq=False)
class _Running(TapListener):
    """The recording of one call, and its taps."""

    recording: IRecording
    sides: TwoSides | None
    taps: list[AudioTap] = field(factory=list)

    def end(self, *, is_over: bool) -> None:
        """End the taps, then the recording."""
        for tap in self.taps:
            tap.close()
        if self.sides is not None:
            self.sides.end()
        self.recording.end(is_over=is_over)


@define(eq=False)
class PhoneRecordings:
    """Begins the recordings of this gateway's calls between phones, and ends each with its call."""

    _environment: Environment
    _calls: LiveCalls
    _running: dict[str, _Running] = field(factory=dict, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.taps"), init=False)

    def changed(self, session: Session) -> None:
        """Begin or end the recording of a call, or its second side, if it is time."""
        call, second = self._calls.find(session.call_sid), session.second
        if session.recording is None or second is None:
            return
        if session.status.is_final:
            self._end(session.call_sid, is_over=True)
        elif call is not None and _is_due(session, second):
            self._go_on(call, session, second, self._running.get(session.call_sid) or self._begin(session))

    def over(self, call_sid: str) -> None:
        """End the recording here of a call that another gateway has now."""
        self._end(call_sid, is_over=False)

    def observe(self, switch: ISwitch, event: SwitchEvent) -> bool:
        """Take the address of a tap; say whether the event is one of a tap."""
        if not isinstance(event, MediaAnnounced):
            return False
        running = self._running.get(call_of_tap(event.channel_id))
        return running is not None and any(tap.observe(switch, event) for tap in running.taps)

    def _end(self, call_sid: str, *, is_over: bool) -> None:
        running = self._running.pop(call_sid, None)
        if running is not None:
            running.end(is_over=is_over)

    def _begin(self, session: Session) -> _Running:
        environment = self._environment
        offset_s = max(0.0, environment.wall_clock() - (session.answered_at or 0.0))
        recording = environment.recordings.begin(session, offset_s)
        is_dual = session.recording is not None and session.recording.channels == "dual"
        sides = TwoSides(recording, environment.clock) if is_dual else None
        self._running[session.call_sid] = running = _Running(recording, sides)
        return running

    def _go_on(self, call: LiveCall, session: Session, second: SecondLeg, running: _Running) -> None:
        """Hear both phones; with two channels, each on a tap of its own as soon as it is connected."""
        channel_id = call.channel.channel_id
        if not running.taps:
            self._tap(running, session, call)
        if running.sides is None:
            running.taps[0].hear_both(session, channel_id)
            return
        running.taps[0].hear("a", channel_id, one_side=True)
        if second.answered_at is not None:
            if len(running.taps) == 1:
                self._tap(running, session, call)
            running.taps[1].hear("b", second.channel_id or second.call_sid, one_side=True)

    def _tap(self, running: _Running, session: Session, call: LiveCall) -> None:
        """Begin a tap at the call's Asterisk; those of an earlier gateway of the call end."""
        environment, switch, number = self._environment, call.channel.switch, len(running.taps)
        if number == 0:
            hang_up_earlier(switch, _PREFIX, session)
        kind = kind_of(_PREFIX, session)
        tap = AudioTap(switch, kind, session.call_sid, environment.media, environment.clock)
        running.taps.append(tap)
        try:
            leg = tap.open(running)
        except NoCapacity as problem:
            self._log.warn(
                "call {call_sid} is recorded without a side: {problem}",
                call_sid=session.call_sid,
                problem=str(problem),
            )
        else:
            leg.record(running.recording if running.sides is None else running.sides.side(number))


def _is_due(session: Session, second: SecondLeg) -> bool:
    """Whether the taps may begin: until the phones are connected, a bot's media leg records the first one."""
    return session.answered_at is not None and (session.bot is None or second.answered_at is not None)
