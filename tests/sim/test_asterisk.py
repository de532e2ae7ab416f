import pytest
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.internet.task import deferLater

from exoswitch.ami import actions
from exoswitch.ami.legs import destination, dial_string
from exoswitch.ami.message import AmiDecoder, AmiMessage, encode
from exoswitch.ami.originate import originate
from exoswitch.audio.wav import write_wav
from exoswitch.rtp.packet import parse
from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.network import Conditions
from exoswitch.sim.occasions import Occasions

pytestmark = pytest.mark.loopback


class Gateway(Protocol):
    """A client of AMI with a UDP port for the media of one call, which it echoes."""

    def __init__(self, reactor):
        self.decoder, self.messages, self.lost = AmiDecoder(), Occasions(), Deferred()
        self.media = MediaEcho()
        self.media_port = reactor.listenUDP(0, self.media, interface="127.0.0.1")

    @property
    def address(self):
        return "127.0.0.1", self.media_port.getHost().port

    @property
    def leg(self):
        return dial_string(*self.address, "ulaw")

    def dataReceived(self, data):
        for message in self.decoder.feed(data):
            self.messages.happened(message)

    def connectionLost(self, reason):
        self.media_port.stopListening()
        self.lost.callback(None)

    def send(self, action):
        self.transport.write(encode(action))

    def event(self, name):
        return self.messages.next(lambda message: message.event == name)

    def response(self):
        return self.messages.next(lambda message: not message.event)

    async def log_in(self):
        self.send(actions.challenge())
        self.send(actions.log_in("exoswitch", "secret", await self.response()))
        assert (await self.response()).succeeded
        await self.event("FullyBooted")

    def originate(self, number="0981", trunk="lab"):
        channel = f"PJSIP/{number}@{trunk}"
        self.send(
            originate(
                channel_id=f"sid-{number}",
                channel=channel,
                caller_id="0804",
                ring_s=30,
                dial_string=self.leg,
                node="gw1",
            )
        )


class MediaEcho(DatagramProtocol):
    noisy = False

    def __init__(self):
        self.packets, self.echoes = Occasions(), True

    def datagramReceived(self, datagram, addr):
        self.packets.happened(parse(datagram))
        if self.echoes:
            self.transport.write(datagram, addr)


async def until(reactor, is_so):
    """Wait until it is so; the time-out of the test bounds it."""
    while not is_so():
        await deferLater(reactor, 0.01)


async def gateway_of(reactor, asterisk):
    gateway = Gateway(reactor)
    await TCP4ClientEndpoint(reactor, "127.0.0.1", asterisk.ami_port).connect(Factory.forProtocol(lambda: gateway))
    await gateway.log_in()
    return gateway


async def leave(gateway):
    gateway.transport.loseConnection()
    await gateway.lost


@pytest.fixture
def simulate(reactor, serve):
    def simulate(script="answer-after=0.05", **options):
        return serve(SimulatedAsterisk(reactor=reactor, script=read_script(script), **options))

    return simulate


async def test_a_call_is_answered_bridged_and_hung_up_by_its_script(reactor, simulate):
    asterisk = simulate("answer-after=0.05 tone=440,0.2 digits=5 hangup")
    gateway = await gateway_of(reactor, asterisk)
    gateway.originate()
    call = await asterisk.new_calls.next()
    port = await gateway.messages.next(lambda message: message.get("Variable") == "UNICASTRTP_LOCAL_PORT")
    packet = await gateway.media.packets.next()
    assert (packet.payload_type, len(packet.payload), packet.marker) == (0, 160, True)
    assert int(port.get("Value")) > 0
    digit = await gateway.event("DTMFEnd")
    assert (digit.get("Digit"), digit.get("Direction"), digit.get("Uniqueid")) == ("5", "Received", "sid-0981")
    await call.ended.next()
    assert call.is_over
    assert call.phone.caller.ear.reception.received > 0
    assert call.phone.caller.ear.reception.lost == 0
    assert asterisk.calls == {}
    await leave(gateway)


async def test_a_test_can_answer_press_keys_and_hang_up(reactor, simulate):
    asterisk = simulate("no-answer")
    gateway = await gateway_of(reactor, asterisk)
    gateway.originate()
    call = await asterisk.new_calls.next()
    await gateway.event("DialState")
    call.answer()
    await call.bridged.next()
    call.press("1#")
    digits = [await gateway.event("DTMFEnd") for _ in range(4)]
    assert "".join(end.get("Digit") for end in digits if end.get("Direction") == "Received") == "1#"
    call.hang_up(17)
    causes = [(await gateway.event("Hangup")).get("Cause") for _ in range(2)]
    assert causes == ["16", "17"]
    await leave(gateway)


async def test_an_inbound_call_arrives(reactor, simulate):
    asterisk = simulate()
    gateway = await gateway_of(reactor, asterisk)
    call = asterisk.call_in("+9198", "+9180", read_script("tone=440"))
    await gateway.event("AsyncAGIStart")
    gateway.send(actions.bridge(call.channel_id, gateway.leg))
    await call.bridged.next()
    assert (await gateway.media.packets.next()).payload_type == 0
    call.hang_up()
    await gateway.event("AsyncAGIEnd")
    await leave(gateway)


async def test_scripts_are_chosen_by_number_then_by_trunk(reactor, simulate):
    scripts = {"0982": read_script("busy"), "@dead": read_script("dead")}
    asterisk = simulate(scripts=scripts)
    gateway = await gateway_of(reactor, asterisk)
    for number, trunk in (("0982", "lab"), ("0983", "dead")):
        gateway.originate(number, trunk)
        assert (await gateway.event("OriginateResponse")).get("Channel") == f"PJSIP/{number}@{trunk}"
    assert (await gateway.event("Hangup")).get("Cause") == "17"
    await leave(gateway)


async def test_a_dropped_connection_does_not_end_a_call(reactor, simulate):
    asterisk = simulate()
    gateway = await gateway_of(reactor, asterisk)
    gateway.originate()
    call = await asterisk.new_calls.next()
    await call.bridged.next()
    asterisk.drop_connections()
    await gateway.lost
    assert not call.is_over
    await leave(await gateway_of(reactor, asterisk))


async def test_a_frozen_asterisk_answers_after_the_thaw(reactor, simulate):
    asterisk = simulate()
    gateway = await gateway_of(reactor, asterisk)
    asterisk.freeze()
    gateway.send(AmiMessage.action("Ping", ("ActionID", "p")))
    answer = gateway.response()
    await deferLater(reactor, 0.1)
    assert not answer.called
    asterisk.thaw()
    assert (await answer).get("Ping") == "Pong"
    await leave(gateway)


async def test_packets_between_phone_and_gateway_pass_the_network(reactor, simulate):
    asterisk = simulate("answer babble", network=Conditions(delay_s=0.05, jitter_s=0.01, loss=0.3), seed=3)
    gateway = await gateway_of(reactor, asterisk)
    gateway.originate()
    call = await asterisk.new_calls.next()
    phone = await call.bridged.next()
    counted, returned = phone.to_gateway.statistics, phone.from_gateway.statistics
    await until(reactor, lambda: counted.lost and counted.delivered and returned.delivered)
    assert counted.sent > counted.delivered
    call.hang_up()
    await leave(gateway)


async def test_media_from_another_address_is_ignored(reactor, simulate):
    asterisk = simulate("answer")
    gateway = await gateway_of(reactor, asterisk)
    gateway.originate()
    phone = await (await asterisk.new_calls.next()).bridged.next()
    stranger = reactor.listenUDP(0, DatagramProtocol(), interface="127.0.0.1")
    stranger.write(b"\x80\x00" + bytes(170), ("127.0.0.1", phone.local[1]))
    await until(reactor, lambda: phone.foreign)
    assert phone.foreign == 1
    await stranger.stopListening()
    await leave(gateway)


async def test_a_malformed_message_closes_the_connection(reactor, simulate):
    asterisk = simulate()
    gateway = await gateway_of(reactor, asterisk)
    gateway.transport.write(b"x" * (2 << 20))
    await gateway.lost


async def test_the_stop_closes_media_and_connections(reactor, simulate):
    asterisk = simulate()
    gateway = await gateway_of(reactor, asterisk)
    gateway.originate()
    call = await asterisk.new_calls.next()
    await call.bridged.next()
    await asterisk.stopService()
    await gateway.lost
    assert asterisk.calls == {}
    asterisk.startService()


def test_a_script_plays_a_file(tmp_path):
    path = tmp_path / "hello.wav"
    path.write_bytes(write_wav(b"", b""))
    with pytest.raises(Exception, match="2 channels"):
        read_script(f"wav={path}")


async def test_a_call_that_ends_before_its_effects_are_carried_out_does_no_harm(reactor, simulate):
    asterisk = simulate()
    gateway = await gateway_of(reactor, asterisk)
    channel = ("Channel", "sid-0981")
    dial = originate(
        channel_id="sid-0981",
        channel="PJSIP/0981@lab",
        caller_id="0804",
        ring_s=30,
        dial_string=gateway.leg,
        node="g",
    )
    gateway.transport.write(encode(dial) + encode(AmiMessage.action("Hangup", channel)))
    call = await asterisk.new_calls.next()
    assert call.is_over
    await gateway.event("Hangup")
    assert asterisk.calls == {}
    await leave(gateway)


async def test_a_phone_hears_only_the_gateway_that_took_its_call_over(reactor, simulate):
    asterisk = simulate("answer-after=0.05 tone=440,5", network=Conditions(delay_s=0.2))
    first, second = await gateway_of(reactor, asterisk), await gateway_of(reactor, asterisk)
    first.originate()
    call = await asterisk.new_calls.next()
    await first.media.packets.next()
    phone, reception = call.phone, call.phone.caller.ear.reception
    await until(reactor, lambda: reception.received)
    second.media.echoes = False
    for action in (
        actions.set_media_target("sid-0981", second.leg),
        actions.redirect("sid-0981", "exoswitch-bridge"),
    ):
        second.send(action)
    await second.messages.next(
        lambda message: message.event == "Newchannel" and destination(message.get("Channel")) == second.address
    )
    heard_of_the_first = reception.received
    first.media.transport.write(bytes(172), phone.local)
    await second.media.packets.next()  # so what was in transit has arrived
    await until(reactor, lambda: phone.foreign)
    assert call.phone is phone
    assert (phone.foreign, reception.received) == (1, heard_of_the_first)
    second.media.echoes = True
    await until(reactor, lambda: reception.received > heard_of_the_first)
    for gateway in (first, second):
        await leave(gateway)
