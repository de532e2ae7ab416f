"""Programs that read calls afterwards: WareOnGo (Go), Simple.org (Ruby)."""

import datetime as dt

import pytest
import requests

from exoswitch.telephony.indian_time import INDIA
from tests.harness.dialers.decoder import NULL, NUMBER, TEXT, decode
from tests.harness.dialers.rig import AGENT, CUSTOMER, until
from tests.harness.dialers.shapes import WAREONGO_PAGE

pytestmark = pytest.mark.loopback

KEYS = [
    "Sid",
    "ParentCallSid",
    "DateCreated",
    "DateUpdated",
    "AccountSid",
    "To",
    "From",
    "PhoneNumberSid",
    "Status",
    "StartTime",
    "EndTime",
    "Duration",
    "Price",
    "Direction",
    "AnsweredBy",
    "ForwardedFrom",
    "CallerName",
    "Uri",
    "RecordingUrl",
]


@pytest.fixture(scope="module")
def account(rig):
    return rig.account("reconcilers")


@pytest.fixture(scope="module")
def sids(rig, account):
    """Give the SIDs of three ended calls, in order."""
    placed = []
    for _ in range(3):
        form = {"From": CUSTOMER, "CallerId": account.exophone, "Url": account.flow}
        placed.append(rig.connect(account, **form).json()["Call"]["Sid"])
    for sid in placed:
        rig.ended(account, sid)
    return placed


def test_wareongo_appends_the_next_page_to_the_host_until_it_is_empty(rig, account, sids):
    now = dt.datetime.now(INDIA)
    begin, end = (f"{now + dt.timedelta(hours=hours):%Y-%m-%d %H:%M:%S}" for hours in (-1, 1))
    query = {
        "DateCreated": f"gte:{begin};lte:{end}",
        "PageSize": "2",
        "SortBy": "DateCreated:asc",
        "RecordingUrlValidity": "60",
    }
    credentials = (account.key, account.token)
    path = requests.Request("GET", f"{rig.url}/v1/Accounts/{account.sid}/Calls.json", params=query).prepare().path_url
    seen, pages = [], 0
    while path:
        answer = requests.get(rig.url + path, auth=credentials, timeout=20)
        page = decode(answer.json(), WAREONGO_PAGE)
        seen += [call["Sid"] for call in page["Calls"]]
        path, pages = page["Metadata"]["NextPageUri"], pages + 1
        assert pages < 5
    assert seen[:3] == sids
    assert pages >= 2


def test_wareongo_reads_the_details_of_a_call(rig, account, sids):
    call = rig.get(account, f"/Calls/{sids[0]}.json", details="true").json()["Call"]
    details = {
        "ConversationDuration": NUMBER,
        "Leg1Status": TEXT,
        "Leg2Status": (TEXT, NULL),
        "Legs": [{"Leg": {"Id": NUMBER, "OnCallDuration": NUMBER}}],
    }
    decode(call["Details"], details)
    assert call["Details"]["Leg1Status"] == "completed"


def test_wareongo_fetches_a_recording_with_the_key_and_the_token(rig, account):
    form = {"From": CUSTOMER, "CallerId": account.exophone, "Url": account.flow, "Record": "true"}
    sid = rig.connect(account, **form).json()["Call"]["Sid"]
    rig.ended(account, sid)

    def url():
        return rig.get(account, f"/Calls/{sid}.json").json()["Call"]["RecordingUrl"]

    where = until(url, "the call has no recording")

    def fetched():
        answer = requests.get(where, auth=(account.key, account.token), timeout=20)
        return answer if answer.ok else None

    recording = until(fetched, "the recording is not there")
    assert recording.headers["Content-Type"] == "audio/mpeg"
    assert len(recording.content) > 500
    assert requests.get(where, timeout=20).status_code == 401


def test_simple_org_reads_the_nineteen_keys_in_their_order(rig, account, sids):
    answer = requests.get(
        f"{rig.url}/v1/Accounts/{account.sid}/Calls/{sids[0]}.json", auth=(account.sid, account.token), timeout=20
    )
    assert [key for key in answer.json()["Call"] if key in KEYS] == KEYS


def test_simple_org_asks_for_a_number_and_gets_no_invented_answer(rig, account):
    numbers = decode(rig.get(account, f"/Numbers/{CUSTOMER}.json").json(), {"Numbers": {"DND": TEXT, "Type": TEXT}})
    assert numbers["Numbers"]["DND"] != "Yes", "we have no register of numbers"


def test_simple_org_adds_a_number_to_the_whitelist_and_reads_it(rig, account):
    form = {"Language": "en", "VirtualNumber": account.exophone, "Number": f"{CUSTOMER},{AGENT}"}
    url = f"{rig.url}/v1/Accounts/{account.sid}/CustomerWhitelist.json"
    added = requests.post(url, data=form, auth=(account.sid, account.token), timeout=20)
    assert added.status_code == 200
    read = rig.get(account, f"/CustomerWhitelist/{CUSTOMER}.json").json()
    result = decode(read, {"Result": {"Status": TEXT, "Expiry": NUMBER}})["Result"]
    assert result["Status"] in {"Whitelist", "Neutral"}


def test_unknown_call_is_told_as_simple_org_reads_it(rig, account):
    answer = rig.get(account, f"/Calls/{'0' * 32}.json")
    assert (answer.status_code, answer.json()["RestException"]["Status"]) == (404, 404)
