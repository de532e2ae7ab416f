import pytest
from twisted.internet.testing import StringTransport

from exoswitch.network.prompt import prompt


class Tcp:
    """A TCP transport; the network takes `room` bytes at once."""

    connected, disconnecting, dataBuffer, offset = 1, False, b"", 0

    def __init__(self):
        self.room, self.sent = 1000, b""

    def write(self, data):
        self.dataBuffer += data

    def writeSomeData(self, data):
        if self.room < 0:
            return OSError()
        taken = data[: self.room]
        self.room -= len(taken)
        self.sent += taken
        return len(taken)

    def doWrite(self):
        self.dataBuffer = self.dataBuffer[self.writeSomeData(self.dataBuffer) :]


@pytest.fixture
def tcp():
    return Tcp()


def test_data_is_sent_at_once_and_the_rest_in_its_order(tcp):
    transport = prompt(tcp)
    tcp.room = 4
    for data in (b"ab", b"cdef", b"gh"):
        transport.write(data)
    assert (tcp.sent, tcp.dataBuffer) == (b"abcd", b"efgh")
    assert not transport.is_idle()
    tcp.room = 1000
    transport.write(b"ij")
    assert (tcp.sent, tcp.dataBuffer) == (b"abcdefghij", b"")
    assert transport.is_idle()


def test_an_error_is_left_to_the_reactor(tcp):
    tcp.room = -1
    prompt(tcp).write(b"ab")
    assert tcp.dataBuffer == b"ab"


@pytest.mark.parametrize("state", [{"disconnecting": True}, {"connected": 0}])
def test_a_transport_that_ends_decides_itself(tcp, state):
    for name, value in state.items():
        setattr(tcp, name, value)
    prompt(tcp).write(b"ab")
    assert (tcp.sent, tcp.dataBuffer) == (b"", b"ab")


def test_another_transport_is_given_as_it_is():
    transport = StringTransport()
    assert prompt(transport) is transport
