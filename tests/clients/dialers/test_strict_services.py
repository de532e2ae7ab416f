"""Services with strict decoders: Namma Yatri (Haskell), modlix (Java). An answer that lacks one key is an error."""

import json

import pytest
import requests

from tests.harness.dialers.decoder import NUMBER, TEXT, decode
from tests.harness.dialers.rig import ABSENT, AGENT, CUSTOMER
from tests.harness.dialers.shapes import MODLIX_CALLBACK, MODLIX_DETAILS, NAMMA_YATRI_CALL, NAMMA_YATRI_CALLBACK

pytestmark = pytest.mark.loopback

ATTACHMENT = {"callStatusId": "7c1d", "entityId": None}


@pytest.fixture
def account(rig):
    return rig.account("services")


@pytest.fixture
def connect(rig, account):
    def connect(**form):
        url = f"{rig.url}/v1/Accounts/{account.sid}/Calls/connect.json"
        return requests.post(url, data=form, auth=(account.key, account.token), timeout=20)

    return connect


def of_namma_yatri(rig, account, path, **form):
    return {
        "From": AGENT,
        "To": CUSTOMER,
        "CallerId": account.exophone,
        "StatusCallback": rig.receiver.url(path),
        "StatusCallbackEvents[0]": "terminal",
        "StatusCallbackContentType": "application/json",
        "CustomField": json.dumps(ATTACHMENT, separators=(",", ":")),
        **form,
    }


def test_namma_yatri_decodes_the_answer_and_the_callback_of_two_numbers(rig, account, connect):
    call = decode(connect(**of_namma_yatri(rig, account, "/namma-yatri")).json(), NAMMA_YATRI_CALL)["Call"]
    [told] = rig.receiver.wait("/namma-yatri")
    callback = decode(told.json, NAMMA_YATRI_CALLBACK)
    assert (callback["CallSid"], callback["EventType"]) == (call["Sid"], "terminal")
    assert json.loads(callback["CustomField"]) == ATTACHMENT
    assert callback["Status"] == "completed"
    assert [leg["Status"] for leg in callback["Legs"]] == ["completed", "completed"]


def test_namma_yatri_decodes_the_callback_of_a_call_that_nobody_answers(rig, account, connect):
    form = of_namma_yatri(rig, account, "/namma-yatri-alone", From=ABSENT, TimeOut="1")
    decode(connect(**form).json(), NAMMA_YATRI_CALL)
    [told] = rig.receiver.wait("/namma-yatri-alone")
    callback = decode(told.json, NAMMA_YATRI_CALLBACK)
    assert (callback["Status"], callback["RecordingUrl"]) == ("no-answer", "")


def test_namma_yatri_decodes_the_answer_of_a_flow(rig, account, connect):
    answer = connect(From=CUSTOMER, CallerId=account.exophone, Url=account.flow)
    call = decode(answer.json(), NAMMA_YATRI_CALL)["Call"]
    assert call["To"] == account.exophone


def test_modlix_decodes_details_and_callback_and_sends_a_parameter_unknown_to_exotel(rig, account, connect):
    form = {
        "From": AGENT,
        "To": CUSTOMER,
        "CallerId": account.exophone,
        "StartRecordingOn": "answer",
        "StatusCallback": rig.receiver.url("/modlix"),
        "StatusCallbackEvents[0]": "terminal",
        "StatusCallbackContentType": "application/json",
    }
    call = connect(**form).json()["Call"]
    [told] = rig.receiver.wait("/modlix")
    decode(told.json, MODLIX_CALLBACK)
    details = decode(rig.get(account, f"/Calls/{call['Sid']}.json", details="true").json(), MODLIX_DETAILS)["Call"]
    assert int(details["Duration"]) >= 0
    assert float(details["Price"]) > 0
    assert [leg["Leg"]["Id"] for leg in details["Details"]["Legs"]] == [1, 2]


def test_error_has_a_number_as_its_status(connect):
    problem = decode(connect(From=CUSTOMER).json(), {"RestException": {"Status": NUMBER, "Message": TEXT}})
    assert problem["RestException"]["Status"] == 400
