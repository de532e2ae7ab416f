"""Calls that go on from app to app: the apps, and a call whose first stream is to end."""

from attrs import evolve

from exoswitch.call import events as ev
from exoswitch.call.passthru import Hop, Passthru
from exoswitch.call.session import BotTarget
from tests.harness.gateways import LEG, REQUEST

PASSTHRU = Passthru(url="https://crm.example.org/p", timeout_s=4.0, on_302=Hop(app="1002"))
FIRST = BotTarget(url="ws://bot.example.org/first", app="1001", passthru=PASSTHRU)
SECOND = BotTarget(url="ws://bot.example.org/second", app="1002")
LONG_ENOUGH_S = 1.5


def alone(fleet, first=FIRST, apps=(SECOND,)):
    """Let person and bot talk on the only gateway; give it, and the call's SID."""
    gateway = fleet.add("gw1", apps=apps)
    sid = fleet.place("gw1", evolve(REQUEST, bot=first))
    fleet.happens(ev.ChannelAnswered(sid), ev.MediaAnnounced(sid, "10.0.1.5", 15000, LEG))
    gateway.bots.connections[-1].listener.stream_opened()
    return gateway, sid


def close(gateway):
    gateway.bots.connections[-1].listener.stream_closed(1000, "bye")
