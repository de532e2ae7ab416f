"""The network of the tests' own bots, which a StreamUrl may name where a gateway permits it."""

from ipaddress import ip_network

LOOPBACK = ip_network("127.0.0.0/8")
