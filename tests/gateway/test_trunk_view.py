"""The trunks of a gateway as commands show them."""

import json

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call.attempts import Health
from exoswitch.call.events import TrunkCondition
from exoswitch.commands.list_trunks import table
from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.trunks.memory import MemoryTrunks
from exoswitch.fleet.trunks.status import DialResult, TrunkLimits
from exoswitch.gateway.trunk_view import view
from exoswitch.trunks.conditions import TrunkConditions
from exoswitch.trunks.registry import build
from exoswitch.trunks.sip import SipSettings

LAB = SipSettings(name="lab", provider="sip", host="10.9.0.1")
result = SynchronousTestCase()


@pytest.fixture
def pool():
    one = MemoryTrunks("gw1", lambda: 100.0)
    one.set_limits({"lab": TrunkLimits(30, 5.0)})
    one.startService()
    return one


@pytest.fixture
def conditions():
    return TrunkConditions()


def seen(pool, conditions, *settings):
    trunks = {one.name: build(one) for one in settings}
    facts = result.successResultOf(Deferred.fromCoroutine(view(settings, trunks, pool, conditions)))
    return json.loads(json.dumps(facts))


def shown(facts):
    return [line.split("  ") for line in table(facts["trunks"]).splitlines()]


def test_trunk_shows_its_use_and_its_condition_at_each_asterisk(pool, conditions):
    result.successResultOf(pool.take("call1", ["lab"]))
    conditions.note("pbx1", TrunkCondition("lab", reachable=True, rtt_s=0.012))
    conditions.note("pbx2", TrunkCondition("lab", reachable=False))
    conditions.note("pbx2", TrunkCondition("other", reachable=True))
    facts = seen(pool, conditions, LAB)
    (lab,) = facts["trunks"]
    assert facts["is_current"] is True
    assert (lab["provider"], lab["where"], lab["circuit"], lab["busy"]) == ("sip", "10.9.0.1:5060", "closed", 1)
    assert lab["asterisks"] == {
        "pbx1": {"registered": None, "reachable": True, "rtt_s": 0.012},
        "pbx2": {"registered": None, "reachable": False, "rtt_s": None},
    }
    assert [text.strip() for text in shown(facts)[1] if text] == [
        *("lab", "sip", "10.9.0.1:5060", "-", "pbx1: yes (12 ms), pbx2: NO", "closed", "1/30", "5"),
    ]


def test_open_breaker_says_why(pool, conditions):
    for number in range(3):
        token = f"call{number}"
        result.successResultOf(pool.take(token, ["lab"]))
        pool.report("lab", DialResult(health=Health.STRONG, sip_status=503), token=token)
    facts = seen(pool, conditions, LAB)
    assert facts["trunks"][0]["circuit"] == "open"
    assert facts["trunks"][0]["why"] in table(facts["trunks"])
    assert facts["trunks"][0]["sip_statuses_30_s"] == {"503": 3}


def test_trunk_that_is_not_known_yet_is_shown_without_its_use(pool, conditions):
    facts = seen(pool, conditions, LAB, evolve(LAB, name="next"))
    assert [line[0] for line in shown(facts)] == ["TRUNK", "lab", "next"]
    assert "unknown" in table(facts["trunks"])


def test_fleet_that_cannot_be_asked_is_told_and_the_last_known_use_is_shown(pool, conditions, monkeypatch):
    monkeypatch.setattr(pool, "view", lambda: fail(BackendUnavailable("no Redis")))
    facts = seen(pool, conditions, LAB)
    assert facts["is_current"] is False
    assert facts["trunks"][0]["channels"] == 30


def test_registration_and_breaker_are_shown():
    trunk = {
        "name": "bsnl1",
        "provider": "bsnl",
        "where": "10.60.1.10:5060",
        "registers": True,
        "asks_options": False,
        "asterisks": {"pbx1": {"registered": True, "reachable": None, "rtt_s": None}},
        "circuit": "half-open",
        "why": "3 faults in a row",
        "alarms": ["config"],
        "busy": 7,
        "channels": 100,
        "cps": 2.5,
        "answer_ratio": 0.614,
    }
    (_, line) = table([trunk]).splitlines()
    assert line == (
        "bsnl1  bsnl      10.60.1.10:5060  yes         -          half-open  7/100     2.5  61 %      "
        "3 faults in a row; alarm: it refuses our account, caller id or codecs"
    )


def test_no_trunk_is_told():
    assert table([]) == "no trunk is configured"
