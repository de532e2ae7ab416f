"""`exotel` 0.1.5 from PyPI with another `baseurl`. It sends the SID as the user."""

import exotel
import pytest

from tests.harness.dialers.rig import AGENT, CUSTOMER

pytestmark = pytest.mark.loopback


@pytest.fixture
def account(rig):
    return rig.account("exotel")


@pytest.fixture
def client(rig, account):
    return exotel.Exotel(account.sid, account.token, baseurl=f"{rig.url}/")


def test_it_calls_a_customer_with_a_flow_and_asks_for_the_call(rig, client, account):
    accepted = client.call_flow(CUSTOMER, account.exophone, account.app, timelimit=60, custom_data="survey 7")
    assert accepted.status_code == 200, accepted.text
    call = accepted.json()["Call"]
    assert (call["From"], call["To"], call["AccountSid"]) == (CUSTOMER, account.exophone, account.sid)
    rig.ended(account, call["Sid"])
    details = client.call_details(call["Sid"])
    assert details.json()["Call"]["Status"] == "completed"


def test_it_calls_two_numbers_and_gets_the_callback(rig, client, account):
    callback = rig.receiver.url("/exotel-package?order=7")
    accepted = client.call_number(AGENT, account.exophone, CUSTOMER, status_callback=callback, custom_data="order 7")
    assert accepted.status_code == 200, accepted.text
    call = accepted.json()["Call"]
    assert (call["From"], call["To"], call["PhoneNumberSid"]) == (AGENT, CUSTOMER, account.exophone)
    assert rig.ended(account, call["Sid"])["Status"] == "completed"
    [told] = rig.receiver.wait("/exotel-package")
    assert told.query == {"order": "7"}
    assert told.form["CallSid"] == call["Sid"]
    assert told.form["Status"] == "completed"


def test_its_wrong_token_is_told_in_json(rig, account):
    refused = exotel.Exotel(account.sid, "wrong", baseurl=f"{rig.url}/").call_details("a" * 32)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert refused.json()["RestException"]["Status"] == 401


def test_its_sms_gets_an_error_in_json(client, account):
    refused = client.sms(account.exophone, CUSTOMER, "hello")
    assert refused.status_code >= 400
    assert refused.json()["RestException"]["Message"]
