"""Dialers of voice bots: dograh (StreamUrl), rapida (Url and To), small bots (JSON bodies, a raw semicolon)."""

import pytest
import requests

from tests.harness.dialers.rig import AGENT, BUSY, CUSTOMER

pytestmark = pytest.mark.loopback


@pytest.fixture
def account(rig):
    return rig.account("bots")


def test_dograh_streams_to_a_bot_and_is_told_after_the_answer(rig, account):
    form = {
        "From": CUSTOMER,
        "CallerId": account.exophone,
        "StreamUrl": f"{rig.bot_url}ws?workflow=7;version=2",
        "StreamType": "bidirectional",
        "StatusCallback": rig.receiver.url("/dograh?token=a%2Fb"),
        "StatusCallbackEvents[]": ["terminal", "answered"],
        "CustomField": '{"workflow": 7}',
    }
    call = rig.connect(account, **form).json()["Call"]
    told = rig.receiver.wait("/dograh", 2)
    assert [one.form["EventType"] for one in told] == ["answered", "terminal"]
    assert {one.form["CallSid"] for one in told} == {call["Sid"]}, "it came after the answer had its SID"
    assert told[-1].form["CustomField"] == '{"workflow": 7}'
    ended = rig.get(account, f"/Calls/{call['Sid']}.json").json()["Call"]
    assert float(ended["Price"]) > 0
    assert int(ended["Duration"]) >= 0


def test_minimal_callback_has_four_fields(rig, account):
    form = {
        "From": BUSY,
        "CallerId": account.exophone,
        "Url": account.flow,
        "StatusCallback": rig.receiver.url("/few"),
    }
    call = rig.connect(account, **form).json()["Call"]
    [told] = rig.receiver.wait("/few")
    assert list(told.form) == ["CallSid", "DateUpdated", "Status", "RecordingUrl"]
    assert (told.form["CallSid"], told.form["Status"]) == (call["Sid"], "busy")


def test_rapida_sends_its_number_as_to_beside_a_flow(rig, account):
    form = {"From": CUSTOMER, "To": account.exophone, "CallerId": account.exophone, "Url": account.flow}
    call = rig.connect(account, **form).json()["Call"]
    assert {"Sid", "Status", "RecordingUrl", "ParentCallSid"} <= set(call)
    assert call["From"] == CUSTOMER


def test_small_bot_posts_json(rig, account):
    body = {"From": CUSTOMER, "CallerId": account.exophone, "Url": account.flow, "CustomField": '{"a": "b;c"}'}
    url = f"{rig.url}/v1/Accounts/{account.sid}/Calls/connect.json"
    answer = requests.post(url, json=body, auth=(account.key, account.token), timeout=20)
    assert answer.status_code == 200, answer.text


def test_small_bot_polls_with_a_raw_semicolon(rig, account):
    query = b"DateCreated=gte:2020-01-01%2000:00:00;lte:2020-01-02%2000:00:00&PageSize=1"
    target = f"/v1/Accounts/{account.sid}/Calls.json?".encode() + query
    status, _, body = rig.raw(
        b"GET " + target + b" HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n" + rig.basic(account) + b"\r\n\r\n"
    )
    assert status in {200, 400}, body
    if status == 400:
        assert b"DateCreated" in body, "the window or its age is named, not a half-read filter"


def test_agent_first_call_shows_only_numbers_of_its_own_account(rig, account):
    other = rig.account("other")
    answer = rig.connect(account, From=AGENT, To=CUSTOMER, CallerId=other.exophone)
    assert answer.status_code in {400, 403}
    assert "CallerId" in answer.json()["RestException"]["Message"]
