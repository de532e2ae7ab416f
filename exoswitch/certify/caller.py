"""Core: the caller of a scenario: it plays stages in order; a stage can end early when the bot has done its part."""

from random import Random
from typing import NamedTuple

from attrs import define, field

from exoswitch.audio.frames import FRAME_S
from exoswitch.audio.g711 import ULAW
from exoswitch.certify.scenario import Stage
from exoswitch.certify.tape import Tape, is_audible
from exoswitch.errors import RemoteProtocolError
from exoswitch.rtp.packet import Packetizer, parse
from exoswitch.sim.script import ScriptPlayer


class CallerTick(NamedTuple):
    """One tick of a caller: the packet that it sends, and the key that it released (or an empty string)."""

    packet: bytes
    digit: str


def heard(data: bytes) -> bool:
    """Whether a packet holds audible sound."""
    try:
        return is_audible(ULAW.decode(parse(data).payload))
    except RemoteProtocolError:
        return False


@define
class ScriptedCaller:
    """One caller, from the answer on. It decides by the tape when a stage ends."""

    _stages: tuple[Stage, ...]
    _tape: Tape
    _rng: Random
    _number: int = field(default=-1, init=False)
    _ticks_left: int = field(default=0, init=False)
    _player: ScriptPlayer = field(init=False)
    _packetizer: Packetizer = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._packetizer = Packetizer.begin(ULAW.payload_type, self._rng)

    def datagram(self, data: bytes) -> None:
        """Take a packet from the gateway."""
        self._tape.heard_at_phone += heard(data)

    def tick(self, now: float) -> CallerTick | None:
        """Let 20 ms pass. None means that all stages are over and the caller hangs up."""
        while self._ticks_left <= 0 or self._stages[self._number].until(self._tape, now):
            if self._number + 1 >= len(self._stages):
                return None
            self._begin(self._number + 1, now)
        self._ticks_left -= 1
        moment = self._player.tick()
        return CallerTick(self._packetizer.encode(ULAW.encode(moment.pcm), marker=False), moment.digit)

    def _begin(self, number: int, now: float) -> None:
        stage = self._stages[number]
        self._number = number
        self._ticks_left = round(stage.at_most_s / FRAME_S)
        self._player = ScriptPlayer(stage.script)
        self._tape.stage(stage.name, now)
