"""A host named in a request, or in a resolver's answer, is connected to at public or permitted addresses only."""

import errno
import json
import socket
from ipaddress import ip_network

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import succeed
from twisted.internet.testing import MemoryReactorClock

from exoswitch.call.bot_address import parse_address
from exoswitch.call.session import BotTarget
from exoswitch.config.model import AccountConfig, AppConfig, AsteriskConfig, Config
from exoswitch.errors import AddressRefused, BackendUnavailable, InvalidValue
from exoswitch.exotel.stream.connection import ExotelBots
from exoswitch.network.host_endpoint import is_own_address
from exoswitch.network.lookup_cache import Answer
from exoswitch.network.names import Names
from exoswitch.network.public import read_address, why_not_public
from exoswitch.network.reach import EVERYWHERE, Reach, ReachRules
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.wiring.gateway import Gateway
from tests.harness.recorders import RecordedLeg
from tests.harness.wire import RecordedListener, Transport, stream_start

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.5",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:a00:5",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.32.0.1",
    "2a00:1450::5",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_address_that_is_not_public_is_refused(address):
    with pytest.raises(AddressRefused, match="has no public address"):
        Reach().permitted("bot", [address], lambda _: False)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_permitted(address):
    assert Reach().permitted("bot", [address], lambda _: False) == (address,)


def test_of_several_addresses_only_the_public_ones_are_connected_to():
    assert Reach().permitted("bot", ["10.0.0.5", "8.8.8.8", "::1"], lambda _: False) == ("8.8.8.8",)


def test_the_machines_own_public_address_is_refused_as_loopback_is():
    with pytest.raises(AddressRefused, match="belongs to this machine"):
        Reach().permitted("bot", ["8.8.8.8"], lambda address: address == "8.8.8.8")


def test_own_addresses_are_told_from_others_without_a_packet():
    assert is_own_address("127.0.0.1")
    assert is_own_address(socket.gethostbyname(socket.gethostname()))
    assert not is_own_address("192.0.2.1")


def test_a_machine_without_ipv6_has_no_ipv6_address_of_its_own(monkeypatch):
    def unsupported(*_):
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", unsupported)
    assert not is_own_address("2a00:1450::5")


def test_without_a_descriptor_no_address_is_taken_for_another_machines(monkeypatch):
    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(BackendUnavailable, match="Too many open files"):
        Reach().permitted("bot.example.org", ["8.8.8.8"], is_own_address)


@given(st.ip_addresses())
def test_every_address_is_judged_like_the_ipv4_address_in_it(address):
    judged = why_not_public(read_address(str(address)))
    if address.version == 4:
        for form in (
            f"::ffff:{address}",
            f"64:ff9b::{address}",
            f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::",
        ):
            assert why_not_public(read_address(form)) == judged


@pytest.mark.parametrize("listed", ["10.0.0.0/8", "10.0.0.5", "::/0"])
def test_a_network_of_the_operator_is_permitted(listed):
    addresses = ["10.0.0.5"] if ":" not in listed else ["fd00::5"]
    reach = Reach(networks=(ip_network(listed),))
    assert reach.permitted("bot", addresses, lambda _: True) == tuple(addresses)
    with pytest.raises(AddressRefused):
        reach.permitted("bot", ["127.0.0.1"], lambda _: False)


RULES = ReachRules(
    urls={"acme1": frozenset({"ws://10.0.0.5/ws"})},
    hosts={"acme1": frozenset({"voice_bot", "10.0.0.9:8080"})},
)


@pytest.mark.parametrize(
    ("account", "url", "host", "port", "everywhere"),
    [
        ("acme1", "ws://10.0.0.5/ws", "10.0.0.5", 80, True),
        ("acme2", "ws://10.0.0.5/ws", "10.0.0.5", 80, False),
        ("acme1", "ws://10.0.0.5/other", "10.0.0.5", 80, False),
        ("acme1", "ws://voice_bot:1/", "voice_bot", 1, True),
        ("acme1", "ws://VOICE_BOT.:1/", "VOICE_BOT.", 1, True),
        ("acme2", "ws://voice_bot:1/", "voice_bot", 1, False),
        ("acme1", "ws://10.0.0.9:8080/", "10.0.0.9", 8080, True),
        ("acme1", "ws://10.0.0.9:8081/", "10.0.0.9", 8081, False),
    ],
)
def test_an_apps_url_and_a_listed_host_are_permitted_to_their_account_only(account, url, host, port, everywhere):
    assert (RULES.of_url(account, url, host, port) == EVERYWHERE) is everywhere


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.0.1.", "127.0.0.256", "0", "a..b", "%31.0.0.1"],
)
def test_url_with_another_spelling_of_an_address_is_no_url(host):
    with pytest.raises(InvalidValue, match="which is neither an IP address nor a host name"):
        parse_address(f"ws://u:p@{host}/ws")


class Dialled:
    """One attempt to reach a bot; the test is DNS and the bot."""

    def __init__(self, url, addresses=(), rules=RULES):
        self.reactor = MemoryReactorClock()
        self.asked = []
        names = Names(self.reactor, self.ask, lambda: None)
        self.addresses = list(addresses)
        bots = ExotelBots(self.reactor, metrics=MemoryMetrics(), names=names, reach=lambda: rules)
        self.listener = RecordedListener()
        start = evolve(stream_start(url), account="acme1", bot=BotTarget(url=url))
        self.connection = bots.connect(start, RecordedLeg(), self.listener)
        self.reactor.advance(0)

    def ask(self, name):
        self.asked.append(name)
        return succeed(Answer(tuple(self.addresses.pop(0)), 0.0))

    @property
    def connected_to(self):
        return [client[0] for client in self.reactor.tcpClients]

    def answer_as_resolver(self, body):
        protocol = self.reactor.tcpClients[-1][2].buildProtocol(None)
        transport = Transport(self.reactor, protocol)
        protocol.makeConnection(transport)
        protocol.dataReceived(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def end(self):
        self.connection.close(None)
        self.reactor.advance(0)


def refused(dialled):
    ((kind, why),) = dialled.listener.told
    assert kind == "failed"
    return "has no public address" in why


@pytest.mark.parametrize(
    "url",
    [
        "ws://u:p@127.0.0.1:6379/",
        "ws://[::1]/",
        "ws://[::ffff:127.0.0.1]/",
        "ws://[64:ff9b::7f00:1]/",
        "ws://0.0.0.0/",
        "ws://169.254.169.254/latest/meta-data/",
        "ws://[fd00::5]/",
    ],
)
def test_a_stream_url_at_a_private_address_is_not_connected_to(url):
    dialled = Dialled(url)
    assert dialled.connected_to == []
    assert refused(dialled)


@pytest.mark.parametrize("host", ["localhost", "a.localhost.", "0x7f000001", "rebound.example.org"])
def test_a_name_at_a_private_address_is_not_connected_to(host):
    dialled = Dialled(f"ws://u:p@{host}/", [["127.0.0.1", "::1"]])
    assert dialled.connected_to == []
    assert refused(dialled)


def test_the_connection_goes_to_the_address_that_was_checked_whatever_the_name_is_next():
    dialled = Dialled("ws://rebound.example.org/", [["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]])
    assert dialled.connected_to == ["8.8.8.8"]
    assert dialled.asked == ["rebound.example.org"]
    dialled.end()


@pytest.mark.parametrize("body", [b'{"url": "ws://127.0.0.1:6379/"}', b"ws://[::1]/", b"ws://inner.example.org/"])
def test_the_answer_of_a_trusted_resolver_is_not_trusted(body):
    rules = ReachRules(urls={"acme1": frozenset({"http://10.0.0.5/where"})})
    dialled = Dialled("http://10.0.0.5/where", [["10.0.0.6"]], rules)
    assert dialled.connected_to == ["10.0.0.5"]
    dialled.answer_as_resolver(body)
    assert dialled.connected_to == ["10.0.0.5"]
    assert refused(dialled)
    dialled.end()


def test_the_answer_of_a_resolver_may_name_a_permitted_host():
    rules = evolve(RULES, urls={"acme1": frozenset({"http://10.0.0.5/where"})})
    dialled = Dialled("http://10.0.0.5/where", [["10.0.0.6"]], rules)
    dialled.answer_as_resolver(json.dumps({"url": "ws://voice_bot:1/"}).encode())
    assert dialled.connected_to == ["10.0.0.5", "10.0.0.6"]
    dialled.end()


def test_the_refusal_names_no_address_of_our_network():
    dialled = Dialled("ws://inner.example.org/", [["10.77.1.5"]])
    assert "10.77" not in dialled.listener.told[0][1]


def test_a_gateway_has_the_rules_of_its_configuration():
    asterisk = AsteriskConfig(name="pbx1", ami="tcp:10.0.1.5:5038", username="u", secret="s", host="10.0.1.5")
    config = Config(
        asterisks=(asterisk,),
        sessions="memory",
        private_networks=(ip_network("10.8.0.0/16"),),
        accounts={"acme1": AccountConfig(api_key="k", api_token="t", stream_hosts=("voice_bot:8080",))},
        apps={"1001": AppConfig(account="acme1", url="ws://10.0.0.5/ws")},
    )
    reactor = MemoryReactorClock()
    assert Gateway(config, reactor, pytest.fail)._environment(reactor).bots.reach() == ReachRules(
        urls={"acme1": frozenset({"ws://10.0.0.5/ws"})},
        hosts={"acme1": frozenset({"voice_bot:8080"})},
        networks=(ip_network("10.8.0.0/16"),),
    )
