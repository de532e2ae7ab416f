"""A DNS server on 127.0.0.1 that answers as its test wants: with addresses, with none, or not at all."""

import struct
from ipaddress import ip_address

from attrs import define, field
from twisted.internet.protocol import DatagramProtocol

A, AAAA = 1, 28


@define(eq=False)
class DnsServer(DatagramProtocol):
    """Knows the addresses of its `hosts`; a host without addresses does not exist, and all others get no answer."""

    reactor: object
    hosts: dict = field(factory=dict)
    ttl_s: int = 60
    asked: list = field(factory=list, init=False)
    noisy = False

    def startService(self):
        self.port = self.reactor.listenUDP(0, self, interface="127.0.0.1")

    def stopService(self):
        return self.port.stopListening()

    @property
    def address(self):
        return f"127.0.0.1:{self.port.getHost().port}"

    def questions(self, name):
        return sum(asked == name for asked, _ in self.asked)

    def datagramReceived(self, datagram, source):
        name, kind, end = _question(datagram)
        self.asked.append((name, kind))
        if name not in self.hosts:
            return
        addresses = [ip_address(text) for text in self.hosts[name]]
        records = [address for address in addresses if (address.version == 6) is (kind == AAAA)]
        status = 0x8180 if addresses else 0x8183
        head = datagram[:2] + struct.pack(">HHHHH", status, 1, len(records), 0, 0)
        self.transport.write(head + datagram[12:end] + b"".join(map(self._record, records)), source)

    def _record(self, address):
        kind = A if address.version == 4 else AAAA
        packed = address.packed
        return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, self.ttl_s, len(packed)) + packed


def _question(datagram):
    """Give the name in lower case, the kind of record, and the end of the question."""
    labels, at = [], 12
    while datagram[at]:
        labels.append(datagram[at + 1 : at + 1 + datagram[at]].decode().lower())
        at += datagram[at] + 1
    return ".".join(labels), struct.unpack(">H", datagram[at + 1 : at + 3])[0], at + 5
