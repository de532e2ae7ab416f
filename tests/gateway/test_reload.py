"""A reload in the middle of calls: a whole gateway in virtual time."""

from decimal import Decimal

import pytest
from attrs import evolve
from twisted.internet.task import deferLater

from exoswitch.config.model import AppConfig, CostConfig
from exoswitch.configured import rules
from exoswitch.errors import QuotaReached
from exoswitch.trunks.sip import SipSettings
from tests.harness.sim_house import House


class Reloaded(House):
    """A house whose trunk has a price, and whose bot is permitted only because it is the URL of an app."""

    def config(self, calls):
        lab = SipSettings(name="lab", provider="sip", host="127.0.0.1", cost=(CostConfig(rate=Decimal("0.60")),))
        return evolve(super().config(calls), trunks=(lab,), private_networks=())

    def take(self, **changed):
        config = evolve(self.gateway.config, **changed)
        self.gateway.take(config, rules(config))

    async def after(self, seconds):
        await deferLater(self.reactor, seconds)


OTHER = SipSettings(name="other", provider="sip", host="127.0.0.2")


def test_call_whose_trunk_and_app_are_removed_goes_on_and_keeps_its_price(monkeypatch):
    house = Reloaded(monkeypatch, script="answer-after=5 babble=10 hangup")

    async def scenario():
        ringing = await house.place()
        await house.after(2)
        house.take(trunks=(OTHER,), apps={}, numbers={})
        ended = await house.ending_of(ringing)
        return ended, await house.bot.streams.next(), house.gateway.trunks.statuses()

    ended, stream, trunks = house.live(scenario)
    assert ended.ending.reason == "the caller hung up: normal clearing (cause 16)"
    assert stream.conversation.started is not None
    assert (ended.trunk, ended.charge.amount) == ("lab", Decimal("0.60"))
    assert {name: trunk.busy for name, trunk in trunks.items()} == {"other": 0}


def test_next_call_has_the_new_trunk_and_the_new_limit(monkeypatch):
    house = Reloaded(monkeypatch, script="answer babble=5 hangup")

    async def scenario():
        before = await house.place()
        (acme1,) = house.gateway.config.accounts.values()
        house.take(trunks=(OTHER,), accounts={"acme1": evolve(acme1, concurrency=2)})
        after = await house.place()
        with pytest.raises(QuotaReached):
            await house.place()
        return [(await house.ending_of(session)).trunk for session in (before, after)]

    assert house.live(scenario) == ["lab", "other"]


def test_permission_of_a_removed_app_ends_with_its_last_call(monkeypatch):
    house = Reloaded(monkeypatch, script="answer babble=5 hangup")

    async def scenario():
        call = await house.place()
        house.take(apps={}, numbers={})
        assert house.gateway.rules.now.reach.urls == {"acme1": {house.bot.url}}
        await house.ending_of(call)
        house.take(apps={}, numbers={})
        return house.gateway.rules.now.reach.urls

    assert house.live(scenario) == {"acme1": frozenset()}


def test_app_with_a_new_url_leads_the_next_inbound_call_there(monkeypatch):
    house = Reloaded(monkeypatch, script="babble=5 hangup")

    async def scenario():
        house.take(apps={"1001": AppConfig(account="acme1", url=f"{house.bot.url}?lang=hi")})
        house.asterisk.call_in("+919812345610", "+918047491899")
        stream = await house.bot.streams.next()
        await house.after(1)
        return stream.conversation.started.custom_parameters

    assert house.live(scenario) == {"lang": "hi"}
