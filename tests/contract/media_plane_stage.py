"""The stage of the contract of every media plane: each way to tick and to read datagrams, and Asterisk's end."""

from functools import partial

import pytest

from exoswitch.audio.frames import FRAME_SAMPLES
from exoswitch.audio.g711 import ULAW
from exoswitch.rtp.packet import Packetizer, parse
from tests.harness.rtp_nodes import ENCODING, NEEDS_COMPILED, MemoryNode, SocketNode, ThreadNode

TONE = b"\x10\x20" * FRAME_SAMPLES
CODED = ULAW.encode(TONE)
HEARD = ULAW.decode(CODED)

WAYS = {
    "memory": (MemoryNode, ("python", "compiled")),
    "polled": (partial(SocketNode, polled=True), ("python", "compiled")),
    "queued": (partial(SocketNode, polled=False), ("python", "compiled")),
    "thread": (ThreadNode, ("compiled",)),
}


def nodes():
    """Give each way with each plane that has it."""
    for name, (way, planes) in WAYS.items():
        for plane in planes:
            marks = [*[NEEDS_COMPILED] * (plane == "compiled"), *[pytest.mark.loopback] * (way is not MemoryNode)]
            yield pytest.param(partial(way, plane=plane), id=f"{plane}-{name}", marks=marks)


class Asterisk:
    """The other end of a leg's RTP."""

    def __init__(self, node, leg):
        self.peer, self.port, self.address = node.peer(), leg.port, None
        self.stream = Packetizer(0, 65_530, 2**32 - 500, 99)
        self.address = self.peer.address

    def speak(self, coded=CODED):
        self.peer.send(self.stream.encode(coded, marker=False), self.port)

    def heard(self):
        return [parse(data).payload for data in self.peer.received()]


def connected(node):
    leg, call = node.open()
    asterisk = Asterisk(node, leg)
    leg.direct(*asterisk.address)
    leg.attach(call, ENCODING)
    return leg, call, asterisk
