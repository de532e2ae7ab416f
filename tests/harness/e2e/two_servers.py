"""A carrier, Asterisk's server, a gateway's server and the internet: four network namespaces.

::

    carrier ── vpn ── asterisk ── wan ── gateway ── net ── internet

Asterisk's server has a route to the carrier and none to the internet, the gateway's server the other way round. Over
`wan` goes the link: WireGuard, by the kernel or by wireguard-go. What a thread makes inside a namespace, such as
sockets, threads and processes, stays there.
"""

import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Self, TypeVar

from attrs import define, field

from tests.harness.fleet.town import CannotBuild, clear_ruins, run

SBC, MEDIA, STRANGER = "10.60.1.10", "10.60.2.10", "10.60.3.3"  # in the carrier's VPN
PBX_IN_VPN = "10.60.0.2"
PBX, GATEWAY = "10.0.1.5", "10.0.0.5"  # on the link
PBX_ON_WAN, GATEWAY_ON_WAN = "192.168.77.1", "192.168.77.2"
BOTS = "203.0.113.10"  # from the addresses for documentation (RFC 5737)

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_worlds = count()
T = TypeVar("T")


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Put this thread, and all that it makes meanwhile, into a network namespace."""
    with Path("/proc/thread-self/ns/net").open() as before, Path("/run/netns", namespace).open() as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(before.fileno())


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@define(eq=False)
class TwoServers:
    """A context manager with the namespaces `carrier`, `asterisk`, `gateway` and `internet`."""

    folder: Path
    _name: str = field(init=False, factory=lambda: f"exo{os.getpid()}x{next(_worlds)}")
    _built: ExitStack = field(init=False)
    _rules: dict[str, Path] = field(init=False, factory=dict)

    def __enter__(self) -> Self:
        with ExitStack() as built:
            for place in ("carrier", "asterisk", "gateway", "internet"):
                run("ip", "netns", "add", self.place(place))
                built.callback(run, "ip", "netns", "delete", self.place(place))
                self.ip(place, "link", "set", "lo", "up")
            clear_ruins()
            self._join("vpn", ("carrier", "10.60.0.1/30"), ("asterisk", f"{PBX_IN_VPN}/30"))
            self._join("wan", ("asterisk", f"{PBX_ON_WAN}/30"), ("gateway", f"{GATEWAY_ON_WAN}/30"))
            self._join("net", ("gateway", "203.0.113.1/24"), ("internet", f"{BOTS}/24"))
            for address in (SBC, MEDIA, STRANGER):
                self.ip("carrier", "address", "add", f"{address}/32", "dev", "lo")
            self.ip("asterisk", "route", "add", "10.60.1.0/24", "via", "10.60.0.1")  # as a VPN's client brings it
            self.ip("gateway", "route", "add", "default", "via", BOTS)
            self._built = built.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._built.close()

    def place(self, name: str) -> str:
        """Give the name of a namespace."""
        return f"{self._name}{name[0]}"

    def inside(self, name: str) -> AbstractContextManager[None]:
        """Put this thread into a namespace."""
        return inside(self.place(name))

    def ip(self, name: str, *words: str) -> None:
        """Run a command of iproute2 in a namespace."""
        run("ip", "-n", self.place(name), *words)

    def run(self, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a program in a namespace."""
        command = ("ip", "netns", "exec", self.place(name), *words)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    def _join(self, device: str, one: tuple[str, str], other: tuple[str, str]) -> None:
        """Connect two namespaces by a cable with this name at both ends."""
        ends = (device, "netns", self.place(one[0]), "type", "veth", "peer", "name", device)
        run("ip", "link", "add", *ends, "netns", self.place(other[0]))
        for name, address in (one, other):
            self.ip(name, "address", "add", address, "dev", device)
            self.ip(name, "link", "set", device, "up")

    @contextmanager
    def started(self, name: str, make: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
        """Start a part of the harness in a namespace; this thread does not stay there."""
        with ExitStack() as running:
            with self.inside(name):
                part = running.enter_context(make())
            yield part

    # --- the rendered files

    def load(self, name: str, rules: Path) -> None:
        """Load rendered firewall rules."""
        self._rules[name] = rules
        done = self.run(name, "nft", "--file", str(rules))
        assert done.returncode == 0, done.stderr

    def link(self, system: Path) -> None:
        """Make the link from the rendered samples, with keys that are made here, as the samples say."""
        for program in ("wg", "wg-quick", "wireguard-go"):
            if not shutil.which(program):
                raise CannotBuild(f"needs {program}: apt install wireguard-tools wireguard-go")
        keys = {name: self._key(name) for name in ("asterisk", "gateway")}
        for name, other, words in (
            ("asterisk", "gateway", ("GATEWAY-1", GATEWAY_ON_WAN)),
            ("gateway", "asterisk", ("ASTERISK-1", PBX_ON_WAN)),
        ):
            sample = (system / name / "exo0.conf").read_text()
            for text, value in (
                (f"PUBLIC-KEY-OF-{words[0]}", keys[other]),
                (f"ADDRESS-OF-{words[0]}", words[1]),
                ("/etc/wireguard/%i.key", str(self._key_file(name))),
            ):
                assert text in sample
                sample = sample.replace(text, value)
            file = self.folder / f"w{os.getpid()}{name[0]}.conf"  # the name of the interface: one for all namespaces
            file.write_text(sample)
            file.chmod(0o600)
            up = self.run(name, "wg-quick", "up", str(file))
            assert up.returncode == 0, up.stderr
            self._built.callback(self.run, name, "wg-quick", "down", str(file))

    def _key_file(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def _key(self, name: str) -> str:
        private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
        file = self._key_file(name)
        file.touch(mode=0o600)
        file.write_text(private)
        return subprocess.run(
            ["wg", "pubkey"], input=private, capture_output=True, text=True, check=True
        ).stdout.strip()

    @contextmanager
    def without_rules(self) -> Iterator[None]:
        """Take the firewall rules away for a while."""
        for name in ("asterisk", "gateway"):
            assert self.run(name, "nft", "delete", "table", "inet", f"exoswitch_{name}").returncode == 0
        try:
            yield
        finally:
            for name, rules in self._rules.items():
                self.load(name, rules)

    @property
    def handshakes(self) -> list[int]:
        """The times of the latest handshakes of WireGuard, one an end; 0 for none."""
        told = (self.run(name, "wg", "show", "all", "latest-handshakes").stdout for name in ("asterisk", "gateway"))
        return [int(text.split()[-1]) for text in told]

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Pull the cable under the link."""
        self.ip("asterisk", "link", "set", "wan", "down")
        try:
            yield
        finally:
            self.ip("asterisk", "link", "set", "wan", "up")

    # --- probes

    def connects(self, name: str, address: tuple[str, int], *, source: str = "", wait_s: float = 0.4) -> bool:
        """Whether a TCP connection from a namespace comes about."""
        with self.inside(name), socket.socket() as connection:
            connection.settimeout(wait_s)
            if source:
                connection.bind((source, 0))
            with suppress(OSError):
                connection.connect(address)
                return True
        return False

    def passes(
        self, sender: tuple[str, str], receiver: str, address: tuple[str, int], *, wait_s: float = 0.4
    ) -> bool:
        """Whether a datagram passes; `sender` is its namespace and its source address."""
        with self.inside(receiver), socket.socket(type=socket.SOCK_DGRAM) as listening:
            listening.bind(address)
            listening.settimeout(wait_s)
            with self.inside(sender[0]), socket.socket(type=socket.SOCK_DGRAM) as sending:
                sending.bind((sender[1], 0))
                sending.sendto(b"probe", address)
            with suppress(TimeoutError):
                return listening.recv(100) == b"probe"
        return False
