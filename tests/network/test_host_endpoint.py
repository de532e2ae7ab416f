"""A connection to a host: to its addresses in turns, the first one that answers wins."""

import pytest
from twisted.internet.defer import CancelledError, succeed
from twisted.internet.error import ConnectError, ConnectionRefusedError, TimeoutError  # noqa: A004 - Twisted's own
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.network.host_endpoint import ATTEMPT_DELAY_S, HostEndpoint, alternating
from exoswitch.network.interfaces import INames
from tests.harness.gateways import result


@implementer(INames)
class OneHost:
    def __init__(self, addresses):
        self.addresses = addresses

    def look_up(self, host, account=""):
        return succeed(tuple(self.addresses))


class Connecting:
    """A connection that is being made; the test is the network."""

    def __init__(self, *addresses):
        self.reactor = MemoryReactorClock()
        endpoint = HostEndpoint(self.reactor, OneHost(addresses), "bot.example.org", 80, 10.0)
        self.outcome = endpoint.connect(Factory.forProtocol(Protocol))

    @property
    def tried(self):
        return [client[0] for client in self.reactor.tcpClients]

    def answers(self, index):
        protocol = self.reactor.tcpClients[index][2].buildProtocol(None)
        protocol.makeConnection(StringTransport())

    def refuses(self, index, error=ConnectionRefusedError):
        factory, connector = self.reactor.tcpClients[index][2], self.reactor.connectors[index]
        factory.clientConnectionFailed(connector, Failure(error()))

    def wait(self):
        self.reactor.advance(ATTEMPT_DELAY_S)

    def abandoned(self):
        return [connector.stoppedConnecting for connector in self.reactor.connectors]


@pytest.fixture
def connecting():
    return Connecting("fd00::1", "10.0.0.1", "10.0.0.2")


@pytest.mark.parametrize(
    ("given", "order"),
    [
        (["fd00::1", "fd00::2", "10.0.0.1", "10.0.0.2"], ["fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2"]),
        (["10.0.0.1", "10.0.0.2", "fd00::1"], ["10.0.0.1", "fd00::1", "10.0.0.2"]),
        (["10.0.0.1"], ["10.0.0.1"]),
    ],
)
def test_families_take_turns_and_the_best_address_comes_first(given, order):
    assert alternating(given) == order


def test_the_next_address_is_tried_after_a_quarter_of_a_second_and_the_first_answer_wins(connecting):
    assert connecting.tried == ["fd00::1"]
    connecting.wait()
    assert connecting.tried == ["fd00::1", "10.0.0.1"]
    connecting.answers(1)
    assert isinstance(result.successResultOf(connecting.outcome), Protocol)
    assert connecting.abandoned() == [True, False]
    assert not [call for call in connecting.reactor.getDelayedCalls() if call.active()]
    connecting.wait()
    assert len(connecting.tried) == 2


def test_the_next_address_is_tried_at_once_when_one_fails(connecting):
    connecting.refuses(0)
    connecting.refuses(1)
    assert connecting.tried == ["fd00::1", "10.0.0.1", "10.0.0.2"]
    connecting.answers(2)
    result.successResultOf(connecting.outcome)


def test_when_all_fail_the_first_error_is_told(connecting):
    connecting.wait()
    connecting.refuses(1, TimeoutError)
    connecting.refuses(2, ConnectError)
    result.assertNoResult(connecting.outcome)
    connecting.refuses(0)
    result.failureResultOf(connecting.outcome, TimeoutError)


def test_a_cancelled_connection_tries_no_further_address(connecting):
    connecting.wait()
    connecting.outcome.cancel()
    result.failureResultOf(connecting.outcome, CancelledError)
    assert connecting.abandoned() == [True, True]
    connecting.wait()
    assert len(connecting.tried) == 2
    assert connecting.reactor.getDelayedCalls() == []
