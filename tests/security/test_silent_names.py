"""Names whose DNS server is silent keep nobody else waiting: not another tenant's bot, and no work in threads."""

import threading
from pathlib import Path

import pytest
from twisted.internet.task import deferLater

from exoswitch.errors import BackendUnavailable, HostNotFound
from exoswitch.exotel.stream.connection import ExotelBots
from exoswitch.network import cares
from exoswitch.network.cares import CaresResolver
from exoswitch.network.names import Names
from exoswitch.store.postgres import PostgresConnection
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.dns_server import DnsServer
from tests.harness.exotel_loopback import BotServer
from tests.harness.recorders import RecordedLeg
from tests.harness.wire import RecordedListener, stream_start

pytestmark = pytest.mark.loopback


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def hosts_of_this_machine():
    """Give an address and a name of each line in /etc/hosts."""
    lines = (line.partition("#")[0].split() for line in Path("/etc/hosts").read_text().splitlines())
    return [(words[0], words[1]) for words in lines if len(words) > 1]


@pytest.fixture
def dns(reactor, serve):
    return serve(DnsServer(reactor, {"bot.example.org": ["127.0.0.1"], "nobody.example.org": []}))


@pytest.fixture
def names(reactor, serve, dns):
    resolver = CaresResolver(reactor, [dns.address])
    return serve(Names(reactor, resolver.ask, resolver.close))


async def test_a_bot_is_reached_while_hundreds_of_silent_names_are_asked_for(reactor, serve, dns, names, monkeypatch):
    monkeypatch.setattr("exoswitch.network.names.LOOKUPS_AT_ONCE", 300)  # so that all of them are under way at once
    open_before = open_files()
    server = serve(BotServer(reactor, names=names))
    hostile = [names.look_up(f"silent{number}.example.org", "evil") for number in range(300)]
    _, _, listener = server.connect(server.url(host="bot.example.org"))
    await server.until(lambda: listener.told)
    assert listener.told == ["opened"]
    assert not any(each.called for each in hostile)
    assert dns.questions("bot.example.org") == 2  # A and AAAA
    assert open_files() < open_before + 20
    assert reactor.getThreadPool().working == []
    for each in hostile:
        each.addErrback(lambda _: None)
        each.cancel()


async def test_silent_names_fail_within_their_time_and_say_so(names):
    with pytest.raises(BackendUnavailable, match="DNS"):
        await names.look_up("silent.example.org")


async def test_names_of_containers_and_of_this_machine_are_found(names, dns):
    dns.hosts |= {"voice_bot": ["127.0.0.2"], "r3---sn-x.example.org": ["127.0.0.3", "::1"]}
    assert await names.look_up("voice_bot") == ("127.0.0.2",)
    assert set(await names.look_up("r3---sn-x.example.org")) == {"127.0.0.3", "::1"}
    for address, host in hosts_of_this_machine():
        assert address in await names.look_up(host)
    assert "127.0.0.1" in await names.look_up("localhost")
    with pytest.raises(HostNotFound, match="there is no host nobody"):
        await names.look_up("nobody.example.org")


async def test_every_other_connection_is_looked_up_without_the_reactors_threads(reactor, serve, dns, names):
    dns.hosts["pbx.example.org"] = ["127.0.0.1"]
    assert await reactor.resolve("pbx.example.org") == "127.0.0.1"
    assert dns.questions("pbx.example.org") == 2


async def test_postgresql_is_looked_up_without_blocking_the_process(reactor, dns, names):
    connection = PostgresConnection("postgresql://db.example.org:1/exo", "PostgreSQL", reactor, answer_s=10)
    asked = connection.run(lambda ask: ask("SELECT 1"))
    while dns.questions("db.example.org") < 2:  # libpq would hold the process here, and ask another server
        await deferLater(reactor, 0.01)
    with pytest.raises(BackendUnavailable):
        await asked
    connection.close()


async def test_the_resolvers_own_memory_is_cleared_after_many_questions(reactor, serve, dns, monkeypatch):
    monkeypatch.setattr(cares, "FORGET_AFTER", 3)
    resolver = CaresResolver(reactor, [dns.address])
    for _ in range(2):
        await resolver.ask("bot.example.org")
    assert dns.questions("bot.example.org") == 2
    while dns.questions("bot.example.org") == 2:
        await resolver.ask("bot.example.org")
        await deferLater(reactor, 0.01)
    resolver.close()


async def test_thread_of_the_resolver_starts_with_the_first_question(reactor):
    before = threading.active_count()
    resolver = CaresResolver(reactor)
    assert threading.active_count() == before
    resolver.close()


@pytest.mark.parametrize("url", ["ws://voice_bot:{}/ws", "ws://r3---sn-x.example.org:{}/ws", "ws://VOICE_bot.:{}/ws"])
async def test_bots_with_underscores_and_hyphens_in_their_names_are_reached(url, reactor, serve, dns, names):
    dns.hosts |= {"voice_bot": ["127.0.0.1"], "r3---sn-x.example.org": ["127.0.0.1"]}
    server = serve(BotServer(reactor, names=names))
    _, _, listener = server.connect(url.format(server.port.getHost().port))
    await server.until(lambda: listener.told)
    assert listener.told == ["opened"]


async def test_a_bot_whose_name_cannot_be_looked_up_fails_its_stream_with_the_reason(reactor, serve, names):
    bots = ExotelBots(reactor, metrics=MemoryMetrics(), names=names)
    server = serve(BotServer(reactor))
    listener = RecordedListener()
    bots.connect(stream_start("ws://nobody.example.org/"), RecordedLeg(), listener)
    await server.until(lambda: listener.told)
    assert "there is no host nobody.example.org" in listener.told[0][1]
