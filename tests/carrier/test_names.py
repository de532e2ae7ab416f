"""The carrier's name server: it gives the addresses that it knows, and remembers every question."""

import socket
import struct

import pytest

from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.names import question

QUERY = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x04Pstn\x04test\x00" + struct.pack("!HH", 1, 1)


def test_question_is_read():
    assert question(QUERY + b"more") == ("pstn.test", 1, len(QUERY))


@pytest.mark.e2e  # port 53 needs root
def test_known_host_has_its_address_and_others_do_not_exist():
    with Carrier() as carrier, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        host, names = carrier.name_server()
        client.connect((host, 53))
        client.settimeout(2)
        client.send(QUERY)
        unknown = client.recv(512)
        names.hosts["pstn.test"] = "127.0.3.9"
        client.send(QUERY)
        known = client.recv(512)
    assert unknown[3] & 0x0F == 3
    assert known[3] & 0x0F == 0
    assert known.endswith(socket.inet_aton("127.0.3.9"))
    assert names.asked == ["pstn.test", "pstn.test"]
