"""Calls on real sockets: twenty for fifty ticks, and one on a machine with two addresses."""

import random

import pytest
from twisted.internet.defer import maybeDeferred
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater

from exoswitch.audio.g711 import ULAW
from exoswitch.config.model import RtpConfig
from exoswitch.rtp.packet import Packetizer
from exoswitch.rtp.service import RtpService
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.e2e.ports import free_ports
from tests.harness.rtp_nodes import ENCODING, NEEDS_COMPILED, PLANES, Call, SocketNode

pytestmark = pytest.mark.loopback
CALLS, TICKS = 20, 50


class Echo(DatagramProtocol):
    """An Asterisk that sends each packet back."""

    noisy = False

    def __init__(self):
        self.received = 0

    def datagramReceived(self, datagram, addr):
        self.received += 1
        self.transport.write(datagram, addr)


@pytest.mark.parametrize(
    ("kind", "tick", "polled"),
    [
        pytest.param("python", "reactor", True, id="python-polled"),
        pytest.param("python", "reactor", False, id="python-queued"),
        pytest.param("compiled", "thread", True, id="compiled-thread", marks=NEEDS_COMPILED),
        pytest.param("compiled", "reactor", True, id="compiled-polled", marks=NEEDS_COMPILED),
        pytest.param("compiled", "reactor", False, id="compiled-queued", marks=NEEDS_COMPILED),
    ],
)
async def test_every_frame_of_every_call_returns(reactor, kind, tick, polled):
    config = RtpConfig(bind="127.0.0.1", ports=free_ports(100), plane=kind, tick=tick)
    plane = RtpService(reactor, config, random.Random(1), MemoryMetrics(), polled=polled)
    assert plane.tick == tick
    echoes, calls, legs = [], [], []

    began = reactor.seconds()
    plane.startService()
    for _ in range(CALLS):
        echo, call = Echo(), Call()
        port = reactor.listenUDP(0, echo, interface="127.0.0.1")
        leg = plane.open("127.0.0.1", call)
        leg.direct("127.0.0.1", port.getHost().port)
        leg.attach(call, ENCODING)
        leg.play(b"\x10\x20" * 16_000)
        echoes.append(echo)
        calls.append(call)
        legs.append(leg)

    def counted():
        return [leg.statistics() for leg in legs]

    while not all(told.sent >= TICKS and told.received >= told.sent - 6 for told in counted()):
        await deferLater(reactor, 0.02)
    await plane.stopService()
    ticks = (reactor.seconds() - began) / 0.02
    while sum(echo.received for echo in echoes) < sum(told.sent for told in counted()):
        await deferLater(reactor, 0.01)  # the kernel has the last packets
    for echo in echoes:
        await maybeDeferred(echo.transport.stopListening)
    assert max(told.sent for told in counted()) <= ticks + 1
    assert [echo.received for echo in echoes] == [told.sent for told in counted()]
    assert {told.lost for told in counted()} == {0}
    assert [len(call.media) for call in calls] == [told.sent for told in counted()]


@pytest.mark.parametrize("kind", PLANES)
@pytest.mark.parametrize("polled", [True, False], ids=["polled", "queued"])
def test_a_machine_with_two_addresses_hears_the_one_that_it_advertises(polled, kind):
    # The route to Asterisk, at 127.0.0.1, leaves from 127.0.0.1; Asterisk sends to this machine's other address.
    node = SocketNode(polled=polled, plane=kind, bind="0.0.0.0", advertise="127.0.0.2")
    (leg, call), asterisk, speech = node.open(), node.peer(), Packetizer(0, 1, 2, 3)
    leg.attach(call, ENCODING)
    leg.direct(*asterisk.address)
    for _ in range(20):
        asterisk.send(speech.encode(ULAW.encode(b"\x10\x20" * 160), marker=False), leg.port, leg.host)
        node.tick()
    node.close()
    assert leg.statistics().received == 20
