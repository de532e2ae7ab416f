# ruff: noqa: A004 - Twisted gives these names

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.internet.task import deferLater

from exoswitch.call.session import CallStatus, DisconnectedBy
from exoswitch.sim.asterisk import read_script
from exoswitch.sim.conversation import Digit
from exoswitch.sim.network import Conditions
from exoswitch.sim.virtual_reactor import VirtualReactor
from tests.harness.sim_house import House


class Recorder(Protocol):
    def __init__(self):
        self.heard, self.lost = b"", None

    def dataReceived(self, data):
        self.heard += data

    def connectionLost(self, reason):
        self.lost = reason.value


def connected():
    reactor, server = VirtualReactor(), Recorder()
    port = reactor.listenTCP(0, Factory.forProtocol(lambda: server))
    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    client = reactor.run(endpoint.connect(Factory.forProtocol(Recorder)))
    return reactor, client, server


def test_bytes_arrive_a_turn_later_and_in_order():
    reactor, client, server = connected()
    client.transport.write(b"one ")
    client.transport.writeSequence([b"two ", b"three"])
    server.transport.write(b"back")
    assert server.heard == b""
    reactor.advance(0)
    assert (server.heard, client.heard) == (b"one two three", b"back")


def test_a_closed_connection_delivers_earlier_bytes():
    reactor, client, server = connected()
    client.transport.write(b"last words")
    client.transport.loseConnection()
    client.transport.write(b"too late")
    reactor.advance(0)
    assert server.heard == b"last words"
    assert isinstance(server.lost, ConnectionDone)
    assert isinstance(client.lost, ConnectionDone)


def test_an_aborted_connection_is_lost_at_both_ends():
    reactor, client, server = connected()
    server.transport.abortConnection()
    reactor.advance(0)
    assert isinstance(client.lost, ConnectionLost)
    assert isinstance(server.lost, ConnectionLost)


def test_bytes_wait_for_a_paused_reader():
    reactor, client, server = connected()
    server.transport.pauseProducing()
    client.transport.write(b"later")
    client.transport.loseConnection()
    reactor.advance(0)
    assert (server.heard, server.lost) == (b"", None)
    server.transport.resumeProducing()
    reactor.advance(0)
    assert server.heard == b"later"
    assert isinstance(server.lost, ConnectionDone)


def test_a_connection_to_a_closed_port_is_refused():
    reactor = VirtualReactor()
    with pytest.raises(ConnectionRefusedError):
        reactor.run(TCP4ClientEndpoint(reactor, "127.0.0.1", 9).connect(Factory.forProtocol(Recorder)))


def test_datagrams_arrive_at_bound_ports():
    reactor, heard = VirtualReactor(), []
    listener, sender = DatagramProtocol(), DatagramProtocol()
    listener.datagramReceived = lambda data, address: heard.append((data, address))
    port = reactor.listenUDP(7000, listener)
    source = reactor.listenUDP(0, sender).getHost().port
    sender.transport.write(b"hello", ("127.0.0.1", 7000))
    sender.transport.write(b"nobody", ("127.0.0.1", 7001))
    reactor.advance(0)
    assert heard == [(b"hello", ("127.0.0.1", source))]
    with pytest.raises(CannotListenError):
        reactor.listenUDP(7000, DatagramProtocol())
    port.stopListening()
    reactor.listenUDP(7000, DatagramProtocol())


def test_virtual_time_passes_without_waiting():
    reactor = VirtualReactor()
    assert reactor.run(deferLater(reactor, 3000, lambda: "done")) == "done"
    assert reactor.seconds() == 3000


def test_work_without_events_times_out():
    with pytest.raises(TimeoutError):
        VirtualReactor().run(Deferred())
    reactor = VirtualReactor()
    with pytest.raises(TimeoutError):
        reactor.run(deferLater(reactor, 100), limit_s=10)


def test_a_whole_gateway_carries_a_call_in_virtual_time(monkeypatch):
    house = House(monkeypatch, script="answer-after=3 babble=10 digits=5 hangup")

    async def scenario():
        session = await house.place()
        stream = await house.bot.streams.next()
        ended = await house.ending_of(session)
        return stream, ended

    stream, ended = house.live(scenario)
    assert (ended.status, ended.ending.disconnected_by) == (CallStatus.COMPLETED, DisconnectedBy.USER)
    assert stream.conversation.faults == []
    assert stream.conversation.told(Digit) == [Digit("5", 100)]
    assert stream.conversation.stopped.reason == "callended"
    out, back = house.meters.out.summary(), house.meters.back.summary()
    assert out.recognised > 490
    assert (out.lost, back.lost) == (0, 0)
    assert out.max_ms < 41
    assert back.max_ms < 41


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("busy", CallStatus.BUSY),
        ("no-answer", CallStatus.NO_ANSWER),
        ("dead", CallStatus.FAILED),
        ("congestion", CallStatus.FAILED),
    ],
)
def test_an_unanswered_call_has_its_status(monkeypatch, script, status):
    house = House(monkeypatch, script=script)

    async def scenario():
        return await house.ending_of(await house.place())

    assert house.live(scenario).status is status
    assert list(house.bot.streams) == []


def test_an_inbound_call_works_over_a_bad_network(monkeypatch):
    bad = Conditions(delay_s=0.04, jitter_s=0.01, loss=0.05, burst=2)
    house = House(monkeypatch, network=bad, seed=4)

    async def scenario():
        call = house.asterisk.call_in("+919812345678", "+918047491899", read_script("babble=10 hangup"))
        stream = await house.bot.streams.next()
        await call.ended.next()
        await stream.closed.next()
        return call, stream

    call, stream = house.live(scenario)
    assert stream.conversation.faults == []
    lost = call.phone.to_gateway.statistics.lost
    assert 5 < lost < 60
    assert house.meters.out.summary().lost == pytest.approx(lost, abs=15)
    assert house.meters.out.summary().p99_ms < 150


def test_a_bot_that_closes_ends_the_call(monkeypatch):
    house = House(monkeypatch, behaviour="echo close-after=5")

    async def scenario():
        session = await house.place()
        return await house.ending_of(session)

    ended = house.live(scenario)
    assert (ended.status, ended.ending.disconnected_by) == (CallStatus.COMPLETED, DisconnectedBy.BOT)


@pytest.mark.parametrize("behaviour", ["garbage", "flood=60", "deaf=2 echo", "silent", "tone=440"])
def test_no_bad_bot_harms_a_call(monkeypatch, behaviour):
    house = House(monkeypatch, behaviour=behaviour, script="answer babble=4 hangup")

    async def scenario():
        session = await house.place()
        stream = await house.bot.streams.next()
        return await house.ending_of(session), stream

    ended, stream = house.live(scenario)
    assert (ended.status, ended.ending.disconnected_by) == (CallStatus.COMPLETED, DisconnectedBy.USER)
    assert stream.conversation.faults == []


def test_a_bot_that_refuses_fails_the_stream(monkeypatch):
    house = House(monkeypatch, behaviour="refuse")

    async def scenario():
        return await house.ending_of(await house.place())

    ended = house.live(scenario)
    assert ended.ending.stream_error
    assert house.bot.refused == 2  # Exotel tries once more


def test_a_call_survives_the_loss_of_the_ami_link(monkeypatch):
    house = House(monkeypatch, script="answer babble")

    async def scenario():
        session = await house.place()
        stream = await house.bot.streams.next()
        await deferLater(house.reactor, 5)
        house.asterisk.drop_connections()
        await deferLater(house.reactor, 10)
        heard = stream.conversation.media_count
        assert house.gateway.engine.ready
        for call in tuple(house.asterisk.calls.values()):
            call.hang_up()
        return heard, await house.ending_of(session)

    heard, ended = house.live(scenario)
    assert heard > 14 * 50
    assert ended.status is CallStatus.COMPLETED


def test_an_asterisk_that_freezes_is_noticed(monkeypatch):
    house = House(monkeypatch)

    async def scenario():
        house.asterisk.freeze()
        await deferLater(house.reactor, 60)
        frozen = house.gateway.engine.ready
        house.asterisk.thaw()
        await deferLater(house.reactor, 120)
        return frozen, house.gateway.engine.ready

    assert house.live(scenario) == (False, True)
