"""Core: a simulated caller: it plays its script as G.711 over RTP, and records the audio that comes back."""

from collections.abc import Iterator
from functools import lru_cache
from random import Random

from attrs import define, field

from exoswitch.audio.channels import mixed
from exoswitch.audio.frames import FRAME_BYTES, FRAME_S, SAMPLE_RATE_HZ
from exoswitch.audio.g711 import ULAW, Law
from exoswitch.rtp.packet import Packetizer
from exoswitch.sim.ear import Ear
from exoswitch.sim.latency import Meters
from exoswitch.sim.script import Moment, Script, play

_RECORDED_BYTES = 600 * 2 * SAMPLE_RATE_HZ


@lru_cache(maxsize=2048)
def _through_codec(law: Law, pcm: bytes) -> tuple[bytes, bytes]:
    """Give a frame's payload and its decoded PCM. The cache helps because scripts repeat frames."""
    payload = law.encode(pcm)
    return payload, law.decode(payload)


@define
class Caller:
    """One caller, from the answer on. `spoken` is its audio, `ear` the audio that it hears; meters measure both.

    `also` is what another one says, mixed into its audio.
    """

    _script: Script
    _rng: Random
    began_at: float
    _law: Law = field(default=ULAW, kw_only=True)
    _meters: Meters | None = field(default=None, kw_only=True)
    _also: Script | None = field(default=None, kw_only=True)
    ear: Ear = field(init=False)
    spoken: bytearray = field(init=False, factory=bytearray, repr=False)
    sent: int = field(init=False, default=0)
    _moments: Iterator[Moment] = field(init=False)
    _others: Iterator[Moment] | None = field(init=False)
    _packetizer: Packetizer = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ear = Ear(self.began_at, self._meters.back if self._meters else None)
        self._moments = play(self._script)
        self._others = None if self._also is None else play(self._also)
        self._packetizer = Packetizer.begin(self._law.payload_type, self._rng)

    def tick(self, now: float) -> tuple[bytes, Moment]:
        """Let 20 ms pass; give the packet to send, and the moment of the script."""
        moment = next(self._moments)
        said = moment.pcm if self._others is None else mixed(moment.pcm, next(self._others).pcm)
        payload, pcm = _through_codec(self._law, said)
        if self._meters is not None:
            self._meters.out.sent(pcm, now)
        if not self.sent:
            self.spoken += bytes(FRAME_BYTES * round((now - self.began_at) / FRAME_S))
        if len(self.spoken) < _RECORDED_BYTES:
            self.spoken += pcm
        self.sent += 1
        return self._packetizer.encode(payload, self.sent == 1), moment
