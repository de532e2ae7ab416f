"""`pyexotel` 1.0.3 from PyPI with another `domain`: it speaks https only, and prints errors."""

import pytest
from pyexotel import Exotel

from tests.harness.dialers.rig import AGENT, CUSTOMER

pytestmark = pytest.mark.loopback


@pytest.fixture
def account(rig):
    return rig.account("pyexotel")


@pytest.fixture
def client(rig, account):
    return Exotel(account.key, account.token, account.sid, domain=rig.host, ccm_domain=rig.host)


def test_it_connects_a_customer_to_a_flow(rig, client, account):
    call = client.connect_flow(CUSTOMER, account.exophone, account.app, time_limit=60)["Call"]
    assert rig.ended(account, call["Sid"])["Status"] == "completed"
    assert client.get_call_info(call["Sid"])["Call"]["Status"] == "completed"


def test_it_connects_an_agent_to_a_customer(rig, client, account):
    call = client.call(AGENT, CUSTOMER, account.exophone, record=True)["Call"]
    assert (call["From"], call["To"]) == (AGENT, CUSTOMER)
    assert rig.ended(account, call["Sid"])["Status"] == "completed"


def test_its_stream_url_is_taken_for_two_numbers(rig, client, account):
    call = client.call(AGENT, CUSTOMER, account.exophone, record=False, stream_url=rig.bot_url)["Call"]
    assert rig.ended(account, call["Sid"])["Status"] == "completed"


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get_campaign_call_info("abc"),
        lambda client: client.get_all_campaigns(name="survey"),
        lambda client: client.get_all_users(),
    ],
    ids=["call details of a campaign", "campaigns", "users"],
)
def test_features_that_come_later_are_refused_by_their_status(ask, client, capsys):
    assert ask(client) is None
    printed = capsys.readouterr().out
    assert " Error: " in printed, "a status, not an answer that it cannot parse"
