"""Bots that vanish and come back, or do not, and bots that say goodbye: what the person on the phone hears."""

from itertools import groupby

import pytest
from twisted.internet.task import deferLater

from exoswitch.audio.frames import SAMPLE_RATE_HZ, SILENCE_PCM
from exoswitch.audio.g711 import ULAW
from exoswitch.call.session import CallStatus, DisconnectedBy, StreamStatus
from exoswitch.config.model import CallsConfig
from exoswitch.sim import sounds
from exoswitch.sim.behaviour import parse_behaviour
from exoswitch.sim.conversation import Digit
from tests.audio.test_wav import wav
from tests.harness.sim_house import CALLS, House

RECONNECT = {"on_stream_loss": "reconnect"}
WAITING_HZ, BOT_HZ = 600, 440
GONE = parse_behaviour("refuse=503")


def through_g711(frames):
    return [ULAW.decode(ULAW.encode(frame)) for frame in frames]


KNOWN = dict.fromkeys(through_g711(sounds.tone(WAITING_HZ)), "waiting")
KNOWN |= dict.fromkeys(through_g711(sounds.tone(BOT_HZ)), "bot")
KNOWN[SILENCE_PCM] = "silence"
GOODBYE = sounds.babble()[:100]


def frames_heard(call):
    """Cut what a phone has heard into the packets that it came in."""
    caller = call.phone.caller
    began = 2 * round((caller.ear.first_heard_at - caller.began_at) * SAMPLE_RATE_HZ)
    return list(sounds.frames(bytes(caller.ear.recording[began:])))


def runs_heard(call):
    """Say what was heard, one thing after the other, each with its number of frames."""
    return [(name, len(list(run))) for name, run in groupby(KNOWN[frame] for frame in frames_heard(call))]


@pytest.fixture
def build(monkeypatch, tmp_path):
    def build(*, sound=False, behaviour=f"tone={BOT_HZ}", calls=CALLS):
        if sound:
            path = tmp_path / "waiting.wav"
            path.write_bytes(wav(b"".join(sounds.tone(WAITING_HZ))))
            calls = CallsConfig(ring_s=20, waiting_sound=str(path))
        return House(monkeypatch, script="answer babble", behaviour=behaviour, calls=calls)

    return build


async def talk(house, **options):
    """Let a call talk for two seconds; give its session, the call at the Asterisk, and its first stream."""
    session = await house.place(**options)
    call = await house.asterisk.new_calls.next()
    stream = await house.bot.streams.next()
    await deferLater(house.reactor, 2)
    return session, call, stream


@pytest.mark.parametrize(("away_s", "waited_s"), [(0, 1), (2, 3), (6, 7)])
def test_a_bot_that_comes_back_gets_another_stream_of_the_same_call(build, away_s, waited_s):
    house = build(sound=True)

    async def scenario():
        session, call, first = await talk(house, **RECONNECT)
        here, house.bot.behaviour = house.bot.behaviour, GONE
        first.vanish()
        await deferLater(house.reactor, away_s)
        house.bot.behaviour = here
        second = await house.bot.streams.next()
        await deferLater(house.reactor, 2)
        call.press("7")
        await deferLater(house.reactor, 0.1)
        call.hang_up()
        return call, first.conversation, second.conversation, await house.ending_of(session)

    call, first, second, ended = house.live(scenario)
    before, after = first.started, second.started
    assert (after.call_sid, after.caller, after.callee) == (before.call_sid, before.caller, before.callee)
    assert before.stream_sid != after.stream_sid
    assert ended.stream_sid == after.stream_sid
    assert first.faults == second.faults == []
    assert second.told(Digit) == [Digit("7", 100)]
    assert second.media_count == pytest.approx(2.1 * 50, abs=3)
    assert second.stopped.reason == "callended"
    assert (ended.status, ended.ending.disconnected_by) == (CallStatus.COMPLETED, DisconnectedBy.USER)
    runs = runs_heard(call)
    assert [name for name, _ in runs if name != "silence"] == ["bot", "waiting", "bot"]
    assert dict(runs)["waiting"] == pytest.approx(50 * waited_s, abs=2)
    assert sum(count for name, count in runs[1:] if name == "silence") <= 3


def test_without_a_waiting_sound_the_caller_of_a_lost_bot_hears_silence_at_once(build):
    house = build()

    async def scenario():
        _, call, first = await talk(house, **RECONNECT)
        first.say(b"".join(sounds.tone(BOT_HZ)) * 20)
        first.close(4000)
        await house.bot.streams.next()
        await deferLater(house.reactor, 1)
        return call

    runs = [run for run in runs_heard(house.live(scenario)) if run[1] > 3]
    assert [name for name, _ in runs[-3:]] == ["bot", "silence", "bot"]
    assert runs[-3][1] < 110
    assert runs[-2][1] == pytest.approx(50, abs=3)


def test_keys_that_are_pressed_while_a_bot_is_lost_are_dropped(build):
    house = build(behaviour="silent")

    async def scenario():
        _, call, first = await talk(house, **RECONNECT)
        first.vanish()
        await deferLater(house.reactor, 0.5)
        call.press("12")
        second = await house.bot.streams.next()
        await deferLater(house.reactor, 1)
        return first.conversation.told(Digit) + second.conversation.told(Digit)

    assert house.live(scenario) == []


def test_a_bot_that_does_not_come_back_fails_the_stream_after_seven_seconds(build):
    house = build(sound=True)

    async def scenario():
        session, call, first = await talk(house, **RECONNECT)
        house.bot.behaviour = GONE
        first.vanish()
        await call.ended.next()
        return call, await house.ending_of(session)

    call, ended = house.live(scenario)
    assert house.bot.refused == 3
    assert (ended.status, ended.ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.FAILED)
    assert "503" in ended.ending.stream_error
    assert dict(runs_heard(call))["waiting"] == pytest.approx(7 * 50, abs=3)


@pytest.mark.parametrize("wait_s", [0.5, 1.5])
def test_a_caller_who_does_not_wait_for_a_lost_bot_ends_the_call(build, wait_s):
    house = build()

    async def scenario():
        session, call, first = await talk(house, **RECONNECT)
        house.bot.behaviour = GONE
        first.vanish()
        await deferLater(house.reactor, wait_s)
        call.hang_up()
        ended = await house.ending_of(session)
        await deferLater(house.reactor, 10)
        return ended

    assert house.live(scenario).ending.disconnected_by is DisconnectedBy.USER
    assert house.bot.refused == int(wait_s)


def test_by_default_a_lost_bot_ends_the_call(build):
    house = build(sound=True)

    async def scenario():
        session, call, first = await talk(house)
        first.vanish()
        return call, await house.ending_of(session)

    call, ended = house.live(scenario)
    assert ended.ending.reason.startswith("the bot's connection ended abnormally")
    assert "waiting" not in dict(runs_heard(call))


@pytest.mark.parametrize("drains", [True, False])
def test_audio_of_a_bot_that_closed_is_played_to_its_end_if_configured(build, drains):
    house = build(behaviour="silent")

    async def scenario():
        session, call, stream = await talk(house, drain_on_close=drains)
        stream.say(b"".join(GOODBYE))
        stream.mark("said")
        stream.close(1000)
        await call.ended.next()
        return call, stream.conversation, await house.ending_of(session)

    call, conversation, ended = house.live(scenario)
    heard = [frame for frame in frames_heard(call) if frame != SILENCE_PCM]
    assert heard == through_g711(GOODBYE)[: len(heard)]
    assert len(heard) == len(GOODBYE) if drains else len(heard) < 5
    assert conversation.faults == []
    assert (ended.status, ended.ending.disconnected_by) == (CallStatus.COMPLETED, DisconnectedBy.BOT)
    assert ended.ending.reason.startswith("the bot closed the stream (1000")


def test_draining_ends_at_the_limit_of_the_call(build):
    house = build(behaviour="silent", calls=CallsConfig(ring_s=20, max_duration_s=5))

    async def scenario():
        session, call, stream = await talk(house, drain_on_close=True)
        stream.say(b"".join(sounds.babble()) * 6)
        stream.close(1000)
        await call.ended.next()
        return call, await house.ending_of(session)

    call, ended = house.live(scenario)
    assert len(frames_heard(call)) == pytest.approx(5 * 50, abs=5)
    assert ended.ending.disconnected_by is DisconnectedBy.BOT


def test_a_bot_that_crashes_on_every_stream_is_connected_ten_times(build):
    house = build()

    async def scenario():
        session, _, stream = await talk(house, **RECONNECT)
        for _ in range(10):
            stream.vanish()
            stream = await house.bot.streams.next()
        stream.vanish()
        return await house.ending_of(session)

    ended = house.live(scenario).ending
    assert ended.disconnected_by is DisconnectedBy.BOT
    assert "ended abnormally" in ended.reason
