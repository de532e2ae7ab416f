import pytest
from attrs import evolve
from hypothesis import given

from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import CallStatus, Ending
from exoswitch.call.status_callback import EVENTS, StatusCallback
from exoswitch.exotel.callbacks.documents import document
from exoswitch.exotel.rest.representations import View, call_record
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION, any_sessions

EXTENDED = StatusCallback(url="https://crm.example.org/told", events=EVENTS)
ASKED = evolve(SESSION, exophone="+918047491899", custom_field="o 1", callback=EXTENDED)
ANSWERED = ASKED.progressed(CallStatus.IN_PROGRESS, MOMENT + 2)
ENDED = ANSWERED.ended(HUNG_UP, MOMENT + 19)
SECOND = SecondLeg(number="+919812345611", call_sid="c2", status=CallStatus.BUSY)


def test_dialer_that_named_no_events_gets_the_minimal_document():
    plain = evolve(ENDED, callback=StatusCallback(url="http://h/"))
    assert document(plain, "terminal", "https://gw/r.mp3") == {
        "CallSid": "c1",
        "DateUpdated": "2023-11-15 03:43:39",
        "Status": "completed",
        "RecordingUrl": "https://gw/r.mp3",
    }


def test_end_of_a_call_has_all_keys_in_exotels_order():
    told = document(ENDED, "terminal")
    assert told == {
        "CallSid": "c1",
        "EventType": "terminal",
        "DateCreated": "2023-11-15 03:43:20",
        "DateUpdated": "2023-11-15 03:43:39",
        "Status": "completed",
        "To": "08047491899",
        "From": "09812345610",
        "PhoneNumberSid": "08047491899",
        "StartTime": "2023-11-15 03:43:20",
        "EndTime": "2023-11-15 03:43:39",
        "ConversationDuration": 17,
        "Direction": "outbound-api",
        "RecordingUrl": "",
        "CustomField": "o 1",
        "Legs": [{"OnCallDuration": 17, "Status": "completed", "AnsweredBy": "NA"}],
    }
    assert [*told][:3] == ["CallSid", "EventType", "DateCreated"]


def test_answer_is_in_progress_and_has_no_custom_field():
    told = document(ANSWERED, "answered")
    assert (told["EventType"], told["Status"], told["EndTime"]) == ("answered", "in-progress", "")
    assert (told["ConversationDuration"], told["Legs"][0]["Status"]) == (0, "in-progress")
    assert "CustomField" not in told


def test_call_that_nobody_answered_has_its_leg():
    told = document(ASKED.ended(Ending(status=CallStatus.NO_ANSWER, reason="rang out"), MOMENT + 30), "terminal")
    assert (told["Status"], told["ConversationDuration"]) == ("no-answer", 0)
    assert told["Legs"] == [{"OnCallDuration": 0, "Status": "no-answer", "AnsweredBy": "NA"}]


def test_call_between_two_phones_has_two_legs():
    talked = evolve(SECOND, status=CallStatus.COMPLETED, answered_at=MOMENT + 9, ended_at=MOMENT + 19, talked_s=9.4)
    told = document(evolve(ENDED, bot=None, second=talked), "terminal")
    assert (told["To"], told["From"], told["ConversationDuration"]) == ("09812345611", "09812345610", 9)
    assert [(leg["Status"], leg["OnCallDuration"]) for leg in told["Legs"]] == [("completed", 17), ("completed", 9)]


@pytest.mark.parametrize(
    ("session", "statuses"),
    [
        (evolve(ENDED, bot=None, second=SECOND), ["completed", "busy"]),
        (evolve(ANSWERED, bot=None, second=evolve(SECOND, status=None)), ["in-progress", "queued"]),
        (
            evolve(
                ASKED.ended(Ending(status=CallStatus.BUSY, reason="busy"), MOMENT + 3),
                bot=None,
                second=evolve(SECOND, status=None),
            ),
            ["busy", "canceled"],
        ),
    ],
)
def test_each_leg_has_a_status_of_its_own(session, statuses):
    assert [leg["Status"] for leg in document(session, "terminal")["Legs"]] == statuses


@given(any_sessions)
def test_callback_and_the_calls_record_agree(session):
    told, shown = (
        document(evolve(session, callback=EXTENDED), "terminal"),
        call_record(session, View(details=True))["Call"],
    )
    for key in ("DateCreated", "DateUpdated", "Status", "To", "From", "PhoneNumberSid", "StartTime", "Direction"):
        assert told[key] == shown[key]
    assert told["EndTime"] == (shown["EndTime"] or "")
    assert told["ConversationDuration"] == shown["Details"]["ConversationDuration"]
    durations = [leg["Leg"]["OnCallDuration"] for leg in shown["Details"]["Legs"]]
    assert [leg["OnCallDuration"] for leg in told["Legs"]] == durations


def test_sip_address_is_told_as_it_is():
    second = evolve(SECOND, number="sip:agent@pbx.example.org")
    assert document(evolve(ENDED, bot=None, second=second), "terminal")["To"] == "sip:agent@pbx.example.org"


def values(told):
    for value in told.values():
        if isinstance(value, list):
            for item in value:
                yield from values(item)
        else:
            yield value


@given(any_sessions)
def test_no_value_is_ever_null(session):
    for event in EVENTS:
        told = document(evolve(session, callback=EXTENDED), event)
        assert {type(value) for value in values(told)} <= {str, int}
