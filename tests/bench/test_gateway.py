"""The gateway of a benchmark: its short calls."""

from functools import partial

import pytest
from twisted.internet.error import ConnectError
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from exoswitch.bench.gateway import Gateway
from exoswitch.bench.job import SHORT_S, Ends, Job
from exoswitch.rtp.service import RtpService
from tests.harness.udp import MemoryUDP


class MemoryNetwork(MemoryUDP, MemoryReactorClock):
    """A reactor with UDP and TCP in memory."""


@pytest.fixture
def gateway(monkeypatch):
    monkeypatch.setattr("exoswitch.bench.gateway.RtpService", partial(RtpService, polled=False))
    job = Job(calls=0, chunk_ms=20, short_calls=1, set_ups=0.4, plane="python", tick="reactor")
    gateway = Gateway(MemoryNetwork(), job, [Ends(4000, 5000)])
    yield gateway
    gateway._rtp.stopService()


def test_a_short_call_whose_bot_cannot_be_reached_is_counted(gateway):
    reactor = gateway._reactor
    gateway.begin()
    reactor.advance(0)
    [(_, port, factory, _, _)] = reactor.tcpClients
    assert port == 5000
    factory.clientConnectionFailed(None, Failure(ConnectError()))
    reactor.advance(SHORT_S)
    assert gateway.figures()["failed_set_ups"] == 1
