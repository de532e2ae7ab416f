"""A simulated phone sends each packet when its network has carried it."""

from random import Random

from twisted.internet.protocol import DatagramProtocol

from exoswitch.sim.caller import Caller
from exoswitch.sim.network import Conditions, Network
from exoswitch.sim.phone import Phone
from exoswitch.sim.script import Script
from exoswitch.sim.virtual_reactor import VirtualReactor


class Gateway(DatagramProtocol):
    def __init__(self, reactor):
        self._reactor = reactor
        self.heard_at = []

    def datagramReceived(self, datagram, addr):
        self.heard_at.append(self._reactor.seconds())


def test_packet_does_not_wait_for_one_that_is_due_later():
    reactor = VirtualReactor()
    gateway = Gateway(reactor)
    port = reactor.listenUDP(0, gateway)
    slow, fast = Network(Conditions(delay_s=0.1)), Network(Conditions(delay_s=0.01))
    phone = Phone(reactor, "127.0.0.1", Caller(Script(), Random(1), 0.0), fast, slow)
    there = (port.getHost().host, port.getHost().port)
    port.write(b"audio", phone.open(there))
    reactor.advance(0)
    phone.tick()
    reactor.pump([0.01, 0.09])
    assert gateway.heard_at == [0.01]
    phone.close()
