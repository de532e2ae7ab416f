"""Reads of phone numbers over HTTP, in each of Exotel's versions."""

import pytest

from exoswitch.interfaces.calls import NumberHealth
from tests.harness.dialer_reads import BASE, Reader

V2_BETA = "/v2_beta/Accounts/acme1/IncomingPhoneNumbers"
HEARTBEAT = "/v2/accounts/acme1/incoming-phone-numbers"


@pytest.fixture
def reader():
    return Reader()


def test_numbers_of_version_1_are_those_that_a_dialer_may_show(reader):
    listed = reader.get("IncomingPhoneNumbers.json")["IncomingPhoneNumbers"]
    numbers = [item["IncomingPhoneNumber"] for item in listed]
    assert [(number["PhoneNumber"], number["FriendlyName"]) for number in numbers] == [
        ("08047491899", "08047491899"),
        ("+14155550100", "+14155550100"),
    ]
    assert list(numbers[0]) == ["Sid", "AccountSid", "PhoneNumber", "FriendlyName", "Capabilities", "VoiceUrl", "Uri"]
    tags = [number.find("PhoneNumber").text for number in reader.xml("IncomingPhoneNumbers")[0]]
    assert tags == ["08047491899", "+14155550100"]


@pytest.mark.parametrize("asked", ["08047491899", "+918047491899", "918047491899"])
def test_one_number_is_found_in_any_of_its_forms(reader, asked):
    listed = reader.get("IncomingPhoneNumbers.json", PhoneNumber=asked)["IncomingPhoneNumbers"]
    assert [item["IncomingPhoneNumber"]["Sid"] for item in listed] == ["918047491899"]
    shown = reader.get(f"IncomingPhoneNumbers/{asked}.json")["IncomingPhoneNumber"]
    assert reader.get(f"{shown['Uri']}.json")["IncomingPhoneNumber"] == shown
    assert reader.get(f"{V2_BETA}/{asked}")["phone_number"] == "+918047491899"


@pytest.mark.parametrize("asked", ["14155550100", "+14155550100", "0014155550100"])
def test_a_foreign_number_is_found_by_its_sid_too(reader, asked):
    assert reader.get(f"{V2_BETA}/{asked}")["phone_number"] == "+14155550100"
    assert reader.ask(f"{V2_BETA}/any").code == 404


def test_number_of_nobody_is_not_listed_and_not_found(reader):
    assert reader.get("IncomingPhoneNumbers.json", PhoneNumber="08047491800") == {"IncomingPhoneNumbers": []}
    for path in (f"{BASE}/IncomingPhoneNumbers/08047491800.json", f"{V2_BETA}/123", f"{HEARTBEAT}/x"):
        assert reader.ask(path).code == 404


def test_numbers_of_version_2_beta_are_json_with_the_caller_ids_of_dialers(reader):
    document = reader.get(V2_BETA)
    assert list(document) == ["page", "page_size", "incoming_phone_numbers"]
    first, second = document["incoming_phone_numbers"]
    assert first == {
        "sid": "918047491899",
        "phone_number": "+918047491899",
        "friendly_name": "08047491899",
        "capabilities": {"voice": True, "sms": False},
        "country": "IN",
        "region": "",
    }
    assert (second["friendly_name"], second["country"]) == ("+14155550100", "US")


def test_app_of_a_number_is_not_changed_through_the_api(reader):
    reply = reader.ask(f"{V2_BETA}/918047491899", "PUT", b"VoiceUrl=x")
    assert reply.code == 501
    assert "under numbers" in reply.message


@pytest.mark.parametrize(("incoming", "outgoing"), [(True, True), (False, True), (True, False), (False, False)])
def test_heartbeat_of_a_number_is_the_health_of_its_trunks(reader, incoming, outgoing):
    reader.calls.health["+918047491899"] = NumberHealth(incoming=incoming, outgoing=outgoing)
    document = reader.get(f"{HEARTBEAT}/918047491899")
    assert (document["method"], document["http_code"], document["response"]["status"]) == ("GET", 200, "success")
    connectivity = document["response"]["data"]["connectivity"]
    words = {True: "active", False: "major_outage"}
    for name, is_up in (("incoming_call", incoming), ("outgoing_call", outgoing)):
        assert connectivity[name] == {
            "status": words[is_up],
            "last_check_time": "2023-11-16T17:30:00+05:30",
            "alternate_exophone": "",
        }


@pytest.mark.parametrize(
    ("asked", "number", "kind"),
    [
        ("09812345610", "09812345610", "Mobile"),
        ("+918047491899", "08047491899", "Landline"),
        ("+14155550100", "+14155550100", ""),
    ],
)
def test_facts_of_a_number_are_those_that_its_digits_tell_and_nothing_is_invented(reader, asked, number, kind):
    assert reader.get(f"Numbers/{asked}.json")["Numbers"] == {
        "PhoneNumber": number,
        "Circle": "",
        "CircleName": "",
        "Type": kind,
        "Operator": "",
        "OperatorName": "",
        "DND": "",
    }
    assert reader.xml(f"Numbers/{asked}").find("Numbers/DND").text is None


def test_text_that_is_no_number_is_refused(reader):
    assert reader.refused("Numbers/12.json")[0] == 400
    assert reader.refused("CustomerWhitelist/nobody.json")[0] == 400


def test_whitelist_is_empty_and_needs_nothing(reader):
    body = b"VirtualNumber=08047491899&Number=09812345610,9812345611,09812345610&Language=en"
    reply = reader.ask(f"{BASE}/CustomerWhitelist.json", "POST", body)
    assert reply.json == {
        "Result": {"Total": 3, "Duplicate": 1, "Processed": 2, "Succeeded": 0, "Redundant": 2, "Failed": 0}
    }
    assert reader.get("CustomerWhitelist/09812345610.json") == {
        "Result": {"Status": "Neutral", "Type": "", "Expiry": -1}
    }
    result = reader.xml("CustomerWhitelist/09812345610").find("Result")
    assert {child.tag: child.text for child in result} == {"Status": "Neutral", "Type": None, "Expiry": "-1"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"Number=09812345610", "VirtualNumber is missing"),
        (b"VirtualNumber=08047491800&Number=09812345610", "VirtualNumber: +918047491800 is not a number of account"),
        (b"VirtualNumber=08047491899", "Number is missing"),
        (b"VirtualNumber=08047491899&Number=12", "Number: '12' is not a phone number"),
    ],
)
def test_wrong_request_for_the_whitelist_is_refused(reader, body, told):
    reply = reader.ask(f"{BASE}/CustomerWhitelist.json", "POST", body)
    assert reply.code == 400
    assert reply.message.startswith(told)
