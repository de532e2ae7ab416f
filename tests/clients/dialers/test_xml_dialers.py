"""Dialers that read XML: Digital Green, the Ruby gems, ExotelMCP."""

from xml.etree import ElementTree as ET

import pytest
import requests

from tests.harness.dialers.rig import AGENT, CUSTOMER

pytestmark = pytest.mark.loopback


@pytest.fixture
def account(rig):
    return rig.account("xml")


@pytest.fixture
def url(rig, account):
    return f"https://{account.key}:{account.token}@{rig.host}/v1/Accounts/{account.sid}"


def read(answer):
    assert answer.headers["Content-Type"].startswith("application/xml")
    root = ET.fromstring(answer.content)  # noqa: S314 - of our own gateway
    assert root.tag == "TwilioResponse"
    return root


def test_digital_green_calls_two_numbers_and_reads_the_details(rig, account, url):
    form = {"From": AGENT, "To": CUSTOMER, "CallerId": account.exophone, "CallType": "trans"}
    placed = read(requests.post(f"{url}/Calls/connect", data=form, timeout=20))
    sid = placed.findtext("Call/Sid")
    assert placed.findtext("Call/Status") in {"queued", "in-progress"}
    rig.ended(account, sid)
    details = read(requests.get(f"{url}/Calls/{sid}?details=true", timeout=20))
    told = {name: details.findtext(f"Call/{name}") for name in ("Sid", "Status", "From", "To")}
    assert told == {"Sid": sid, "Status": "completed", "From": AGENT, "To": CUSTOMER}
    assert details.findtext("Call/StartTime") <= details.findtext("Call/EndTime")
    assert [details.findtext(f"Call/Details/Leg{leg}Status") for leg in (1, 2)] == ["completed", "completed"]


def test_ruby_gem_connects_a_customer_to_a_flow_as_the_sid(rig, account):
    form = {"From": CUSTOMER, "CallerId": account.exophone, "Url": account.flow, "CallType": "trans"}
    where = f"{rig.url}/v1/Accounts/{account.sid}/Calls/connect"
    call = read(requests.post(where, data=form, auth=(account.sid, account.token), timeout=20)).find("Call")
    assert call.findtext("PhoneNumberSid") == account.exophone
    assert call.findtext("Uri") == f"/v1/Accounts/{account.sid}/Calls/{call.findtext('Sid')}"
    assert call.findtext("Price") == ""


@pytest.mark.parametrize(("token", "to", "status"), [("wrong", CUSTOMER, 401), (None, "+15551234567", 403)])
def test_ruby_gem_reads_the_message_of_an_error(rig, account, token, to, status):
    where = f"{rig.url}/v1/Accounts/{account.sid}/Calls/connect"
    form = {"From": to, "CallerId": account.exophone, "Url": account.flow}
    answer = requests.post(where, data=form, auth=(account.sid, token or account.token), timeout=20)
    problem = read(answer).find("RestException")
    assert (answer.status_code, problem.findtext("Status")) == (status, str(status))
    assert problem.findtext("Message")


def test_exotel_mcp_reads_numbers_without_a_suffix_as_text(url):
    answer = requests.get(f"{url}/Numbers/{CUSTOMER}", timeout=20)
    assert answer.status_code == 200
    assert read(answer).findtext("Numbers/PhoneNumber")
