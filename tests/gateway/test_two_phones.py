"""A call between two phones: a whole gateway in virtual time, and a simulated Asterisk that connects the two."""

from decimal import Decimal

import pytest
from attrs import evolve
from twisted.internet.task import deferLater

from exoswitch.call.session import CallStatus
from exoswitch.config.model import CallsConfig
from exoswitch.interfaces.calls import CallRequest
from exoswitch.sim.asterisk import read_script
from exoswitch.sim.script import Script
from tests.gateway.test_trunk_failover import OWN, Trunks

FIRST, SECOND = "+919812345678", "+919812345611"
RINGS = "answer-after=1 silence=60"
REQUEST = CallRequest(account="acme1", number=FIRST, second=SECOND, exophone="+918047491899", max_duration_s=60.0)


class Phones(Trunks):
    """A house with two phones, each with a script; `first` and `second` are their calls at Asterisk."""

    def __init__(self, monkeypatch, first=RINGS, second=RINGS, **options):
        super().__init__(monkeypatch, **options)
        self.scripts = {FIRST[-10:]: read_script(first), SECOND[-10:]: read_script(second)}

    def choose(self, choose):
        def noted(number, trunk):
            self.dialled.append((number[-10:], trunk))
            self.dialled_at.append(self.reactor.seconds())
            script = self.scripts[number[-10:]]
            return script if isinstance(script, Script) else script.pop(0)

        return noted

    def connected(self, then=None, wait_s=10.0, request=REQUEST):
        """Let the two phones ring, be answered and talk; then do something, and give the session at its end."""

        async def scenario():
            session = await self.gateway.engine.place(request)
            self.first = await self.asterisk.new_calls.next()
            await deferLater(self.reactor, wait_s)
            self.seen = (await self.found(session)).second
            if then is not None:
                then()
            return await self.ending_of(session)

        return self.live(scenario)

    async def found(self, session):
        return await self.gateway.engine.find("acme1", session.call_sid)

    def calls(self):
        return list(self.asterisk.calls.values())

    def hangs_up(self, who):
        def hang_up():
            self.calls()[who].hang_up()

        return hang_up

    def stops(self):
        self.gateway.engine.hang_up_all()


@pytest.mark.parametrize(("who", "words"), [(0, "the first phone hung up"), (1, "the second phone hung up")])
def test_two_phones_talk_until_one_hangs_up(monkeypatch, who, words):
    house = Phones(monkeypatch)
    session = house.connected(house.hangs_up(who))
    assert [number for number, _ in house.dialled] == [FIRST[-10:], SECOND[-10:]]
    assert house.seen.status is CallStatus.IN_PROGRESS
    assert session.status is session.second.status is CallStatus.COMPLETED
    assert words in session.ending.reason
    assert session.talked_s == pytest.approx(9.0, abs=0.2)
    assert session.second.talked_s == pytest.approx(8.0, abs=0.2)
    assert session.bot is None
    assert house.asterisk.calls == {}
    assert house.metrics.count("calls_total", status="completed", ended_by="user") == 2


def test_first_phone_hears_the_second_one_and_nothing_comes_to_the_gateway(monkeypatch):
    house = Phones(monkeypatch, first="answer-after=1 tone=400,60", second="answer-after=1 tone=900,60")

    def then():
        first, second = house.calls()
        assert first.phone.remote == second.phone.local
        assert second.phone.remote == first.phone.local
        first.hang_up()

    assert house.connected(then).status is CallStatus.COMPLETED


@pytest.mark.parametrize(
    ("script", "status"),
    [("refuse=486", "busy"), ("refuse=404", "failed"), ("no-answer", "no-answer"), ("refuse-ringing=603,2", "busy")],
)
def test_second_phone_that_is_not_reached_ends_a_call_that_counts_as_completed(monkeypatch, script, status):
    house = Phones(monkeypatch, second=script)
    session = house.connected(wait_s=1.5)
    assert session.status is CallStatus.COMPLETED
    assert session.second.status.value == status
    assert session.second.answered_at is None
    assert session.ending.reason.startswith("the second phone was not reached: ")


def test_first_phone_that_is_not_reached_leaves_the_second_one_alone(monkeypatch):
    house = Phones(monkeypatch, first="refuse=486")
    session = house.connected(wait_s=0.5)
    assert session.status is CallStatus.BUSY
    assert (session.second.status, len(house.dialled)) == (None, 1)


def test_second_phone_rings_no_longer_when_the_first_one_hangs_up(monkeypatch):
    house = Phones(monkeypatch, second="no-answer")
    session = house.connected(house.hangs_up(0), wait_s=5.0)
    assert (session.status, session.second.status) == (CallStatus.COMPLETED, CallStatus.CANCELED)
    assert "the first phone hung up before the second one was answered" in session.ending.reason
    assert house.asterisk.calls == {}


def test_each_phone_has_its_own_trunks_with_failover(monkeypatch):
    house = Phones(monkeypatch)
    house.scripts = {
        number: [read_script("refuse=503"), read_script(RINGS)] for number in (FIRST[-10:], SECOND[-10:])
    }
    session = house.connected(house.hangs_up(0))
    assert [trunk for _, trunk in house.dialled][:2] == ["first", "second"]
    assert len(house.dialled) == 4
    assert (session.status, session.second.status) == (CallStatus.COMPLETED, CallStatus.COMPLETED)
    assert session.second.trunk in OWN


class BusyTrunk(Phones):
    """Two phones on trunks that dial every ten seconds."""

    trunks = 1

    def config(self, calls):
        config = super().config(calls)
        return evolve(config, trunks=tuple(evolve(trunk, cps=0.1) for trunk in config.trunks[: self.trunks]))


def test_second_phone_waits_longer_for_its_turn_than_a_new_call_does(monkeypatch):
    house = BusyTrunk(monkeypatch)
    session = house.connected(house.hangs_up(0), wait_s=15.0)
    assert house.dialled_at[1] - house.dialled_at[0] == pytest.approx(10.2, abs=0.1)
    assert (session.status, session.second.status) == (CallStatus.COMPLETED, CallStatus.COMPLETED)


def test_second_phone_takes_another_trunk_that_has_an_earlier_turn(monkeypatch):
    class TwoTrunks(BusyTrunk):
        trunks = 2

    house = TwoTrunks(monkeypatch)
    assert house.connected(house.hangs_up(0), wait_s=3.0).second.trunk == "second"
    assert house.dialled_at[1] - house.dialled_at[0] == pytest.approx(1.0, abs=0.2)


def test_second_phone_that_waits_for_its_turn_is_not_dialled_when_the_first_one_hangs_up(monkeypatch):
    house = BusyTrunk(monkeypatch)
    session = house.connected(house.hangs_up(0), wait_s=5.0)
    assert len(house.dialled) == 1
    assert (session.status, session.second.status) == (CallStatus.COMPLETED, CallStatus.CANCELED)


def test_call_ends_when_it_is_as_long_as_it_may_be_counted_from_the_first_answer(monkeypatch):
    house = Phones(monkeypatch)
    session = house.connected()
    assert session.duration_s == pytest.approx(60.0, abs=0.2)
    assert session.second.talked_s == pytest.approx(59.0, abs=0.2)
    assert session.ending.reason == "the call reached its limit of 60 s"


def test_gateway_that_stops_ends_both_phones(monkeypatch):
    house = Phones(monkeypatch)
    session = house.connected(house.stops)
    assert (session.status, session.second.status) == (CallStatus.COMPLETED, CallStatus.COMPLETED)
    assert house.asterisk.calls == {}


def test_two_phones_take_two_places_and_one_call_of_the_account(monkeypatch):
    house = Phones(monkeypatch)
    seen = []

    def then():
        seen.append(house.reactor.seconds())
        seen.extend(house.gateway.engine.sessions())
        house.calls()[0].hang_up()

    session = house.connected(then)
    first, second = seen[1:]
    assert (first.call_sid, second.parent_call_sid) == (session.call_sid, session.call_sid)
    assert second.parent_channel_id == first.channel_id
    assert (first.asterisk, second.asterisk) == ("pbx1", "pbx1")


def test_each_phone_has_its_own_charge(monkeypatch):
    house = Phones(monkeypatch)
    session = house.connected(house.hangs_up(0))
    assert session.charge.baseline == session.second.charge.baseline == Decimal("0.5")


def test_phones_that_are_connected_while_the_link_is_down_talk_until_one_hangs_up(monkeypatch):
    house = Phones(monkeypatch, second="answer-after=4 silence=60", calls=CallsConfig(ring_s=6))

    async def scenario():
        session = await house.gateway.engine.place(REQUEST)
        await house.asterisk.new_calls.next()
        await deferLater(house.reactor, 4.0)
        for _ in range(60):  # for three seconds; the second phone is answered in the fifth
            house.asterisk.drop_connections()
            await deferLater(house.reactor, 0.05)
        await deferLater(house.reactor, 30.0)
        house.calls()[1].hang_up()
        return await house.ending_of(session)

    session = house.live(scenario)
    assert "the second phone hung up" in session.ending.reason
    assert session.second.talked_s > 25.0
    assert house.asterisk.calls == {}
