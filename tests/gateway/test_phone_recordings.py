"""A call between two phones is recorded: a whole gateway in virtual time."""

import pytest
from attrs import evolve
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock, deferLater

from exoswitch.audio.frames import FRAME_BYTES
from exoswitch.call import events as ev
from exoswitch.call.passthru import Hop, Passthru
from exoswitch.call.recording import RecordingWish
from exoswitch.gateway.phone_recordings import TwoSides
from exoswitch.tasks.worker_thread import WorkerThread
from tests.gateway.test_two_phones import REQUEST, Phones
from tests.harness.gateways import BOT, Gateways
from tests.harness.gateways import REQUEST as TO_A_BOT
from tests.harness.recorders import RecordedSwitch
from tests.harness.recordings import decoded, power, silence, tone

FIRST, SECOND = "answer-after=1 tone=400,60", "answer-after=1 tone=900,60"


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """Let two phones talk for six seconds; give the session, and the channels of its recording."""
    monkeypatch.setattr(WorkerThread, "run", lambda _self, work, *told, **more: maybeDeferred(work, *told, **more))

    def record(**wish):
        house = Phones(monkeypatch, first=FIRST, second=SECOND, recordings=str(tmp_path))

        async def scenario():
            request = evolve(REQUEST, recording=RecordingWish(format="wav", **wish))
            session = await house.gateway.engine.place(request)
            await deferLater(house.reactor, 8)
            house.calls()[0].hang_up()
            return await house.ending_of(session)

        session = house.live(scenario)
        assert house.asterisk.calls == {}
        (file,) = tmp_path.rglob("*.wav")
        assert file.name == f"{session.call_sid}.wav"
        return session, decoded(file.read_bytes())

    return record


def test_on_one_channel_one_tap_is_recorded_which_asterisk_mixes(recorded):
    session, (both,) = recorded()
    assert len(both) / 8000 == pytest.approx(session.talked_s, abs=0.3)
    assert power(both, 400, 3, 5) > 1000
    assert power(both, 900, 3, 5) > 1000


def test_on_two_channels_each_phone_has_its_own(recorded):
    session, (left, right) = recorded(channels="dual")
    assert len(left) / 8000 == pytest.approx(session.talked_s, abs=0.3)
    assert power(left, 400, 3, 5) > 1000
    assert power(left, 900, 3, 5) < 200
    assert power(right, 900, 3, 5) > 1000
    assert power(right, 400, 3, 5) < 200


class Sink:
    def __init__(self):
        self.left, self.right = b"", b""

    def take(self, left, right):
        assert len(left) == len(right)
        self.left, self.right = self.left + left, self.right + right


def test_a_side_that_begins_later_is_silent_before():
    clock, sink = Clock(), Sink()
    sides = TwoSides(sink, clock)
    left = sides.side(0)
    clock.advance(2.0)
    right = sides.side(1)
    left.take(tone(400, 2), silence(2))
    left.take(tone(400, 1), silence(1))
    right.take(tone(900, 1), silence(1))
    sides.end()
    assert sink.left == tone(400, 2) + tone(400, 1)
    assert sink.right == silence(2) + tone(900, 1)


def test_a_side_that_never_comes_does_not_hold_the_other_one():
    sink = Sink()
    left = TwoSides(sink, Clock()).side(0)
    for _ in range(10):
        left.take(tone(400, 1), silence(1))
    assert len(sink.left) == 7 * 50 * FRAME_BYTES
    assert set(sink.right) == {0}


# --- A caller whom a bot hands over, and another gateway ---------------------------------------------------------

OTHER = "+919812345611"
WISH = RecordingWish(channels="dual")


def connected(fleet, request):
    """Connect two phones at a new gateway, after a bot if the request has one; give it and the SIDs of both calls."""
    gateway = fleet.add("gw1")
    sid = fleet.place("gw1", evolve(request, recording=WISH))
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
    if request.bot is not None:
        gateway.bots.connections[-1].listener.stream_opened()
        gateway.bots.connections[-1].listener.stream_closed(1000, "bye")
        gateway.passthrus.answer(200)
    fleet.advance(20)
    second = fleet.session(sid).second.call_sid
    fleet.happens(ev.ChannelDialled(second), ev.ChannelRinging(second), ev.ChannelAnswered(second))
    return gateway, sid, second


def test_person_to_whom_a_bot_hands_over_is_recorded_when_the_recording_of_the_bot_ends():
    fleet = Gateways()
    to_a_phone = evolve(BOT, passthru=Passthru(url="https://crm.example.org/p", on_200=Hop(number=OTHER)))
    gateway, sid, second = connected(fleet, evolve(TO_A_BOT, bot=to_a_phone))
    with_bot, of_phones = gateway.recordings.begun
    assert (with_bot.ended, with_bot.offset_s) == ([False], 0.0)
    assert of_phones.offset_s == pytest.approx(20.0, abs=0.5)
    assert [request[2] for request in gateway.asked("tap")] == [sid, second]
    fleet.happens(ev.ChannelHungUp(sid, 16, "", by_peer=True), ev.ChannelHungUp(second, 16, ""))
    assert of_phones.ended[0] is True


def test_next_gateway_hangs_up_the_taps_of_the_first_one():
    fleet = Gateways()
    _, sid, second = connected(fleet, REQUEST)
    fleet.kill("gw1")
    again = fleet.restart("gw1", frozenset({sid, second}), switch=RecordedSwitch())
    fleet.advance(2)
    assert [request[1] for request in again.asked("tap")] == [f"rec1a-{sid}", f"rec1b-{sid}"]
    assert {request[1] for request in again.asked("hang_up_lost")} >= {f"rec0a-{sid}", f"rec0b-{sid}"}


def test_phone_that_another_gateway_has_is_recorded_with_the_first_one():
    fleet = Gateways()
    _, sid, second = connected(fleet, REQUEST)
    neighbours = [fleet.add("gw2"), fleet.add("gw3")]
    fleet.kill("gw1")
    fleet.advance(2)
    assert fleet.holder(sid) is not fleet.holder(second)
    taps = [request[2] for each in neighbours for request in each.asked("tap")]
    assert taps == [sid, second]
