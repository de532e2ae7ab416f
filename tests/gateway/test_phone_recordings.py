"""A call between two phones is recorded: a whole gateway in virtual time."""

import pytest
from attrs import evolve
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock, deferLater

from exoswitch.audio.frames import FRAME_BYTES
from exoswitch.call.recording import RecordingWish
from exoswitch.gateway.phone_recordings import TwoSides
from exoswitch.tasks.worker_thread import WorkerThread
from tests.gateway.test_two_phones import REQUEST, Phones
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
    assert power(both, 400, 3, 5) > 1000  # the simulator's tap has the audio of one phone alone


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
