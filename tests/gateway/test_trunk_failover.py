"""A trunk fails, and the call goes on over the next one: a whole gateway in virtual time, a simulated Asterisk."""

import pytest
from attrs import evolve
from twisted.internet.task import deferLater

from exoswitch.call.session import CallStatus
from exoswitch.config.sip_trunk import OptionsConfig
from exoswitch.fleet.trunks.status import Circuit
from exoswitch.sim.asterisk import read_script
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.trunks.sip import SipSettings
from tests.harness.sim_house import House

PERSON = "+919812345678"
OWN = {"first": "+914024001350", "second": "+912024001350", "third": "+918024001350"}
ANSWER = "answer-after=1 babble=2 hangup"


class Metrics(MemoryMetrics):
    """Metrics that nobody scrapes."""

    def parts(self):
        return ()


class Trunks(House):
    """A house with three trunks, each with a number and a script of its own; `dialled` has the trunk of each dial."""

    def __init__(self, monkeypatch, *scripts, cps=100.0, trunk_options=OptionsConfig(), budget_s=15.0, **options):  # noqa: B008 - it is frozen
        self.cps, self.trunk_options, self.budget_s = cps, trunk_options, budget_s
        self.metrics = Metrics()
        monkeypatch.setattr("exoswitch.wiring.gateway.PrometheusMetrics", lambda: self.metrics)
        by_trunk = {f"@{name}": read_script(script) for name, script in zip(OWN, scripts, strict=False)}
        super().__init__(monkeypatch, scripts=by_trunk, **options)
        self.dialled, self.dialled_at = [], []
        self.asterisk.pbx.choose_script = self.choose(self.asterisk.pbx.choose_script)

    def choose(self, choose):
        def noted(number, trunk):
            self.dialled.append(trunk)
            self.dialled_at.append(self.reactor.seconds())
            return choose(number, trunk)

        return noted

    def config(self, calls):
        trunks = tuple(
            SipSettings(
                name=name,
                provider="sip",
                host=f"10.9.0.{host}",
                numbers=(number,),
                cps=self.cps,
                options=self.trunk_options,
            )
            for host, (name, number) in enumerate(OWN.items(), 1)
        )
        config = super().config(calls)
        return evolve(config, trunks=trunks, routing=evolve(config.routing, budget_s=self.budget_s))

    def call(self):
        """Make one call to its end; give its session."""

        async def scenario():
            began_at = self.reactor.seconds()
            session = await self.ending_of(await self.place())
            self.lasted_s = self.reactor.seconds() - began_at
            return session

        return self.live(scenario)


def test_refused_call_is_answered_on_the_next_trunk_with_its_own_number(monkeypatch):
    house = Trunks(monkeypatch, "refuse=503", ANSWER)
    session = house.call()
    assert house.dialled == ["first", "second"]
    assert (session.status, session.trunk) == (CallStatus.COMPLETED, "second")
    assert [(each.trunk, each.shown, each.sip_status, each.has_rung) for each in session.attempts] == [
        ("first", OWN["first"], 503, False),
        ("second", OWN["second"], None, True),
    ]
    assert [each.channel_id for each in session.attempts] == [session.call_sid, f"{session.call_sid}-2"]
    assert session.channel_id == f"{session.call_sid}-2"
    first_at, second_at = house.dialled_at
    assert second_at - first_at < 0.05
    assert house.metrics.count("trunk_failovers_total", **{"from": "first", "to": "second", "cause": "503"}) == 1
    assert house.metrics.count("trunk_attempts_total", trunk="first", result="failed") == 1
    assert house.metrics.count("trunk_attempts_total", trunk="second", result="answered") == 1


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("refuse=486", "busy"),
        ("refuse=603", "busy"),
        ("refuse=404", "failed"),
        ("refuse=484", "failed"),
        ("refuse=480,3", "no-answer"),
        ("refuse-ringing=480,8", "no-answer"),
        ("refuse-announced=480,12", "no-answer"),
        ("refuse-ringing=503,2", "failed"),
        ("no-answer", "no-answer"),
    ],
)
def test_answer_about_the_phone_is_final(monkeypatch, script, status):
    house = Trunks(monkeypatch, script, ANSWER)
    session = house.call()
    assert house.dialled == ["first"]
    assert session.status.value == status
    assert (session.trunk, len(session.attempts)) == ("first", 1)
    assert house.metrics.count("trunk_attempts_total", trunk="first", result=status) == 1
    assert "first (10.9.0.1:5060)" in session.ending.reason or "rang for 20 s" in session.ending.reason


@pytest.mark.parametrize(
    "script",
    ["refuse=500", "refuse=403", "refuse=488", "refuse=302", "refuse=487", "refuse=480,0.2", "dead", "silent"],
)
def test_fault_of_the_trunk_is_not_the_calls_end(monkeypatch, script):
    house = Trunks(monkeypatch, script, ANSWER)
    assert house.call().status is CallStatus.COMPLETED
    assert house.dialled == ["first", "second"]


@pytest.mark.parametrize("script", ["no-reply", "silent"])
def test_silent_trunk_is_left_after_its_post_dial_delay(monkeypatch, script):
    house = Trunks(monkeypatch, script, ANSWER)
    assert house.call().status is CallStatus.COMPLETED
    first_at, second_at = house.dialled_at
    assert second_at - first_at == pytest.approx(6.4, abs=0.1)
    assert house.dialled == ["first", "second"]


def test_trunk_whose_turn_comes_after_the_budget_is_left_out(monkeypatch):
    house = Trunks(monkeypatch, "no-reply", ANSWER, ANSWER, cps=0.25, budget_s=7.0)

    async def scenario():
        session = await house.place()
        await deferLater(house.reactor, 5)
        await house.gateway.trunks.take("another call", ["second"])
        return await house.ending_of(session)

    assert house.live(scenario).status is CallStatus.COMPLETED
    assert house.dialled == ["first", "third"]
    first_at, last_at = house.dialled_at
    assert last_at - first_at < 7.0


def test_call_that_fails_on_every_trunk_names_them_all(monkeypatch):
    house = Trunks(monkeypatch, "refuse=503", "dead", "refuse=403")
    session = house.call()
    assert house.dialled == ["first", "second", "third"]
    assert session.status is CallStatus.FAILED
    assert [each.trunk for each in session.attempts] == ["first", "second", "third"]
    last, *earlier = session.ending.reason.split("; before: ")
    assert last.startswith("not answered on trunk third (10.9.0.3:5060): the trunk forbids the call")
    assert "trunk first (10.9.0.1:5060)" in earlier[0]
    assert earlier[1].startswith("trunk second (10.9.0.2:5060) could not be reached")
    assert house.lasted_s < 2


def test_trunk_that_fails_call_after_call_is_left_out_and_used_again_once_it_is_well(monkeypatch):
    house = Trunks(monkeypatch, "refuse=503", ANSWER)
    scripts = house.asterisk.scripts

    async def scenario():
        for _ in range(5):
            await house.ending_of(await house.place())
        circuit, so_far = house.gateway.trunks.statuses()["first"].circuit, list(house.dialled)
        scripts["@first"] = read_script(ANSWER)
        await deferLater(house.reactor, 15)
        for _ in range(2):
            await house.ending_of(await house.place())
        return circuit, so_far, house.gateway.trunks.statuses()["first"].circuit

    circuit, so_far, afterwards = house.live(scenario)
    assert so_far == ["first", "second"] * 3 + ["second"] * 2
    assert house.dialled[len(so_far) :] == ["first", "first"]
    assert (circuit, afterwards) == (Circuit.OPEN, Circuit.CLOSED)


def test_calls_of_trunks_are_given_back_after_every_end(monkeypatch):
    house = Trunks(monkeypatch, "refuse=503", "no-reply", "refuse=486")

    async def scenario():
        await house.ending_of(await house.place())
        return house.gateway.trunks.statuses()

    assert {name: trunk.busy for name, trunk in house.live(scenario).items()} == dict.fromkeys(OWN, 0)


def test_inbound_call_counts_on_its_trunk_while_it_lasts(monkeypatch):
    house = Trunks(monkeypatch, script="babble=3 hangup")

    async def scenario():
        house.asterisk.call_in(PERSON, "+918047491899", trunk="second")
        await house.bot.streams.next()
        during = house.gateway.trunks.statuses()["second"].busy
        (call,) = house.gateway.engine._calls
        session = await house.ending_of(call.session)
        return session, during, house.gateway.trunks.statuses()["second"].busy

    session, during, afterwards = house.live(scenario)
    assert (session.trunk, during, afterwards) == ("second", 1, 0)


def test_number_that_no_trunk_can_carry_now_is_told_to_the_dialer(monkeypatch):
    house = Trunks(monkeypatch, ANSWER, ANSWER, ANSWER, cps=0.1)

    async def scenario():
        placed = [await house.place() for _ in range(3)]
        with pytest.raises(Exception, match="every trunk is full or at its limit"):
            await house.place()
        return [(await house.ending_of(session)).status for session in placed]

    assert house.live(scenario) == [CallStatus.COMPLETED] * 3
    assert house.metrics.count("refused_total", reason="no_trunk") == 1


@pytest.mark.parametrize(("cps", "trunk"), [(100.0, "first"), (0.1, "second")])
def test_turn_that_passes_while_the_call_is_claimed_is_taken_anew_or_on_another_trunk(monkeypatch, cps, trunk):
    house = Trunks(monkeypatch, ANSWER, ANSWER, cps=cps)
    claim = house.gateway.sessions.claim
    house.gateway.sessions.claim = lambda *about: deferLater(house.reactor, 0.1, claim, *about)
    session = house.call()
    assert house.dialled == [trunk]
    assert [(each.trunk, each.channel_id) for each in session.attempts] == [(trunk, session.call_sid)]
    assert {name: use.busy for name, use in house.gateway.trunks.statuses().items()} == dict.fromkeys(OWN, 0)


@pytest.mark.parametrize(("options", "asked"), [(OptionsConfig(), ["first"]), (None, [])])
def test_silent_trunk_is_asked_by_options_unless_it_answers_none(monkeypatch, options, asked):
    house = Trunks(monkeypatch, "no-reply", ANSWER, trunk_options=options)
    seen = []
    (switch,) = house.gateway.switches.values()
    monkeypatch.setattr(switch, "qualify", seen.append)
    assert house.call().trunk == "second"
    assert seen == asked
