"""The contract of every IBots."""

import base64

import pytest
from zope.interface.verify import verifyObject

from exoswitch.call.effects import StopReason
from exoswitch.interfaces.bots import IBotConnection, IBots
from tests.harness.exotel_loopback import LoopbackHouse


@pytest.fixture(params=[pytest.param(LoopbackHouse, id="exotel", marks=pytest.mark.loopback)])
def house(request, reactor, serve):
    return serve(request.param(reactor))


async def opened(house):
    connection, leg, listener = house.connect()
    await house.until(lambda: house.bots and len(house.bots[0].messages) == 2)
    assert listener.told == ["opened"]
    return connection, leg, listener, house.bots[0]


async def test_the_implementation_provides_its_interfaces(house):
    assert verifyObject(IBots, house.implementation)
    assert verifyObject(IBotConnection, house.connect()[0])


async def test_nothing_is_sent_before_start(house):
    connection, _, listener = house.connect(starts=False)
    await house.until(lambda: listener.told == ["opened"])
    connection.send_media(b"out of time")
    connection.send_mark("early")
    connection.start()
    await house.until(lambda: len(house.bots[0].messages) == 2)
    assert [message["event"] for message in house.bots[0].messages] == ["connected", "start"]


async def test_media_marks_and_keys_reach_the_bot_in_order(house):
    connection, leg, _, bot = await opened(house)
    leg.hear(b"\1" * 320)
    connection.send_mark("m")
    connection.send_digit("5", 100)
    await house.until(lambda: len(bot.messages) == 5)
    media, mark, key = bot.messages[2:]
    assert base64.b64decode(media["media"]["payload"]) == b"\1" * 320
    assert (mark["mark"]["name"], key["dtmf"]) == ("m", {"duration": "100", "digit": "5"})


async def test_the_bots_media_marks_and_clears_reach_the_leg_in_order(house):
    _, leg, _, bot = await opened(house)
    bot.say(event="media", media={"payload": base64.b64encode(bytes(50_000)).decode()})
    bot.say(event="mark", mark={"name": "m"})
    bot.say(event="clear")
    await house.until(lambda: ("clear",) in leg.asked)
    assert leg.asked == [("play", bytes(50_000)), ("mark", "m"), ("clear",)]


async def test_a_bot_that_refuses_fails_the_stream(house):
    house.refuses = True
    _, _, listener = house.connect()
    await house.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"
    assert "403" in listener.told[0][1]


async def test_an_unreachable_bot_fails_the_stream(house):
    _, _, listener = house.connect("ws://127.0.0.1:1/")
    await house.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"


async def test_an_attempt_can_be_abandoned(house):
    connection, _, listener = house.connect()
    connection.close(None)
    await house.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"


@pytest.mark.parametrize("stop", [StopReason.CALL_ENDED, None])
async def test_close_is_reported_to_the_bot_and_then_to_the_listener(stop, house):
    connection, _, listener, bot = await opened(house)
    connection.close(stop)
    assert listener.told == ["opened"]
    await house.until(lambda: len(listener.told) == 2)
    assert listener.told[1][0] == "closed"
    assert [message["stop"]["reason"] for message in bot.messages[2:]] == ([stop.value] if stop else [])
    assert bot.closed is not None


async def test_a_close_of_the_bot_is_reported_with_its_code(house):
    connection, _, listener, bot = await opened(house)
    bot.sendClose(4000, "good bye")
    await house.until(lambda: len(listener.told) == 2)
    assert listener.told[1] == ("closed", 4000, "good bye")
    connection.send_media(b"out of time")
    connection.send_mark("late")
    connection.send_digit("1", 100)
    connection.start()
    connection.close(StopReason.STOPPED)


async def test_a_lost_connection_is_reported_without_a_code(house):
    _, _, listener, bot = await opened(house)
    bot.transport.abortConnection()
    await house.until(lambda: len(listener.told) == 2)
    assert listener.told[1][:2] == ("closed", None)
