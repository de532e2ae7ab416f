"""A port of several processes, on real sockets."""

import socket

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory

from exoswitch.web.shared_port import SharedPort
from tests.harness.e2e.ports import free_port

pytestmark = pytest.mark.loopback


async def test_two_listeners_share_a_port_which_is_read_as_twisted_reads_it(reactor):
    port = free_port()
    texts = (f"tcp:{port}:interface=127.0.0.1", f"tcp:port={port}:interface=127.0.0.1:backlog=7")
    listening = [await SharedPort.of(text, reactor).listen(Factory()) for text in texts]
    addresses = {(one.getHost().host, one.getHost().port) for one in listening}
    for one in listening:
        await one.stopListening()
    assert addresses == {("127.0.0.1", port)}


async def test_port_that_another_program_has_for_itself_is_refused(reactor):
    with socket.create_server(("127.0.0.1", 0)) as other:
        shared = SharedPort.of(f"tcp:{other.getsockname()[1]}:interface=127.0.0.1", reactor)
        with pytest.raises(CannotListenError):
            await shared.listen(Factory())
