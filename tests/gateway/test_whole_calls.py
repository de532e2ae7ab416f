"""Whole calls, from the dial to the last word, on a virtual clock: what shows only when all parts work together."""

import json
import re
from itertools import pairwise

import pytest
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater

from exoswitch.audio.samples import samples_of
from exoswitch.call.session import BotTarget, CallStatus, DisconnectedBy, StreamStatus
from exoswitch.interfaces.calls import CallRequest
from exoswitch.sim.conversation import Started
from exoswitch.sim.sounds import tone
from tests.harness.sim_house import House


class Resolver(Protocol):
    """Answers every request with the URL of the bot, and remembers what it was asked."""

    def __init__(self, asked, url):
        self.asked, self.url, self.request = asked, url, b""

    def dataReceived(self, data):
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


def test_a_bot_is_told_which_call_it_has_in_exotels_terms(monkeypatch):
    house = House(monkeypatch, script="answer hangup")

    async def scenario():
        session = await house.place(house.bot.url + "?lang=hi")
        stream = await house.bot.streams.next()
        await house.ending_of(session)
        return session, stream.conversation.started

    session, started = house.live(scenario)
    assert started == Started(
        stream_sid=session.stream_sid,
        call_sid=session.call_sid,
        account_sid="acme1",
        caller="09812345678",
        callee="08047491899",
        media_format={"encoding": "base64", "sample_rate": "8000", "bit_rate": "128kbps"},
        custom_parameters={"lang": "hi"},
    )
    assert re.fullmatch(r"[0-9a-f]{28}[0-9a-f]{2}[1-9a-c][1-9a-v]", started.call_sid)
    assert re.fullmatch(r"[0-9a-f]{28}" + started.call_sid[28:], started.stream_sid)
    assert started.call_sid != started.stream_sid


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


def test_a_bot_that_accepts_and_never_answers_gets_ten_seconds_twice(monkeypatch):
    house = House(monkeypatch, script="answer")
    tried_at = []

    class Mute(Protocol):
        def connectionMade(self):
            tried_at.append(house.reactor.seconds())

    house.reactor.listenTCP(9000, Factory.forProtocol(Mute))

    async def scenario():
        session = await house.place("ws://127.0.0.1:9000/")
        call = await house.asterisk.new_calls.next()
        await call.ended.next()
        return house.reactor.seconds(), await house.ending_of(session)

    hung_up_at, ended = house.live(scenario)
    assert [at - tried_at[0] for at in [*tried_at, hung_up_at]] == pytest.approx([0, 10, 20], abs=0.1)
    assert (ended.status, ended.ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.FAILED)
    assert ended.ending.stream_error == "3009 failed to establish ws conn: 127.0.0.1:9000: no answer within 10 s"


def test_a_bot_that_vanishes_ends_the_call_and_is_not_connected_again(monkeypatch):
    house = House(monkeypatch, script="answer babble")

    async def scenario():
        session = await house.place()
        stream = await house.bot.streams.next()
        await deferLater(house.reactor, 1)
        stream.vanish()
        return await house.ending_of(session)

    ended = house.live(scenario)
    assert list(house.bot.streams) == []
    assert (ended.status, ended.ending.disconnected_by) == (CallStatus.COMPLETED, DisconnectedBy.BOT)
    assert ended.ending.stream_error == "the connection was lost without a closing handshake (1006)"


def test_a_stream_that_reaches_its_limit_is_stopped(monkeypatch):
    house = House(monkeypatch, script="answer babble")
    request = CallRequest(
        account="acme1",
        number="+919812345678",
        exophone="+918047491899",
        bot=BotTarget(url=house.bot.url),
        max_duration_s=3.0,
    )

    async def scenario():
        session = await house.gateway.engine.place(request)
        stream = await house.bot.streams.next()
        await house.ending_of(session)
        return stream

    stream = house.live(scenario)
    assert stream.conversation.stopped.reason == "stopped"
    assert stream.conversation.media_count == pytest.approx(150, abs=5)


def test_audio_of_a_bot_is_cut_off_when_it_closes(monkeypatch):
    house = House(monkeypatch, script="answer silence=60", behaviour="silent")

    async def scenario():
        session = await house.place()
        call = await house.asterisk.new_calls.next()
        phone = await call.bridged.next()
        stream = await house.bot.streams.next()
        await deferLater(house.reactor, 0.5)
        stream.say(b"".join(tone(440)) * 10)
        await deferLater(house.reactor, 1)
        house.asterisk.freeze()  # so that it is not the hang-up that ends the tone
        stream.close()
        await deferLater(house.reactor, 1)
        house.asterisk.thaw()
        return phone.caller.ear.recording, await house.ending_of(session)

    heard, ended = house.live(scenario)
    loud = sum(max(samples_of(heard[at : at + 320])) > 1000 for at in range(0, len(heard) - 319, 320))
    assert loud == pytest.approx(50, abs=3)
    assert ended.ending.disconnected_by is DisconnectedBy.BOT


def test_a_bot_that_closes_has_the_phone_hung_up_at_once(monkeypatch):
    house = House(monkeypatch, script="answer", behaviour="silent close-after=1")

    async def scenario():
        await house.place()
        call = await house.asterisk.new_calls.next()
        stream = await house.bot.streams.next()
        await stream.closed.next()
        closed_at = house.reactor.seconds()
        await call.ended.next()
        return house.reactor.seconds() - closed_at

    assert house.live(scenario) < 0.1


def crossings_hz(pcm, rate_hz):
    """Count how often a second a tone rises through zero, to the nearest ten."""
    samples = samples_of(pcm)
    rises = sum(before < 0 <= after for before, after in pairwise(samples))
    return round(rises * rate_hz / len(samples), -1)
