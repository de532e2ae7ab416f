"""Whole calls, from the dial to the last word, on a virtual clock: what shows only when all parts work together."""

import json
from array import array
from itertools import pairwise

from twisted.internet.protocol import Factory, Protocol

from exoswitch.session import CallStatus, DisconnectedBy
from tests.sim.house import House


class Resolver(Protocol):
    """Answers every request with the URL of the bot, and remembers what it was asked."""

    def __init__(self, asked, url):
        self.asked, self.url, self.request = asked, url, b""

    def dataReceived(self, data):  # noqa: N802
        self.request += data
        if self.request.endswith(b"\r\n\r\n"):
            self.asked.append(self.request.split()[1].decode())
            body = json.dumps({"url": self.url}).encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def test_a_resolver_is_asked_for_the_bot_of_each_call(monkeypatch):
    house = House(monkeypatch, script="answer babble=2 hangup")
    asked = []
    house.reactor.listenTCP(9000, Factory.forProtocol(lambda: Resolver(asked, house.bot.url + "?lang=hi")))

    async def scenario():
        session = await house.place("http://127.0.0.1:9000/where?tenant=7")
        stream = await house.bot.streams.next()
        return session, stream, await house.ending_of(session)

    session, stream, ended = house.live(scenario)
    assert asked[0].startswith("/where?tenant=7&CallFrom=09812345678&")
    assert f"CallSid={session.call_sid}" in asked[0]
    assert stream.conversation.started.custom_parameters == {"lang": "hi"}
    assert ended.ending.disconnected_by is DisconnectedBy.USER


def test_a_resolver_that_knows_no_bot_fails_the_stream_after_a_second_try(monkeypatch):
    house = House(monkeypatch)
    asked = []
    house.reactor.listenTCP(9000, Factory.forProtocol(lambda: Resolver(asked, "nowhere")))

    async def scenario():
        return await house.ending_of(await house.place("http://127.0.0.1:9000/where"))

    ended = house.live(scenario)
    assert len(asked) == 2
    assert ended.status is CallStatus.COMPLETED
    assert ended.ending.stream_error.startswith("3009 failed to establish ws conn: the resolver 127.0.0.1:9000: ")


def test_a_bot_at_16_khz_talks_with_a_phone_at_8(monkeypatch):
    house = House(monkeypatch, script="answer tone=1000,4 hangup")

    async def scenario():
        session = await house.place(house.bot.url + "?sample-rate=16000")
        call = await house.asterisk.new_calls.next()
        phone = await call.bridged.next()
        stream = await house.bot.streams.next()
        await house.ending_of(session)
        return stream.conversation, phone.caller

    conversation, caller = house.live(scenario)
    assert conversation.faults == []
    assert conversation.started.media_format["sample_rate"] == "16000"
    assert crossings_hz(conversation.recording[32_000:96_000], 16_000) == 1000
    assert crossings_hz(caller.ear.recording[32_000:48_000], 8_000) == 1000


def crossings_hz(pcm, rate_hz):
    """Count how often a second a tone rises through zero, to the nearest ten."""
    samples = array("h", bytes(pcm))
    rises = sum(before < 0 <= after for before, after in pairwise(samples))
    return round(rises * rate_hz / len(samples), -1)
