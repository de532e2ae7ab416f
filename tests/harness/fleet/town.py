"""A town of network namespaces: each gateway has its own namespace, and a router connects them with us.

So the way between a gateway and one server can be cut, or made bad, while all other ways stay as they are.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Self

from attrs import define, field

OURS, REDIS, POSTGRES = "198.18.0.2", "198.18.0.3", "198.18.0.4"  # from the range for network tests (RFC 2544)
_towns = count()


class CannotBuild(Exception):
    """This machine cannot build a town; the text says why."""


def run(*words: str) -> None:
    """Run a command of iproute2."""
    if os.geteuid() != 0:
        raise CannotBuild("needs root, for network namespaces: sudo make test")
    if not shutil.which(words[0]):
        raise CannotBuild(f"needs {words[0]}: apt install iproute2")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotBuild(f"this kernel refuses {' '.join(words)}: {done.stderr.strip()}")


def clear_ruins() -> None:
    """Remove the namespaces of killed test runs."""
    for line in subprocess.run(
        ["ip", "netns", "list"], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        name = line.split()[0]
        ruin = re.fullmatch(r"exo(\d+)x.*", name)
        if ruin and not Path("/proc", ruin[1]).exists():
            run("ip", "netns", "delete", name)


@define(eq=False)
class Town:
    """A context manager with one namespace for each gateway; on exit it removes all of them."""

    houses: int
    _name: str = field(init=False, factory=lambda: f"exo{os.getpid()}x{next(_towns)}")
    _built: ExitStack = field(init=False)

    def __enter__(self) -> Self:
        with ExitStack() as built:
            self._add(built, self._router)
            clear_ruins()
            run("ip", "netns", "exec", self._router, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
            self._join_us()
            for house in range(self.houses):
                self._add(built, self._house(house))
                self._join(house)
            self._built = built.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._built.close()

    # --- building

    @property
    def _router(self) -> str:
        return f"{self._name}r"

    def _house(self, house: int) -> str:
        return f"{self._name}h{house}"

    @staticmethod
    def _add(built: ExitStack, namespace: str) -> None:
        run("ip", "netns", "add", namespace)
        built.callback(run, "ip", "netns", "delete", namespace)

    def _join_us(self) -> None:
        """Connect the router with us; the connection ends with the router."""
        run("ip", "link", "add", self._name, "type", "veth", "peer", "name", "us", "netns", self._router)
        for address in (OURS, REDIS, POSTGRES):
            run("ip", "address", "add", f"{address}/24", "dev", self._name)
        run("ip", "link", "set", self._name, "up")
        run("ip", "-n", self._router, "address", "add", "198.18.0.1/24", "dev", "us")
        run("ip", "-n", self._router, "link", "set", "us", "up")
        run("ip", "route", "add", "198.18.0.0/16", "via", "198.18.0.1")

    def _join(self, house: int) -> None:
        inside, door, net = self._house(house), f"door{house}", f"198.18.{house + 1}"
        run("ip", "-n", self._router, "link", "add", door, "type", "veth", "peer", "name", "street", "netns", inside)
        run("ip", "-n", self._router, "address", "add", f"{net}.1/24", "dev", door)
        run("ip", "-n", self._router, "link", "set", door, "up")
        run("ip", "-n", inside, "address", "add", f"{net}.2/24", "dev", "street")
        run("ip", "-n", inside, "link", "set", "lo", "up")
        run("ip", "-n", inside, "link", "set", "street", "up")
        run("ip", "-n", inside, "route", "add", "default", "via", f"{net}.1")

    # --- use

    @property
    def addresses(self) -> tuple[str, ...]:
        """The address in each namespace."""
        return tuple(f"198.18.{house + 1}.2" for house in range(self.houses))

    @property
    def prefixes(self) -> tuple[tuple[str, ...], ...]:
        """The command prefix that runs a command in each namespace."""
        return tuple(("ip", "netns", "exec", self._house(house)) for house in range(self.houses))

    @contextmanager
    def cut(self, house: int, server: str, port: int) -> Iterator[None]:
        """Let the router silently drop all TCP between a namespace and a server's port."""
        ends = self.addresses[house], server
        there = ("from", ends[0], "to", ends[1], "ipproto", "tcp", "dport", str(port))
        back = ("from", ends[1], "to", ends[0], "ipproto", "tcp", "sport", str(port))
        with ExitStack() as rules:
            for rule in (there, back):
                run("ip", "-n", self._router, "rule", "add", *rule, "blackhole", "priority", "100")
                rules.callback(run, "ip", "-n", self._router, "rule", "delete", *rule, "blackhole", "priority", "100")
            yield

    @contextmanager
    def ways_under(self, *discipline: str) -> Iterator[None]:
        """Apply a queueing discipline to both directions of each namespace's traffic."""
        with ExitStack() as rules:
            for house in range(self.houses):
                for namespace, line in ((self._router, f"door{house}"), (self._house(house), "street")):
                    run("tc", "-n", namespace, "qdisc", "add", "dev", line, "root", *discipline)
                    rules.callback(run, "tc", "-n", namespace, "qdisc", "delete", "dev", line, "root")
            yield
