"""Calls that ask for it are recorded, from the answer to the end, also over a change of gateway."""

from attrs import evolve
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import deferLater

from exoswitch.call import events as ev
from exoswitch.call.recording import Recorded, RecordingWish
from exoswitch.call.session import BotTarget, Direction
from exoswitch.config.model import RecordingsConfig
from exoswitch.interfaces.calls import CallRequest
from exoswitch.sim.asterisk import read_script
from exoswitch.tasks.worker_thread import WorkerThread
from tests.harness.gateways import OURS, PERSON, REQUEST, Gateways
from tests.harness.recordings import decoded, power
from tests.harness.sim_house import House

WISH = RecordingWish(channels="dual")
RECORDED = evolve(REQUEST, recording=WISH)


def begun(fleet, request=RECORDED):
    """Place a call at a new gateway; give the gateway and the call's SID while the phone rings."""
    gateway = fleet.add("gw1")
    sid = fleet.place("gw1", request)
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid))
    return gateway, sid


def test_a_recording_begins_with_the_answer_and_ends_with_the_call():
    fleet = Gateways()
    gateway, sid = begun(fleet)
    assert gateway.recordings.begun == []
    fleet.happens(ev.ChannelAnswered(sid))
    (recording,) = gateway.recordings.begun
    assert (recording.call_sid, recording.offset_s) == (sid, 0.0)
    assert gateway.media.legs[-1].sink is recording
    fleet.happens(ev.ChannelHungUp(sid, 16, "Normal Clearing"))
    assert recording.ended[0] is True
    assert gateway.media.legs[-1].sink is None
    assert fleet.session(sid).recorded == Recorded(seconds=7.5)


def test_a_call_that_is_not_answered_is_not_recorded():
    fleet = Gateways()
    gateway, sid = begun(fleet)
    fleet.happens(ev.ChannelHungUp(sid, 17, "User busy"))
    assert gateway.recordings.begun == []
    assert fleet.session(sid).recorded is None


def test_a_call_that_asks_for_none_is_not_recorded():
    fleet = Gateways()
    gateway, sid = begun(fleet, REQUEST)
    fleet.happens(ev.ChannelAnswered(sid), ev.ChannelHungUp(sid, 16, "Normal Clearing"))
    assert gateway.recordings.begun == []
    assert fleet.session(sid).recorded is None


def test_the_calls_of_an_app_are_recorded_if_the_app_says_so():
    bot = BotTarget(url="ws://bot.example.org/ws", app="1001", record=WISH)
    fleet = Gateways()
    gateway, sid = begun(fleet, CallRequest(account="acme1", number=PERSON, exophone=OURS, bot=bot))
    fleet.happens(ev.ChannelAnswered(sid))
    assert [recording.call_sid for recording in gateway.recordings.begun] == [sid]
    assert fleet.session(sid).recording == WISH


def test_the_calls_to_a_number_are_recorded_if_its_app_says_so():
    bot = BotTarget(url="ws://bot.example.org/ws", app="1001", record=WISH)
    fleet = Gateways()
    gateway = fleet.add("gw1", inbound_bot=bot)
    fleet.happens(ev.CallArrived("in1", PERSON, OURS))
    gateway.bots.connections[-1].listener.stream_opened()
    (recording,) = gateway.recordings.begun
    (sid,) = fleet.leases()
    assert (recording.call_sid, recording.offset_s) == (sid, 0.0)
    assert gateway.media.legs[-1].sink is recording
    fleet.happens(ev.ChannelHungUp("in1", 16, "Normal Clearing"))
    assert recording.ended[0] is True
    assert (fleet.session(sid).recording, fleet.session(sid).recorded) == (WISH, Recorded(seconds=7.5))


def test_the_calls_to_a_number_whose_app_records_nothing_are_not_recorded():
    fleet = Gateways()
    gateway = fleet.add("gw1")
    fleet.happens(ev.CallArrived("in1", PERSON, OURS))
    gateway.bots.connections[-1].listener.stream_opened()
    fleet.happens(ev.ChannelHungUp("in1", 16, "Normal Clearing"))
    assert gateway.recordings.begun == []


def test_a_take_over_goes_on_with_the_recording_at_the_present_time_of_the_call():
    fleet = Gateways()
    first, sid = begun(fleet)
    second = fleet.add("gw2")
    fleet.happens(ev.ChannelAnswered(sid))
    fleet.advance(5)
    fleet.kill("gw1")
    fleet.advance(3)
    (recording,) = second.recordings.begun
    assert recording.call_sid == sid
    assert 5.0 < recording.offset_s < 8.0
    assert second.media.legs[-1].sink is recording
    fleet.happens(ev.ChannelHungUp(sid, 16, "Normal Clearing"))
    assert recording.ended[0] is True
    assert first.recordings.begun[0].ended == []


def test_a_call_that_moves_away_leaves_its_recording_to_the_other_gateway():
    fleet = Gateways()
    gateway, sid = begun(fleet)
    fleet.happens(ev.ChannelAnswered(sid))
    call = gateway.engine._calls.find(sid)
    call.feed(call.inputs.moved)
    assert gateway.recordings.begun[0].ended == [False]


def test_a_whole_call_is_in_its_file_with_both_sides_in_time(monkeypatch, tmp_path):
    monkeypatch.setattr(WorkerThread, "run", lambda _self, work, *told, **more: maybeDeferred(work, *told, **more))
    house = House(monkeypatch, script="answer tone=1000,2 silence=2 hangup", recordings=str(tmp_path))

    async def scenario():
        return await house.ending_of(await house.place(recording=RecordingWish(channels="dual", format="wav")))

    ended = house.live(scenario)
    (file,) = tmp_path.rglob("*.wav")
    assert file.name == f"{ended.call_sid}.wav"
    left, right = decoded(file.read_bytes())
    assert len(left) / 8000 == ended.recorded.seconds
    assert abs(ended.recorded.seconds - ended.talked_s) < 0.1
    said, echoed = first_loud(left), first_loud(right)
    assert power(left, 1000, said + 0.2, said + 1.2) > 1000
    assert power(right, 1000, echoed + 0.2, echoed + 1.2) > 1000
    assert 0.02 <= echoed - said <= 0.4


class RecordingHouse(House):
    """A gateway whose app records its calls, both sides apart."""

    def config(self, calls):
        config = super().config(calls)
        (app,) = config.apps.values()
        return evolve(
            config,
            apps={"1001": evolve(app, record="dual")},
            recordings=RecordingsConfig(folder=self.recordings, format="wav"),
        )


def test_a_whole_call_to_a_number_is_in_its_file_as_its_app_and_the_configuration_say(monkeypatch, tmp_path):
    monkeypatch.setattr(WorkerThread, "run", lambda _self, work, *told, **more: maybeDeferred(work, *told, **more))
    house = RecordingHouse(monkeypatch, recordings=str(tmp_path))

    async def scenario():
        house.asterisk.call_in("+919812345678", "+918047491899", read_script("tone=1000,2 silence=1 hangup"))
        await deferLater(house.reactor, 1.0)
        (session,) = house.gateway.engine.sessions()
        return await house.ending_of(session)

    ended = house.live(scenario)
    (file,) = tmp_path.rglob("*.wav")
    assert (ended.direction, file.name) == (Direction.INBOUND, f"{ended.call_sid}.wav")
    left, right = decoded(file.read_bytes())
    assert len(left) / 8000 == ended.recorded.seconds
    said, echoed = first_loud(left), first_loud(right)
    assert power(left, 1000, said + 0.2, said + 1.2) > 1000
    assert power(right, 1000, echoed + 0.2, echoed + 1.2) > 1000


def first_loud(samples):
    """Give the second at which a channel is loud for the first time."""
    return next(at for at, sample in enumerate(samples) if abs(sample) > 1000) / 8000
