"""The list of calls: live ones first, numbers masked, nothing that a terminal would obey."""

import json

from attrs import evolve

from exoswitch.call.attempts import Attempt
from exoswitch.call.session import BotTarget, CallStatus
from exoswitch.commands.calls import Listing
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

APPS = {"ws://bot.example.org/ws": "sales"}
LIVE = evolve(SESSION, call_sid="live", created_at=MOMENT - 500).progressed(CallStatus.IN_PROGRESS, MOMENT - 490)
OLD = evolve(SESSION, call_sid="old", trunk="bsnl1", answered_at=MOMENT + 1).ended(HUNG_UP, MOMENT + 9, 8.0)
NEW = evolve(
    SESSION, call_sid="new", created_at=MOMENT + 60, bot=BotTarget(url="wss://user:secret@other.example.org/x")
).ended(HUNG_UP, MOMENT + 99)


def listing(**settings):
    return Listing(APPS, MOMENT + 100, **settings)


def test_table_has_live_calls_first_and_then_the_newest():
    headings, *lines = listing().as_table([OLD, NEW, LIVE]).splitlines()
    assert headings.split() == ["SID", "DIRECTION", "NUMBER", "STATUS", "START", "DURATION", "TRUNK", "APP", "REASON"]
    assert [line.split()[0] for line in lines] == ["live", "new", "old"]
    assert lines[0].split()[1:4] == ["outbound-api", "+9198******10", "in-progress"]
    assert lines[0].split()[-2:] == ["0:09:50", "sales"]
    assert lines[2].split("  ")[-1] == HUNG_UP.reason
    assert lines[2].split()[6:9] == ["0:00:08", "bsnl1", "sales"]


def test_second_phone_is_listed_under_the_first_one():
    parts = {"bot": None, "created_at": MOMENT + 70}
    second = evolve(SESSION, call_sid="second", parent_call_sid="new", **parts).ended(HUNG_UP, MOMENT + 90)
    alone = evolve(second, call_sid="alone", parent_call_sid="not listed", created_at=MOMENT - 900)
    _, *lines = listing().as_table([alone, second, OLD, NEW, LIVE]).splitlines()
    assert [line[:8].rstrip() for line in lines] == ["live", "new", "  second", "old", "alone"]
    calls = json.loads(listing().as_json([OLD, second, NEW]))
    assert [(call["sid"], call["parent_sid"]) for call in calls] == [("new", None), ("second", "new"), ("old", None)]


def test_second_phone_whose_call_goes_on_follows_the_first_one_that_has_ended():
    second = evolve(LIVE, call_sid="second", parent_call_sid="old", bot=None)
    _, *lines = listing().as_table([second, NEW, OLD]).splitlines()
    assert [line.split()[0] for line in lines] == ["new", "old", "second"]


def test_bot_that_is_no_app_is_named_by_its_host_without_its_credentials():
    table = listing().as_table([NEW])
    assert "other.example.org" in table
    assert "secret" not in table


def test_numbers_are_shown_only_if_asked_for():
    assert SESSION.customer not in listing().as_table([OLD]) + listing().as_json([OLD])
    assert SESSION.customer in listing(shows_numbers=True).as_table([OLD])


def test_no_text_of_a_caller_reaches_the_terminal_as_a_command():
    odd = evolve(OLD, customer="\x1b]0;owned\x07", call_sid="a\nb")
    assert listing(shows_numbers=True).as_table([odd]).splitlines()[1].startswith("a?b ")
    assert "\x1b" not in listing(shows_numbers=True).as_table([odd])


def test_json_has_all_facts_with_times_in_utc():
    (call,) = json.loads(listing().as_json([OLD]))
    assert call == {
        "sid": "old",
        "parent_sid": None,
        "account": "acme1",
        "direction": "outbound-api",
        "number": "+9198******10",
        "exophone": "08047491899",
        "status": "completed",
        "started_at": "2023-11-14T22:13:20+00:00",
        "answered_at": "2023-11-14T22:13:21+00:00",
        "ended_at": "2023-11-14T22:13:29+00:00",
        "duration_s": 8.0,
        "app": "sales",
        "gateway": None,
        "trunk": "bsnl1",
        "cost": None,
        "currency": None,
        "attempts": [],
        "reason": "the caller hung up",
    }


def test_json_has_each_attempt_of_a_call():
    refused = Attempt(
        trunk="bsnl1",
        channel_id="old",
        shown="+914024001350",
        dialled_at=OLD.created_at + 1,
        sip_status=503,
        reason="not answered on trunk bsnl1: SIP 503",
    )
    (call,) = json.loads(listing().as_json([evolve(OLD, attempts=(refused,))]))
    assert call["attempts"] == [
        {
            "trunk": "bsnl1",
            "shown": "+914024001350",
            "dialled_at": "2023-11-14T22:13:21+00:00",
            "sip_status": 503,
            "rang": False,
            "reason": "not answered on trunk bsnl1: SIP 503",
        }
    ]


def test_empty_store_has_no_table():
    assert listing().as_table([]) == "no calls yet"
    assert json.loads(listing().as_json([])) == []
