"""The contract of every IBots."""

import base64

import pytest
from zope.interface.verify import verifyObject

from exoswitch.call.effects import StopReason
from exoswitch.interfaces.bots import IBotConnection, IBots
from tests.harness.exotel_loopback import BotServer


@pytest.fixture(params=[pytest.param(BotServer, id="exotel", marks=pytest.mark.loopback)])
def server(request, reactor, serve):
    return serve(request.param(reactor))


async def opened(server):
    connection, leg, listener = server.connect()
    await server.until(lambda: server.bots and len(server.bots[0].messages) == 2)
    assert listener.told == ["opened"]
    return connection, leg, listener, server.bots[0]


async def test_the_implementation_provides_its_interfaces(server):
    assert verifyObject(IBots, server.implementation)
    assert verifyObject(IBotConnection, server.connect()[0])


async def test_nothing_is_sent_before_start(server):
    connection, _, listener = server.connect(starts=False)
    await server.until(lambda: listener.told == ["opened"])
    connection.send_media(b"out of time")
    connection.send_mark("early")
    connection.start()
    await server.until(lambda: len(server.bots[0].messages) == 2)
    assert [message["event"] for message in server.bots[0].messages] == ["connected", "start"]


async def test_media_marks_and_keys_reach_the_bot_in_order(server):
    connection, leg, _, bot = await opened(server)
    leg.hear(b"\1" * 320)
    connection.send_mark("m")
    connection.send_digit("5", 100)
    await server.until(lambda: len(bot.messages) == 5)
    media, mark, key = bot.messages[2:]
    assert base64.b64decode(media["media"]["payload"]) == b"\1" * 320
    assert (mark["mark"]["name"], key["dtmf"]) == ("m", {"duration": "100", "digit": "5"})


async def test_the_bots_media_marks_and_clears_reach_the_leg_in_order(server):
    _, leg, _, bot = await opened(server)
    bot.say(event="media", media={"payload": base64.b64encode(bytes(50_000)).decode()})
    bot.say(event="mark", mark={"name": "m"})
    bot.say(event="clear")
    await server.until(lambda: ("clear",) in leg.asked)
    assert leg.asked == [("play", bytes(50_000)), ("mark", "m"), ("clear",)]


async def test_a_bot_that_refuses_fails_the_stream(server):
    server.refuses = True
    _, _, listener = server.connect()
    await server.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"
    assert "403" in listener.told[0][1]


async def test_an_unreachable_bot_fails_the_stream(server):
    _, _, listener = server.connect("ws://127.0.0.1:1/")
    await server.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"


async def test_an_attempt_can_be_abandoned(server):
    connection, _, listener = server.connect()
    connection.close(None)
    await server.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"


@pytest.mark.parametrize("stop", [StopReason.CALL_ENDED, None])
async def test_close_is_reported_to_the_bot_and_then_to_the_listener(stop, server):
    connection, _, listener, bot = await opened(server)
    connection.close(stop)
    assert listener.told == ["opened"]
    await server.until(lambda: len(listener.told) == 2)
    assert listener.told[1][0] == "closed"
    assert [message["stop"]["reason"] for message in bot.messages[2:]] == ([stop.value] if stop else [])
    assert bot.closed is not None


async def test_a_close_of_the_bot_is_reported_with_its_code(server):
    connection, _, listener, bot = await opened(server)
    bot.sendClose(4000, "good bye")
    await server.until(lambda: len(listener.told) == 2)
    assert listener.told[1] == ("closed", 4000, "good bye")
    connection.send_media(b"out of time")
    connection.send_mark("late")
    connection.send_digit("1", 100)
    connection.start()
    connection.close(StopReason.STOPPED)


async def test_a_lost_connection_is_reported_without_a_code(server):
    _, _, listener, bot = await opened(server)
    bot.transport.abortConnection()
    await server.until(lambda: len(listener.told) == 2)
    assert listener.told[1][:2] == ("closed", None)
