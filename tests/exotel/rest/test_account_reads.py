"""Reads of an account over HTTP: itself, its live streams, its balance."""

from decimal import Decimal

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import CallStatus
from tests.exotel.rest.test_call_reads import call, charge, ended
from tests.harness.dialer_reads import BASE, NOW, Reader, StoredCalls


@pytest.fixture
def reader():
    return Reader()


def talking(sid, **changes):
    return call(sid, **changes).progressed(CallStatus.IN_PROGRESS, NOW)


@pytest.mark.parametrize("path", [BASE, f"{BASE}.json", f"{BASE}/", BASE.lower()])
def test_account_is_there_for_clients_that_try_their_credentials(reader, path):
    reply = reader.ask(path)
    assert reply.code == 200
    assert b"acme1" in reply.text


def test_account_is_shown_by_its_sid(reader):
    account = reader.get(f"{BASE}.json")["Account"]
    assert account == {
        "Sid": "acme1",
        "FriendlyName": "acme1",
        "Status": "active",
        "Type": "Full",
        "Uri": "/v1/Accounts/acme1",
    }


def test_account_needs_its_credentials(reader):
    assert reader.server.ask("GET", f"{BASE}.json", auth=("k", "wrong")).code == 401


def test_active_streams_are_counted_in_both_of_exotels_forms(reader):
    reader.keep(talking("c1"), talking("c2"), call("c3"), ended(call("c4")), talking("c5", account="other1"))
    reader.keep(talking("c6", bot=None, second=SecondLeg(number="+919800000002", call_sid="s5")))
    assert reader.get("ActiveStreams.json") == {
        "status": "success",
        "active_streams": 2,
        "max_allowed_streams": 100,
        "account_sid": "acme1",
    }
    stream = reader.xml("ActiveStreams").find("Stream")
    assert {child.tag: child.text for child in stream} == {"ActiveStreamCount": "2", "ThrottleLimit": "100"}


def test_balance_is_the_debt_of_this_month_in_india(reader):
    begin = NOW - 15 * 86_400 - 17.5 * 3600  # the first moment of November there
    reader.keep(
        ended(call("c1", created_at=begin), amount="1.25"),
        ended(call("c2"), amount="0.0006"),
        ended(call("c3", created_at=begin - 1), amount="9"),
        evolve(ended(call("c4")), charge=evolve(charge("7"), currency="USD")),
    )
    account = reader.get("Balance.json")["Account"]
    assert account == {
        "AccountSid": "acme1",
        "BalanceData": {
            "Balance": "-1.251",
            "Currency": "INR",
            "PricingPlan": "Postpaid",
            "DateUpdated": "2023-11-16 17:30:00",
        },
    }
    assert reader.xml("Balance").find("Account/BalanceData/Balance").text == "-1.251"


def test_balance_is_summed_up_once_a_minute_and_again_in_a_new_month(reader):
    reader.now = 1_701_368_970.0  # 30 s before December in India
    reader.keep(ended(call("c1", created_at=reader.now - 60), amount="2"))
    for _ in range(3):
        assert balance(reader) == Decimal(-2)
    assert reader.calls.asked == 1
    reader.now += 40
    assert balance(reader) == 0
    reader.keep(ended(call("c2", created_at=reader.now), amount="3"))
    reader.now += 50
    assert balance(reader) == 0
    reader.now += 20
    assert balance(reader) == Decimal(-3)
    assert reader.calls.asked == 3


def test_clients_that_ask_for_a_balance_at_once_share_one_sum(reader, monkeypatch):
    sums = []
    monkeypatch.setattr(StoredCalls, "costs", lambda *_: sums.append(Deferred()) or sums[-1])
    clients = [reader.server.connect() for _ in range(4)]
    for client in clients:
        client.send(f"GET {BASE}/Balance.json HTTP/1.1\r\nAuthorization: Basic azp0\r\n\r\n".encode())
        reader.now += 0.01
    assert len(sums) == 1
    clients[0].hang_up()
    sums[0].callback({"INR": Decimal(7)})
    told = [client.replies()[0].json["Account"]["BalanceData"]["Balance"] for client in clients[1:]]
    assert (told, len(sums)) == (["-7.000"] * 3, 1)


def balance(reader):
    return Decimal(reader.get("Balance.json")["Account"]["BalanceData"]["Balance"])
