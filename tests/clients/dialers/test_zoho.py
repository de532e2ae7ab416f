"""Zoho CTI (Deluge): it looks for its number before each call, and hears each leg's answer."""

import pytest
import requests

from tests.harness.dialers.rig import AGENT, CUSTOMER, HOST

pytestmark = pytest.mark.loopback


@pytest.fixture
def account(rig):
    return rig.account("zoho")


def test_call_is_placed_and_told_as_json_once_a_leg_and_at_its_end(rig, account):
    listed = rig.get(account, "/IncomingPhoneNumbers.json").json()["IncomingPhoneNumbers"]
    numbers = [
        each["IncomingPhoneNumber"]["PhoneNumber"] for each in (listed if isinstance(listed, list) else [listed])
    ]
    assert numbers == [account.exophone]
    form = {
        "From": AGENT,
        "To": CUSTOMER,
        "CallerId": numbers[0],
        "StatusCallback": rig.receiver.url("/zoho"),
        "StatusCallbackEvents[0]": "terminal",
        "StatusCallbackEvents[1]": "answered",
        "StatusCallbackContentType": "application/json",
    }
    call = rig.connect(account, **form).json()["Call"]
    told = [one.json for one in rig.receiver.wait("/zoho", 3)]
    assert [one["EventType"] for one in told] == ["answered", "answered", "terminal"]
    assert {one["CallSid"] for one in told} == {call["Sid"]}
    assert [leg["Status"] for leg in told[-1]["Legs"]] == ["completed", "completed"]
    details = rig.get(account, f"/Calls/{call['Sid']}.json", details="true").json()["Call"]["Details"]
    assert (details["Leg1Status"], details["Leg2Status"]) == ("completed", "completed")
    assert isinstance(details["ConversationDuration"], int)


def test_agent_may_have_a_sip_address(rig, account):
    form = {"From": f"sip:agent7@{HOST}", "To": CUSTOMER, "CallerId": account.exophone}
    answer = rig.connect(account, **form)
    assert answer.status_code == 200, answer.text


def test_users_of_the_call_centre_api_are_refused_in_json(rig, account):
    url = f"{rig.url}/v2/accounts/{account.sid}/users"
    refused = requests.get(url, auth=(account.key, account.token), timeout=20)
    assert refused.status_code >= 400
    assert refused.json()["response"]["error_data"]["description"]
