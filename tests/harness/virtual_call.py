"""A call in virtual time: phone, network and media leg; minutes of a call take a second.

phone ──► network ──► media leg ──► echo ──► media leg ──► network ──► phone
"""

from functools import lru_cache
from random import Random

from attrs import astuple, frozen

from exoswitch.audio.frames import FRAME_S
from exoswitch.audio.g711 import ULAW, Law
from exoswitch.rtp.leg import MediaLeg
from exoswitch.rtp.session import LegSettings
from exoswitch.sim.caller import Caller
from exoswitch.sim.latency import LatencySummary, Meters
from exoswitch.sim.network import Conditions, Network, NetworkStatistics
from exoswitch.sim.script import Script, parse_script

_PHONE = ("127.0.0.1", 4000)
_GATEWAY_PHASE_S = 0.007  # the ticks of gateway and phone are at different times

_encode = lru_cache(maxsize=4096)(Law.encode)  # 80 s of different frames, 2 MiB


@frozen(eq=False)
class CachedLaw(Law):
    """A law that encodes each different frame once: encoding is the slowest part of a virtual call."""

    def encode(self, pcm: bytes) -> bytes:
        """Compress whole samples of PCM, or give the cached result."""
        return _encode(self, pcm)


def cached(law: Law) -> CachedLaw:
    """Give the same law with a cache."""
    return CachedLaw(*astuple(law, recurse=False))


_LAW = cached(ULAW)


@frozen(kw_only=True)
class VirtualCall:
    """The state of a virtual call at its end, for tests."""

    caller: Caller
    leg: MediaLeg
    network_out: NetworkStatistics
    network_back: NetworkStatistics
    latency_out: LatencySummary
    latency_back: LatencySummary
    longest_queue_ms: int


def run_virtual_call(
    seconds: float, conditions: Conditions, *, seed: int = 0, script: Script | None = None
) -> VirtualCall:
    """Run a call between a phone and an echo, over a network with these conditions each way."""
    meters = Meters()
    network_out, network_back = Network(conditions, seed), Network(conditions, seed + 1)
    script = script or parse_script("babble")
    caller = Caller(script, Random(seed), 0.0, meters=meters)
    leg = MediaLeg(LegSettings(source_host=_PHONE[0], law=_LAW), Random(seed))
    leg.direct(*_PHONE)
    leg.attach()
    longest_queue_ms = 0
    for number in range(round(seconds / FRAME_S)):
        now = number * FRAME_S
        for data in network_back.due(now):
            caller.ear.datagram(data, now)
        network_out.send(caller.tick(now)[0], now)
        now += _GATEWAY_PHASE_S
        for data in network_out.due(now):
            leg.datagram(data, _PHONE, now)
        pcm, packet, _, _ = leg.tick(now)
        if packet is not None:
            network_back.send(packet, now)
        if pcm is not None:
            meters.echoed(pcm, now)
            leg.playout.play(pcm)
            longest_queue_ms = max(longest_queue_ms, leg.playout.queued_ms)
    return VirtualCall(
        caller=caller,
        leg=leg,
        network_out=network_out.statistics,
        network_back=network_back.statistics,
        latency_out=meters.out.summary(),
        latency_back=meters.back.summary(),
        longest_queue_ms=longest_queue_ms,
    )
