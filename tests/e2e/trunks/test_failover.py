"""A fault of a trunk is not the fault of a call: the next trunk dials it, and no phone rings twice."""

import pytest

from tests.harness.carrier.behaviours import is_silent, needs_srtp, redirects, refuses, tries_only

pytestmark = pytest.mark.e2e

NO_CIRCUIT = ("Reason", "Q.850;cause=34")
NO_ROUTE = ("Reason", 'Q.850;text="Network out of order";cause=41')
SUSPENDED = ("X-Twilio-Error", "10001 Account is not active")

# A silent trunk is given up after 6.4 s; a busy machine adds to it. Asterisk alone would wait 55 s after a 100.
NEXT_WITHIN_S = 20.0


def dialled(gateway, bot, pair):
    """Place a call; give its number and its end."""
    number = pair.number()
    return number, gateway.wait_for_end(gateway.place(f"0{number[-10:]}", bot.url))


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        ("reasons", refuses(480, "Temporarily Unavailable", NO_CIRCUIT, after_s=0.05)),
        ("reasons", refuses(500, "Server Internal Error", NO_ROUTE)),
        ("reasons", refuses(503, "Service Unavailable")),
        ("redirecting", redirects("sip:+919999999999@192.0.2.1")),
        ("redirecting", refuses(403, "Forbidden")),
        ("redirecting", refuses(488, "Not Acceptable Here")),
        ("twilio", refuses(603, "Decline", SUSPENDED)),
    ],
    ids=["480 with Q.850 34", "500 with Q.850 41", "503", "302", "403", "488", "603 of Twilio"],
)
def test_refusal_by_the_trunk_itself_is_followed_by_the_next_trunk(gateway, carrier, pairs, bot, name, behaviour):
    pair = pairs[name]
    pair.first.behaviour = behaviour
    number, ended = dialled(gateway, bot, pair)
    assert carrier.records.tried(number) == [pair.first.name, pair.second.name]
    assert ended["Status"] == "completed"


def test_silent_trunks_are_given_up_in_time(gateway, carrier, pairs, bot):
    """One answers nothing at all, the other one 100 and then nothing."""
    pairs["silent"].first.behaviour, pairs["trying"].first.behaviour = is_silent, tries_only
    calls = {name: pairs[name].number() for name in ("silent", "trying")}
    placed = [gateway.place(f"0{number[-10:]}", bot.url) for number in calls.values()]
    assert [gateway.wait_for_end(call_sid)["Status"] for call_sid in placed] == ["completed"] * 2
    for name, number in calls.items():
        assert carrier.records.tried(number) == [pairs[name].first.name, pairs[name].second.name]
        first, second = [seen for seen in carrier.records.dials() if number[-10:] in seen.message.uri]
        assert second.at - first.at < NEXT_WITHIN_S
    (call,) = pairs["trying"].first.calls
    carrier.wait_until(lambda: call.cancelled_at, "the call that was tried is not cancelled")


def test_trunk_that_answers_no_options_is_dialled(gateway, carrier, pairs, bot):
    pair = pairs["unasked"]
    number, ended = dialled(gateway, bot, pair)
    assert carrier.records.tried(number) == [pair.first.name]
    assert ended["Status"] == "completed"
    assert carrier.records.requests("OPTIONS", trunk=pair.first.name) == []


def test_call_in_clear_is_refused_by_a_trunk_that_wants_srtp_and_goes_to_the_next(gateway, carrier, pairs, bot):
    pair = pairs["clear"]
    pair.first.behaviour = needs_srtp(refuses(486, "Busy Here"))
    number, ended = dialled(gateway, bot, pair)
    assert carrier.records.tried(number) == [pair.first.name, pair.second.name]
    assert ended["Status"] == "completed"


def test_trunk_with_another_hosts_certificate_is_not_dialled(gateway, asterisk, carrier, pairs, bot):
    pair = pairs["foreign"]
    number, ended = dialled(gateway, bot, pair)
    assert carrier.records.tried(number) == [pair.second.name]
    assert "server identity does not match" in asterisk.log()
    assert ended["Status"] == "completed"


def test_no_phone_has_rung_twice(carrier):
    assert carrier.records.rung_twice() == set()
