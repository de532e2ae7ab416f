"""ERPNext's exotel_integration and Frappe CRM, by the requests that they send and the answers that they read."""

import pytest
import requests

from tests.harness.dialers.rig import AGENT, CUSTOMER

pytestmark = pytest.mark.loopback

CRM_STATUSES = {"completed", "in-progress", "busy", "no-answer", "failed"}


@pytest.fixture
def account(rig):
    return rig.account("frappe")


@pytest.fixture
def endpoint(rig, account):
    """Give the URL of an action, with the credentials in it, as both products write it."""

    def url(action, version="v1"):
        return f"https://{account.key}:{account.token}@{rig.host}/{version}/Accounts/{account.sid}/{action}"

    return url


def make_a_call(endpoint, account, callback, *events):
    form = {
        "From": AGENT,
        "To": CUSTOMER,
        "CallerId": account.exophone,
        "Record": "false",
        "StatusCallback": callback,
        **{f"StatusCallbackEvents[{n}]": event for n, event in enumerate(events)},
    }
    return requests.post(endpoint("Calls/connect.json?details=true"), data=form, timeout=20)


def test_settings_are_saved_with_good_credentials_only(rig, account):
    settings = f"{rig.url}/v1/Accounts/{account.sid}"
    assert requests.get(settings, auth=(account.key, account.token), timeout=20).status_code == 200
    refused = requests.get(settings, auth=(account.key, "wrong"), timeout=20)
    assert (refused.status_code, refused.reason) == (401, "Unauthorized")


def test_erpnext_lists_its_numbers(endpoint, account):
    listed = requests.get(endpoint("IncomingPhoneNumbers.json"), timeout=20).json()["IncomingPhoneNumbers"]
    assert [each["IncomingPhoneNumber"]["PhoneNumber"] for each in listed] == [account.exophone]


def test_erpnext_makes_a_call_and_is_told_its_end(rig, endpoint, account):
    accepted = make_a_call(endpoint, account, rig.receiver.url("/erpnext/a-webhook-key"), "terminal")
    call = accepted.json()["Call"]
    assert (call["From"], call["To"], call["PhoneNumberSid"]) == (AGENT, CUSTOMER, account.exophone)
    [told] = rig.receiver.wait("/erpnext/a-webhook-key")
    form = told.form
    assert form["CallSid"] == call["Sid"]
    assert {"ConversationDuration", "RecordingUrl", "StartTime", "EndTime"} <= set(form)
    status = requests.get(endpoint(f"Calls/{call['Sid']}.json"), timeout=20).json()["Call"]["Status"]
    assert status == "completed"


def test_erpnext_shows_the_message_of_an_error(endpoint, account):
    form = {"From": AGENT, "To": "12", "CallerId": account.exophone}
    refused = requests.post(endpoint("Calls/connect.json?details=true"), data=form, timeout=20)
    assert refused.status_code == 400
    assert "To" in refused.json()["RestException"]["Message"]


def test_erpnext_adds_numbers_to_the_whitelist(endpoint, account):
    form = {"VirtualNumber": account.exophone, "Number": f"{CUSTOMER},{AGENT}"}
    assert requests.post(endpoint("CustomerWhitelist"), data=form, timeout=20).status_code == 200


def test_crm_finds_its_caller_id_among_the_numbers(endpoint, account):
    listed = requests.get(endpoint("IncomingPhoneNumbers", "v2_beta"), timeout=20).json()
    assert account.exophone in [each["friendly_name"] for each in listed["incoming_phone_numbers"]]


def test_crm_gets_both_events_with_the_status_and_direction_that_it_maps(rig, endpoint, account):
    callback = rig.receiver.url("/crm/handle_request?key=a-token%2Bof%20frappe")
    call = make_a_call(endpoint, account, callback, "terminal", "answered").json()["Call"]
    rig.ended(account, call["Sid"])
    told = rig.receiver.wait("/crm/handle_request", 3)  # a call of two numbers is answered twice
    assert {one.target for one in told} == {"/crm/handle_request?key=a-token%2Bof%20frappe"}
    assert [one.form["EventType"] for one in told] == ["answered", "answered", "terminal"]
    assert {one.form["Direction"] for one in told} == {"outbound-api"}
    assert {one.form["Status"] for one in told} <= CRM_STATUSES
    assert told[-1].form["Status"] == "completed"
    assert told[-1].form["To"] == CUSTOMER
