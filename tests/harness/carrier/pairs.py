"""Pairs of trunks behind one gateway: a call to a number of a pair tries its first trunk, then its second one.

Each pair has numbers of its own, so what a test does to one pair's trunks says nothing to the gateway of another's.
"""

import itertools
import ssl
from collections.abc import Iterator
from typing import Any

from attrs import define, field

from tests.harness.carrier.behaviours import answers
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.ports import free_port, own_network

TALK_S = 0.3
CPS = 20


@define(eq=False)
class Pair:
    """Two trunks of the carrier, and the numbers that are dialled on them."""

    prefix: str
    first: CarrierTrunk
    second: CarrierTrunk
    _counts: Iterator[int] = field(factory=itertools.count, init=False)

    def number(self) -> str:
        """Give a number (E.164) that no call has had yet."""
        return f"{self.prefix}{next(self._counts):0{13 - len(self.prefix)}d}"

    def numbers(self) -> Iterator[str]:
        """Give ever more of them."""
        return iter(self.number, "")


@define(eq=False)
class Pairs:
    """All pairs of a rig, and their trunks as the configuration has them; `port` is the usual one."""

    carrier: Carrier
    pairs: dict[str, Pair] = field(factory=dict, init=False)
    entries: list[dict[str, Any]] = field(factory=list, init=False)
    port: int = field(factory=free_port, init=False)
    _hosts: Iterator[int] = field(factory=lambda: itertools.count(1), init=False)

    def __getitem__(self, name: str) -> Pair:
        return self.pairs[name]

    def host(self) -> str:
        """Give a loopback address that no other trunk has, nor one of another test run at this time."""
        return f"{own_network()}.{next(self._hosts)}"

    def add(
        self,
        name: str,
        keys: dict[str, Any] | None = None,
        *,
        host: str = "",
        port: int = 0,
        transport: str = "udp",
        context: ssl.SSLContext | None = None,
    ) -> Pair:
        """Open a pair; `keys` are those of its first trunk, at `host`: all of them, or more than a plain one has."""
        prefix = f"+9198{len(self.pairs) + 10}"
        first = self._trunk(f"{name}1", host or self.host(), port or self.port)
        second = self._trunk(f"{name}2", self.host(), self.port)
        for order, trunk in enumerate((first, second), 1):
            plain = {"provider": "sip", "host": trunk.host, "port": trunk.port}
            chosen = (keys or {}) if trunk is first else {}
            chosen = chosen if "provider" in chosen else plain | chosen
            common = {"name": trunk.name, "order": order, "prefixes": [prefix], "channels": 50, "cps": CPS}
            self.entries.append(common | chosen)
        self.carrier.add(first, transport, context)
        self.carrier.add(second)
        pair = self.pairs[name] = Pair(prefix, first, second)
        return pair

    def _trunk(self, name: str, host: str, port: int) -> CarrierTrunk:
        return CarrierTrunk(name, host, port, self.carrier.records, behaviour=answers(talk_s=TALK_S))
