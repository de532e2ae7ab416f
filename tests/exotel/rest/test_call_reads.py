"""Reads of calls over HTTP: one call, and lists with filters and pages."""

import base64
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from exoswitch.call.charge import Charge
from exoswitch.call.recording import RecordingWish
from exoswitch.call.search import CallPage
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import CallStatus, Direction, Ending
from exoswitch.errors import BackendUnavailable
from exoswitch.exotel.recording_links import RecordingLinks
from tests.exotel.rest.test_representations import KEYS, SESSION
from tests.harness.dialer_reads import NOW, Reader, StoredCalls

DAY_S = 86_400.0
ROW_KEYS = [*KEYS.split(), "PhoneNumber", "ConversationDuration"]


def charge(amount):
    return Charge(amount=Decimal(amount), currency="INR", billed_s=60, baseline=Decimal(0), baseline_currency="INR")


def call(sid, **changes):
    began = changes.pop("created_at", NOW - 3600)
    return evolve(SESSION, call_sid=sid, created_at=began, updated_at=began, **changes)


def ended(session, status=CallStatus.COMPLETED, talked_s=17.2, amount="0.2"):
    answered = session.progressed(CallStatus.IN_PROGRESS, session.created_at + 5)
    over = Ending(status=status, reason="it is over")
    if status is not CallStatus.COMPLETED:
        return evolve(session.ended(over, session.created_at + 30), charge=charge("0"))
    return evolve(answered.ended(over, session.created_at + 30, talked_s), charge=charge(amount))


@pytest.fixture
def reader():
    return Reader()


# --- One call -------------------------------------------------------------------------------------------------------


def test_call_is_shown_in_json_and_in_xml_with_the_same_texts(reader):
    reader.keep(ended(call("c1")))
    shown = reader.get("Calls/c1.json")["Call"]
    assert list(shown) == KEYS.split()
    (element,) = reader.xml("Calls/c1")
    assert element.tag == "Call"
    assert [child.tag for child in element] == KEYS.split()
    texts = {child.tag: child.text for child in element}
    assert texts == shown | {"Uri": "/v1/Accounts/acme1/Calls/c1"}
    assert shown["Uri"] == "/v1/Accounts/acme1/Calls.json/c1"
    assert reader.get(shown["Uri"])["Call"] == shown


def test_details_tell_the_legs(reader):
    reader.keep(ended(call("c1")))
    details = {"ConversationDuration": 17, "Leg1Status": "completed", "Leg2Status": None}
    legs = [{"Leg": {"Id": 1, "OnCallDuration": 17}}]
    shown = reader.get("Calls/c1.json", details="true")["Call"]
    assert list(shown) == [*KEYS.split(), "Details"]
    assert shown["Details"] == {**details, "Legs": legs}
    element = reader.xml("Calls/c1", details="true").find("Call/Details")
    assert [child.tag for child in element] == ["ConversationDuration", "Leg1Status", "Leg2Status", "Legs"]
    assert [leg.find("OnCallDuration").text for leg in element.findall("Legs/Leg")] == ["17"]


def test_call_between_two_phones_shows_the_second_one_and_the_price_of_both(reader):
    second = SecondLeg(number="+919812345611", call_sid="s1")
    live = call("c1", bot=None, second=second)
    over = evolve(ended(live, talked_s=40.0), second=evolve(second, status=CallStatus.BUSY, charge=charge("0.1")))
    both = evolve(
        ended(live, talked_s=40.0),
        second=evolve(second, status=CallStatus.COMPLETED, talked_s=31.6, charge=charge("1.3")),
    )
    reader.keep(live, call("s1", bot=None, parent_call_sid="c1"))
    shown = reader.get("Calls/c1.json", details="true")["Call"]
    assert (shown["From"], shown["To"], shown["PhoneNumberSid"]) == ("09812345610", "09812345611", "08047491899")
    assert shown["Details"]["Legs"][1] == {"Leg": {"Id": 2, "OnCallDuration": 0}}
    assert (shown["Details"]["Leg1Status"], shown["Details"]["Leg2Status"]) == (None, None)
    for session, status, seconds, price in ((over, "busy", 0, "0.300"), (both, "completed", 32, "1.500")):
        reader.keep(session)
        shown = reader.get("Calls/c1.json", details="true")["Call"]
        assert (shown["Status"], shown["Duration"], shown["Price"]) == ("completed", "40", price)
        assert (shown["Details"]["Leg1Status"], shown["Details"]["Leg2Status"]) == ("completed", status)
        assert shown["Details"]["ConversationDuration"] == seconds
    assert reader.get("Calls/s1.json")["Call"]["ParentCallSid"] == "c1"
    assert reader.listed() == ["c1"]


def test_call_that_a_bot_handed_over_to_a_person_keeps_its_number_and_shows_both_legs(reader):
    second = SecondLeg(number="+919812345611", call_sid="s1", status=CallStatus.COMPLETED, talked_s=12.0)
    reader.keep(evolve(ended(call("c1"), talked_s=40.0), second=second))
    shown = reader.get("Calls/c1.json", details="true")["Call"]
    assert shown["To"] == "08047491899"
    assert shown["Details"]["ConversationDuration"] == 40
    durations = [leg["Leg"]["OnCallDuration"] for leg in shown["Details"]["Legs"]]
    assert durations == [40, 12]


def test_recording_has_a_stable_url_and_one_that_expires(reader):
    links = RecordingLinks(base_url="https://gw.example.org", secret=b"s")
    reader = Reader(links=lambda asked: evolve(links, base_url=asked.base_url))
    reader.keep(evolve(ended(call("c1")), recording=RecordingWish()), ended(call("c2")))
    shown = reader.get("Calls/c1.json", RecordingUrlValidity=60)["Call"]
    assert shown["RecordingUrl"].endswith("/exotelrecordings/acme1/c1.mp3")
    assert f"?Expires={int(NOW) + 3600}&" in shown["PreSignedRecordingUrl"]
    assert f"?Expires={int(NOW) + 300}&" in reader.get("Calls/c1.json")["Call"]["PreSignedRecordingUrl"]
    plain = reader.get("Calls/c2.json")["Call"]
    assert (plain["RecordingUrl"], "PreSignedRecordingUrl" in plain) == (None, False)
    rows = {row["Sid"]: row for row in reader.get("Calls.json", RecordingUrlValidity=5)["Calls"]}
    assert f"?Expires={int(NOW) + 300}&" in rows["c1"]["PreSignedRecordingUrl"]


@pytest.mark.parametrize("minutes", ["4", "61", "0", "-5", "5.5", "", "x", "5000"])
def test_validity_of_a_recordings_url_outside_5_to_60_minutes_is_refused(reader, minutes):
    reader.keep(call("c1"))
    for path in ("Calls.json", "Calls/c1.json"):
        reply = reader.ask(f"/v1/Accounts/acme1/{path}", RecordingUrlValidity=minutes)
        assert reply.code == (400 if minutes else 200)
        assert not minutes or "RecordingUrlValidity" in reply.message


def test_unknown_call_is_not_found(reader):
    assert reader.refused("Calls/nobody.json") == (404, "account 'acme1' has no call 'nobody'")
    assert reader.refused(f"Calls/{'x' * 65}.json")[0] == 404


# --- Lists ----------------------------------------------------------------------------------------------------------


def test_list_has_the_newest_calls_first_with_two_keys_more(reader):
    reader.keep(call("c1"), ended(call("c2", created_at=NOW - 60)))
    document = reader.get("Calls.json")
    assert list(document) == ["Metadata", "Calls"]
    assert document["Metadata"] == {
        "Total": 2,
        "PageSize": 50,
        "FirstPageUri": "/v1/Accounts/acme1/Calls.json",
        "PrevPageUri": None,
        "NextPageUri": None,
    }
    assert [list(row) for row in document["Calls"]] == [ROW_KEYS, ROW_KEYS]
    assert [row["Sid"] for row in document["Calls"]] == ["c2", "c1"]
    assert (document["Calls"][0]["PhoneNumber"], document["Calls"][0]["ConversationDuration"]) == ("08047491899", 17)
    assert list(reader.get("Calls.json", details="true")["Calls"][0]) == [*ROW_KEYS, "Details"]


def test_list_in_xml_has_the_same_rows(reader):
    reader.keep(call("c1"), call("c2"))
    root = reader.xml("Calls", PageSize=1)
    assert [child.tag for child in root] == ["Metadata", "Calls"]
    (row,) = root.findall("Calls/Call")
    assert [child.tag for child in row] == ROW_KEYS
    assert root.find("Metadata/NextPageUri").text.startswith("/v1/Accounts/acme1/Calls?PageSize=1&After=")
    assert root.find("Metadata/PrevPageUri").text is None


def test_empty_list_is_a_list(reader):
    document = reader.get("Calls.json")
    assert (document["Calls"], document["Metadata"]["Total"]) == ([], 0)
    assert [child.tag for child in reader.xml("Calls")] == ["Metadata", "Calls"]


def test_without_a_time_the_last_31_days_are_listed(reader):
    reader.keep(call("old", created_at=NOW - 31 * DAY_S - 1), call("young", created_at=NOW - 31 * DAY_S + 1))
    assert reader.listed() == ["young"]
    assert reader.listed(Sid="old,young") == ["young"]
    assert reader.listed(DateCreated="gte:2023-10-01 00:00:00") == ["young", "old"]
    assert reader.listed(Sid="old", DateCreated="gte:2023-10-01 00:00:00") == ["old"]


def test_each_filter_finds_its_calls(reader):
    reader.keep(
        ended(call("c1", customer="+919800000001"), talked_s=17.2, amount="0.2"),
        ended(call("c2", exophone="+918047491800"), talked_s=9.6, amount="1.4996"),
        ended(call("c3"), CallStatus.BUSY),
        call("c4", direction=Direction.INBOUND, status=CallStatus.IN_PROGRESS),
        call("c5", bot=None, second=SecondLeg(number="+919800000002", call_sid="s5")),
        call("c6", customer="sip:agent@pbx.example.org"),
    )
    finds = {
        ("Sid", "c1,c3, c9"): {"c1", "c3"},
        ("From", "09800000001"): {"c1"},
        ("From", "+919800000001,9800000009"): {"c1"},
        ("From", "sip:agent@pbx.example.org,9800000001"): {"c1", "c6"},
        ("To", "9800000002"): {"c5"},
        ("To", "08047491800"): {"c2"},
        ("PhoneNumber", "08047491800"): {"c2"},
        ("Status", "completed,busy"): {"c1", "c2", "c3"},
        ("Status", "IN-PROGRESS"): {"c4"},
        ("Status", "cancelled"): set(),
        ("Direction", "inbound"): {"c4"},
        ("Direction", "outbound-dial"): set(),
        ("Direction", "outbound-dial,incoming"): {"c4"},
        ("Duration", "gte:10s;lte:17s"): {"c1", "c2"},
        ("Duration", "eq:17s"): {"c1"},
        ("Duration", "gt:10s"): {"c1"},
        ("Duration", "0"): {"c3"},
        ("Price", "gte:0.100;lte:0.2"): {"c1"},
        ("Price", "1.5"): {"c2"},
        ("Price", "lt:1.5"): {"c1", "c3"},
    }
    for (name, value), found in finds.items():
        assert set(reader.listed(**{name: value})) == found, (name, value)


def test_a_hundred_sids_fit_into_a_request(reader):
    sids = [f"{number:032x}" for number in range(100)]
    reader.keep(*map(call, sids))
    assert sorted(reader.listed(Sid=",".join(sids), PageSize=100)) == sids


def test_several_conditions_must_all_hold(reader):
    reader.keep(ended(call("c1")), ended(call("c2"), CallStatus.BUSY), ended(call("c3"), amount="2"))
    assert reader.listed(Status="completed", Price="gte:1", From="09812345610") == ["c3"]


def test_times_are_those_of_india_to_the_second(reader):
    reader.keep(call("c1", created_at=NOW - 3600 + 0.9), call("c2", created_at=NOW - 3599))
    between = "gte:2023-11-16 16:30:00;lte:2023-11-16 16:30:00"
    assert reader.listed(DateCreated=between) == ["c1"]
    assert reader.listed(DateCreated="2023-11-16") == ["c2", "c1"]
    assert reader.listed(DateCreated="gte:2023-11-17") == []
    raw = reader.ask(f"/v1/Accounts/acme1/Calls.json?DateCreated={between.replace(' ', '%20')}")
    assert [row["Sid"] for row in raw.json["Calls"]] == ["c1"]
    plus = reader.ask(f"/v1/Accounts/acme1/Calls.json?DateCreated={between.replace(' ', '+')}")
    assert [row["Sid"] for row in plus.json["Calls"]] == ["c1"]


REFUSED = {
    "Sid": ",".join(f"c{number}" for number in range(101)),
    "From": ",".join(f"981234567{number}" for number in range(6)),
    "To": "12",
    "Status": "done",
    "Direction": "sideways",
    "Duration": "gte:x",
    "Price": "gte:1,5",
    "DateCreated": "gte:2023-13-01 00:00:00",
    "PageSize": "0",
    "SortBy": "Price:asc",
    "After": "!!",
    "Before": "AAAA",
    "details": "perhaps",
}


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_value_is_refused_by_the_name_of_its_parameter(reader, name):
    status, message = reader.refused("Calls.json", **{name: REFUSED[name]})
    assert status == 400
    assert message.startswith(name)
    assert reader.calls.asked == 0


def test_an_account_searches_once_at_a_time_so_that_its_searches_keep_nobody_else_waiting(reader, monkeypatch):
    searches = []

    def search(_calls, asked):
        searches.append((asked.account, Deferred()))
        return searches[-1][1]

    monkeypatch.setattr(StoredCalls, "search", search)

    def ask(account="acme1", credentials=b"k:t"):
        client = reader.server.connect()
        login = base64.b64encode(credentials).decode()
        client.send(f"GET /v1/Accounts/{account}/Calls HTTP/1.1\r\nAuthorization: Basic {login}\r\n\r\n".encode())
        return client

    first, second, third = ask(), ask(), ask()
    ask("other1", b"x:y")
    assert [account for account, _ in searches] == ["acme1", "other1"]
    first.hang_up()  # the database goes on with its search
    second.hang_up()  # it waits, and will never begin
    assert len(searches) == 2
    searches[0][1].callback(CallPage((), has_before=False, has_after=False))
    assert [account for account, _ in searches] == ["acme1", "other1", "acme1"]
    searches[2][1].errback(BackendUnavailable("it is slow"))
    assert [reply.code for reply in third.replies()] == [503]
    ask()
    assert len(searches) == 4


def test_both_cursors_at_once_are_refused(reader):
    assert reader.refused("Calls.json", After="x", Before="y")[0] == 400


@pytest.mark.parametrize("moment", ["1e12", "9e99", "1e999"])
def test_place_at_a_time_that_is_no_date_is_refused(reader, moment):
    place = base64.urlsafe_b64encode(f"{moment} c1 1".encode()).decode()
    assert reader.refused("Calls.json", After=place)[0] == reader.refused("Calls.json", Before=place)[0] == 400


def test_larger_page_than_100_is_one_of_100(reader):
    reader.keep(*(call(f"c{number:03}") for number in range(120)))
    assert len(reader.listed(PageSize="9" * 5000)) == 100
    document = reader.get("Calls.json", PageSize=500)
    assert (len(document["Calls"]), document["Metadata"]["PageSize"]) == (100, 100)
    assert len(reader.get(document["Metadata"]["NextPageUri"])["Calls"]) == 20


@pytest.mark.parametrize(("order", "is_reversed"), [("DateCreated:asc", False), ("DateCreated:desc", True)])
def test_clients_follow_the_uris_as_they_are_to_the_end_and_back(reader, order, is_reversed):
    reader.keep(*(ended(call(f"c{number:02}", created_at=NOW - 90 + number // 3)) for number in range(25)))
    reader.keep(*(call(f"x{number:02}") for number in range(5)))
    first = reader.get(
        "Calls.json", PageSize=10, SortBy=order, Status="completed,failed", DateCreated="gte:2023-11-16"
    )
    pages = [first]
    while pages[-1]["Metadata"]["NextPageUri"]:
        uri = pages[-1]["Metadata"]["NextPageUri"]
        assert uri.startswith("/v1/Accounts/acme1/Calls.json?DateCreated=gte:2023-11-16&Status=completed,failed&")
        pages.append(reader.get(uri))
    sids = [row["Sid"] for page in pages for row in page["Calls"]]
    assert sids == sorted((f"c{number:02}" for number in range(25)), reverse=is_reversed)
    assert [page["Metadata"]["Total"] for page in pages] == [11, 21, 25]
    back = [pages[-1]]
    while back[-1]["Metadata"]["PrevPageUri"]:
        back.append(reader.get(back[-1]["Metadata"]["PrevPageUri"]))
    assert [page["Calls"] for page in back[::-1]] == [page["Calls"] for page in pages]
    assert back[-1]["Metadata"]["Total"] == 11
    assert reader.get(back[1]["Metadata"]["FirstPageUri"])["Calls"] == first["Calls"]


@pytest.mark.parametrize(
    "query",
    [
        "From=+14155550123",  # as curl -d sends it: a blank in place of the +
        "PageSize=2&PageSize=3&SortBy=DateCreated&SortBy=x",
        "DateCreated=gte:2023-11-16&DateCreated=lte:2023-11-01",
        "From[0]=sip:me@pbx&From[1]=%2B14155550123",
        "DateCreated[0]=gte:2099-01-01",
    ],
)
def test_the_next_page_reads_odd_parameters_as_the_first_page_did(reader, query):
    reader.keep(*(call(f"c{number}", customer="+14155550123") for number in range(5)))
    first = reader.get(f"Calls.json?PageSize=2&{query}")
    second = reader.get(first["Metadata"]["NextPageUri"])
    assert [row["Sid"] for row in first["Calls"] + second["Calls"]] == ["c4", "c3", "c2", "c1"]
    assert reader.get(second["Metadata"]["FirstPageUri"]) == first


def test_calls_of_another_account_are_not_listed(reader):
    reader.keep(call("c1", account="other1"))
    assert reader.listed() == []
    assert reader.listed(Sid="c1") == []
    assert reader.refused("Calls/c1.json")[0] == 404


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from([*REFUSED, "PhoneNumber", "RecordingUrlValidity"]),
    value=st.text(max_size=40) | st.from_regex(r"(gte|lte|eq|gt|lt):[0-9.:\- s]{1,20}(;.*)?"),
)
def test_any_value_of_any_parameter_is_answered_or_refused(name, value):
    reader = Reader()
    reader.keep(call("c1"))
    reply = reader.ask("/v1/Accounts/acme1/Calls.json", **{name: value.encode("utf-8", "replace").decode()})
    assert reply.code in {200, 400}
