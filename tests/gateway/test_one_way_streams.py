"""A bot listens to a call between two phones: a whole gateway in virtual time, and a simulated bot."""

import pytest
from attrs import evolve
from twisted.internet.task import deferLater

from exoswitch.call.session import CallStatus
from exoswitch.call.stream_tap import StreamTap
from tests.gateway.test_two_phones import FIRST, REQUEST, Phones

TALKS = "answer-after=1 tone=400,60"


class Listened(Phones):
    """A call between two phones with a one-way stream; `stream` is the bot's side of it."""

    def listened(self, then_s=6.0, **tap):
        request = evolve(REQUEST, tap=StreamTap(url=f"{self.bot.url}?team=qa", **tap))

        async def scenario():
            session = await self.gateway.engine.place(request)
            began_at = self.reactor.seconds()
            self.stream = await self.bot.streams.next()
            self.after_s = self.reactor.seconds() - began_at
            await deferLater(self.reactor, then_s)
            self.calls()[0].hang_up()
            return await self.ending_of(session)

        return self.live(scenario)

    @property
    def conversation(self):
        return self.stream.conversation


@pytest.mark.parametrize(("begins_at", "after_s"), [("leg1", 1.0), ("leg2", 2.0)])
def test_bot_listens_from_the_answer_of_the_first_or_of_the_second_phone(monkeypatch, begins_at, after_s):
    house = Listened(monkeypatch, first=TALKS, second=TALKS)
    session = house.listened(begins_at=begins_at)
    assert house.after_s == pytest.approx(after_s, abs=0.3)
    started = house.conversation.started
    assert (started.call_sid, started.caller) == (session.call_sid, "0" + FIRST[-10:])
    assert started.custom_parameters == {"team": "qa"}
    assert house.conversation.stopped.reason == "callended"
    assert session.second.status is CallStatus.COMPLETED
    assert house.asterisk.calls == {}


def test_bot_hears_audio_and_nothing_of_it_reaches_the_phones(monkeypatch):
    house = Listened(monkeypatch, first=TALKS, second=TALKS, behaviour="echo")
    house.listened()
    assert house.conversation.media_count > 200
    assert house.conversation.faults == []


def test_stream_ends_before_the_call_after_its_time(monkeypatch):
    house = Listened(monkeypatch, first=TALKS, second=TALKS)
    session = house.listened(timeout_s=2.0)
    assert house.conversation.stopped.reason == "stopped"
    assert session.duration_s > 5.0


def test_call_goes_on_without_a_stream_that_cannot_be_opened(monkeypatch):
    house = Phones(monkeypatch)
    nowhere = StreamTap(url="ws://127.0.0.1:9/ws")
    session = house.connected(house.hangs_up(0), request=evolve(REQUEST, tap=nowhere))
    assert (session.status, session.second.status) == (CallStatus.COMPLETED, CallStatus.COMPLETED)
    assert house.asterisk.calls == {}
