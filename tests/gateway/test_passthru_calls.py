"""Whole calls that go from bot to bot by way of a passthru: what the receiver is told, and what the caller hears."""

import time
from itertools import groupby
from urllib.parse import parse_qsl

import pytest
from attrs import evolve
from twisted.internet.task import deferLater

from exoswitch.audio.frames import SAMPLE_RATE_HZ, SILENCE_PCM
from exoswitch.audio.g711 import ULAW
from exoswitch.call.passthru import Hop
from exoswitch.call.session import CallStatus, DisconnectedBy
from exoswitch.config.model import AppConfig, CallsConfig, PassthruConfig
from exoswitch.configured import rules
from exoswitch.sim import sounds
from exoswitch.sim.asterisk import read_script
from exoswitch.sim.behaviour import parse_behaviour
from tests.audio.test_wav import wav
from tests.harness.receivers import Receiver, reply
from tests.harness.sim_house import House

WAITING_HZ, FIRST_HZ, SECOND_HZ, PERSON_HZ = 600, 440, 520, 700
RECEIVER_PORT = 8100
PATIENCE_S = 20
TO_SECOND = Hop(app="1002")
PERSON = "+919812345611"


def through_g711(frames):
    return [ULAW.decode(ULAW.encode(frame)) for frame in frames]


KNOWN = dict.fromkeys(through_g711(sounds.tone(WAITING_HZ)), "waiting")
KNOWN |= dict.fromkeys(through_g711(sounds.tone(FIRST_HZ)), "first")
KNOWN |= dict.fromkeys(through_g711(sounds.tone(SECOND_HZ)), "second")
KNOWN |= dict.fromkeys(through_g711(sounds.tone(PERSON_HZ)), "person")
KNOWN[SILENCE_PCM] = "silence"


def heard(call):
    """Say what a phone has heard, one thing after the other, each with its seconds; short silences are left out."""
    caller = call.phone.caller
    began = 2 * round((caller.ear.first_heard_at - caller.began_at) * SAMPLE_RATE_HZ)
    names = (KNOWN[frame] for frame in sounds.frames(bytes(caller.ear.recording[began:])))
    runs = [(name, len(list(run)) / 50) for name, run in groupby(names)]
    return [run for run in runs if run != ("silence", run[1]) or run[1] > 0.1]


class FlowHouse(House):
    """A house whose app 1001 has a passthru; the receiver of its questions answers as a test says."""

    def __init__(self, monkeypatch, sound, answer, script="answer babble", **passthru):
        self.passthru = PassthruConfig(url=f"http://127.0.0.1:{RECEIVER_PORT}/p?key=1", **passthru)
        calls = CallsConfig(ring_s=20, handshake_s=2, waiting_sound=str(sound))
        super().__init__(monkeypatch, script=script, behaviour=f"tone={FIRST_HZ}", calls=calls)
        self.receiver = Receiver(self.reactor, answer, port=RECEIVER_PORT)

    def config(self, calls):
        first = AppConfig(account="acme1", url=f"{self.bot.url}first", passthru=self.passthru)
        second = AppConfig(account="acme1", url=f"{self.bot.url}second")
        return evolve(super().config(calls), apps={"1001": first, "1002": second})

    def told(self):
        """Give the query of each question, without that of the URL."""
        queries = [request.target.removeprefix("/p?key=1&") for request in self.receiver.requests]
        return [dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True)) for query in queries]

    async def talk(self, seconds=2):
        """Let a caller talk to the first bot; give the session, the call at the Asterisk and the stream."""
        session = await self.place(app="1001")
        call = await self.asterisk.new_calls.next()
        stream = await self.bot.streams.next()
        await deferLater(self.reactor, seconds)
        self.bot.behaviour = parse_behaviour(f"tone={SECOND_HZ}")
        return session, call, stream


@pytest.fixture
def build(monkeypatch, tmp_path):
    def build(answer=lambda _request: reply(200), **passthru):
        path = tmp_path / "waiting.wav"
        path.write_bytes(wav(b"".join(sounds.tone(WAITING_HZ))))
        return FlowHouse(monkeypatch, path, answer, **passthru)

    return build


def test_status_302_leads_to_another_bot_with_another_stream_of_the_same_call(build):
    house = build(lambda _request: reply(302, b"", "Location: https://elsewhere.example.org/"), on_302=TO_SECOND)

    async def scenario():
        session, call, first = await house.talk()
        call.press("4")
        await deferLater(house.reactor, 0.5)
        first.close(1000)
        second = await house.bot.streams.next()
        await deferLater(house.reactor, 3)
        second.close(1000)
        await call.ended.next()
        return call, first.conversation, second.conversation, await house.ending_of(session)

    call, first, second, ended = house.live(scenario)
    before, after = first.started, second.started
    assert (after.call_sid, after.caller, after.callee) == (before.call_sid, before.caller, before.callee)
    assert first.faults == second.faults == []
    (told,) = house.told()
    assert told["CallSid"] == before.call_sid
    assert told["Stream[StreamSID]"] == before.stream_sid != after.stream_sid
    assert (told["Stream[Status]"], told["Stream[DisconnectedBy]"]) == ("completed", "bot")
    assert told["Stream[StreamUrl]"].endswith("/first")
    assert (told["digits"], told["flow_id"], told["CallStatus"]) == ('"4"', "1001", "in-progress")
    assert int(told["Stream[Duration]"]) in {2, 3}
    assert (ended.status, ended.stream_sid, ended.bot.app) == (CallStatus.COMPLETED, after.stream_sid, "1002")
    runs = heard(call)
    assert [name for name, _ in runs] == ["first", "second"]
    assert dict(runs)["second"] == pytest.approx(3, abs=0.1)


def test_the_caller_hears_the_waiting_sound_until_the_receiver_answers(build):
    house = build(lambda _request: None, on_302=TO_SECOND, timeout_s=30)

    async def scenario():
        _, call, first = await house.talk()
        first.close(1000)
        await deferLater(house.reactor, 4)
        house.receiver.connections[0].transport.write(reply(302))
        await house.bot.streams.next()
        await deferLater(house.reactor, 2)
        call.hang_up()
        return call

    runs = heard(house.live(scenario))
    assert [name for name, _ in runs] == ["first", "waiting", "second"]
    assert dict(runs)["waiting"] == pytest.approx(4, abs=0.1)


def test_a_receiver_that_never_answers_keeps_the_caller_no_longer_than_the_time_out(build):
    house = build(lambda _request: None, otherwise=TO_SECOND, timeout_s=3)

    async def scenario():
        _, call, first = await house.talk()
        first.close(1000)
        await house.bot.streams.next()
        await deferLater(house.reactor, 2)
        call.hang_up()
        return call

    runs = dict(heard(house.live(scenario)))
    assert runs["waiting"] == pytest.approx(3, abs=0.1)
    assert len(house.receiver.requests) == 1


@pytest.mark.parametrize("answer", [reply(200), reply(500), b"not HTTP at all\r\n\r\n"], ids=["200", "500", "none"])
def test_other_answers_hang_up_by_default(build, answer):
    house = build(lambda _request: answer, on_302=TO_SECOND)

    async def scenario():
        session, call, first = await house.talk()
        first.close(1000)
        await call.ended.next()
        return await house.ending_of(session)

    ended = house.live(scenario)
    assert ended.ending.reason.startswith("the bot closed the stream (1000")
    assert len(house.receiver.requests) == 1


def test_a_bot_that_cannot_be_reached_has_a_passthru_too(build):
    house = build(lambda _request: reply(302), on_302=TO_SECOND)

    async def scenario():
        house.bot.behaviour = parse_behaviour("refuse=503")
        await house.place(app="1001")
        call = await house.asterisk.new_calls.next()
        await house.receiver.asked.next()
        house.bot.behaviour = parse_behaviour(f"tone={SECOND_HZ}")
        await house.bot.streams.next()
        await deferLater(house.reactor, 2)
        call.hang_up()
        return call

    call = house.live(scenario)
    (told,) = house.told()
    assert (told["Stream[Status]"], told["Stream[DisconnectedBy]"], told["CallType"]) == (
        "failed",
        "NA",
        "call-attempt",
    )
    assert told["Stream[Error]"].startswith("3009 failed to establish ws conn")
    assert "second" in dict(heard(call))


def test_a_caller_who_hangs_up_first_is_told_of_with_cancelled_and_user(build):
    house = build()

    async def scenario():
        session, call, _ = await house.talk(seconds=4)
        call.hang_up()
        ended = await house.ending_of(session)
        until = time.monotonic() + PATIENCE_S  # The outbox goes by the wall clock, which is real.
        while not house.receiver.requests and time.monotonic() < until:
            await deferLater(house.reactor, 0.1)
        return ended

    assert house.live(scenario).ending.disconnected_by is DisconnectedBy.USER
    (told,) = house.told()
    assert (told["Stream[Status]"], told["Stream[DisconnectedBy]"]) == ("cancelled", "user")
    assert (told["Stream[Duration]"], told["CallStatus"]) == ("4", "completed")


def test_a_call_asks_the_passthru_that_it_began_with_and_a_reload_takes_the_next_app_away(build):
    house = build(lambda _request: reply(302), on_302=TO_SECOND)

    async def scenario():
        session, _, first = await house.talk()
        before = house.gateway.config
        after = evolve(before, apps={"1001": AppConfig(account="acme1", url=before.apps["1001"].url)})
        house.gateway.take(after, rules(after))
        first.close(1000)
        return await house.ending_of(session)

    ended = house.live(scenario)
    assert len(house.receiver.requests) == 1
    assert ended.ending.reason.endswith("; its next app, 1002, is no longer configured")


def test_nobody_waits_for_an_asynchronous_passthru(build):
    house = build(lambda _request: None, async_=True, on_200=TO_SECOND)

    async def scenario():
        _, call, first = await house.talk()
        first.close(1000)
        await house.bot.streams.next()
        await deferLater(house.reactor, 2)
        call.hang_up()
        return call

    runs = dict(heard(house.live(scenario)))
    assert runs.get("waiting", 0) < 0.1
    (told,) = house.told()
    assert told["Stream[Status]"] == "completed"


@pytest.mark.parametrize("who", [0, 1], ids=["the caller hangs up", "the other person hangs up"])
def test_a_bot_hands_its_caller_over_to_a_person(build, who):
    house = build(lambda _request: reply(302), on_302=Hop(number=PERSON), script=f"answer tone={PERSON_HZ},60")

    async def scenario():
        session, call, first = await house.talk()
        first.close(1000)
        other = await house.asterisk.new_calls.next()
        await deferLater(house.reactor, 5)
        live = await house.gateway.engine.find("acme1", session.call_sid)
        (call, other)[who].hang_up()
        ended = await house.ending_of(session)
        await deferLater(house.reactor, 2)
        return call, other, live, ended

    call, other, live, ended = house.live(scenario)
    assert (live.second.number, live.second.status, live.bot.app) == (PERSON, CallStatus.IN_PROGRESS, "1001")
    assert "person" in dict(heard(call))
    assert "person" in dict(heard(other))
    assert (ended.status, ended.second.status) == (CallStatus.COMPLETED, CallStatus.COMPLETED)
    assert ("the first phone" if who == 0 else "the second phone") in ended.ending.reason
    assert ended.duration_s > ended.second.talked_s
    assert len(house.told()) == 1


def test_a_person_who_does_not_answer_ends_the_call(build):
    house = build(lambda _request: reply(302), on_302=Hop(number=PERSON))

    async def scenario():
        session, call, first = await house.talk()
        house.asterisk.script = read_script("busy")
        first.close(1000)
        await call.ended.next()
        return await house.ending_of(session)

    ended = house.live(scenario)
    assert (ended.status, ended.second.status) == (CallStatus.COMPLETED, CallStatus.BUSY)
    assert ended.ending.reason.startswith("the second phone was not reached")
    assert (ended.ending.stream_status.value, ended.ending.disconnected_by) == ("completed", DisconnectedBy.BOT)
