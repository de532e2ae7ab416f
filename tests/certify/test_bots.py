"""Bots of many kinds, called in virtual time: good bots pass every scenario, and each fault is told as it is."""

import pytest

from exoswitch.certify.verdict import Verdict
from exoswitch.sim.behaviour import Behaviour
from exoswitch.sim.bot import BotProtocol
from exoswitch.sim.conversation import Media
from tests.harness.certify_bots import certify, lines, talker, verdicts

GOOD = {
    "that clears": {},
    "that stops sending, and sends marks": {"paced": True, "interrupted": "stop", "marks": True},
    "that greets late, and waits for a transcript": {"greets_after_ms": 3500, "reaction_ms": 1800, "answer_ms": 5000},
    "that does not greet, thinks long, and says a stray word": {
        "greeting_ms": 0,
        "thinks_ms": 4000,
        "answer_ms": 4000,
        "first_messages": ("hello",),
    },
    "that cannot be interrupted": {"interrupted": "nothing"},
}
NEEDED = {"connects", "start", "silence", "speech", "chunks", "16-khz", "dtmf", "hang-up", "ten"}


def finding_of(report, name):
    """Give the first finding of a scenario that is not as expected."""
    findings = [finding for result in report.results if result.name == name for finding in result.findings]
    return next((finding for finding in findings if finding.verdict is not Verdict.PASS), findings[0])


@pytest.mark.parametrize("traits", GOOD.values(), ids=GOOD)
def test_a_good_bot_passes_every_scenario(traits):
    report = certify(talker(**traits))
    assert report.passed, lines(report)
    assert {name for name, verdict in verdicts(report).items() if verdict == "pass"} >= NEEDED, lines(report)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("traits", [{}, {"paced": True, "interrupted": "stop"}], ids=["ahead", "paced"])
def test_a_good_bot_passes_over_every_bad_network(traits, seed):
    report = certify(talker(**traits), "network", seed=seed)
    assert verdicts(report)["network"] == "pass", lines(report)


def test_a_bot_that_greets_and_hears_nothing_fails_wherever_it_is_asked():
    report = certify(talker(hears=False), "speech", "chunks", "16-khz", "network")
    assert [verdicts(report)[name] for name in ("speech", "chunks", "network")] == ["fail"] * 3
    assert finding_of(report, "speech").seen == "1.2 s of sound before the question, and no answer"
    assert verdicts(report)["16-khz"] == "note"


def test_a_deaf_bot_fails_at_16000_hz_if_its_url_asks_for_it():
    report = certify(talker(hears=False), "16-khz", query="?sample-rate=16000")
    assert verdicts(report)["16-khz"] == "fail"


@pytest.mark.parametrize("query", ["", "?sample-rate=16000"])
def test_a_bot_of_a_fixed_rate_has_a_note_about_its_pitch(query):
    report = certify(talker(fixed_hz=8000), "16-khz", query=query)
    finding = finding_of(report, "16-khz")
    assert (finding.verdict, finding.seen[:20]) == (Verdict.NOTE, "1.8 times the pitch:")


def test_a_bot_that_refuses_a_rate_that_nobody_asked_for_has_a_note(monkeypatch):
    accept = BotProtocol.onConnect

    def check(protocol, request):
        if "sample-rate" in protocol.http_request_uri:
            protocol._behaviour = Behaviour(refuse_with=400)
        accept(protocol, request)

    monkeypatch.setattr(BotProtocol, "onConnect", check)
    report = certify(talker(), "16-khz")
    finding = finding_of(report, "16-khz")
    assert (finding.verdict, finding.seen[-21:]) == (Verdict.NOTE, "refused with HTTP 400")
    assert "do not add sample-rate=16000" in finding.advice


@pytest.mark.parametrize(
    ("traits", "verdict", "seen"),
    [
        ({}, Verdict.PASS, "clear after 300 ms"),
        ({"paced": True, "interrupted": "stop"}, Verdict.PASS, "silent after 300 ms, without clear"),
        ({"reaction_ms": 1800}, Verdict.NOTE, "clear after 1900 ms"),
        ({"interrupted": "nothing", "answer_ms": 6000}, Verdict.NOTE, "no clear; the bot talked for 5.9 s more"),
        ({"greeting_ms": 0}, Verdict.PASS, "clear after 300 ms"),
    ],
)
def test_a_bot_that_gives_way_is_told_how_soon(traits, verdict, seen):
    finding = finding_of(certify(talker(**traits), "barge-in"), "barge-in")
    assert (finding.verdict, finding.seen) == (verdict, seen)


def test_an_echo_does_not_talk_while_the_caller_listens():
    assert "did not talk" in finding_of(certify("echo", "barge-in"), "barge-in").seen


def test_a_bot_that_ignores_the_close_frame_has_a_note(monkeypatch):
    monkeypatch.setattr(BotProtocol, "onCloseFrame", lambda *_: None)
    finding = finding_of(certify(talker(), "hang-up"), "hang-up")
    assert (finding.verdict, finding.seen) == (Verdict.NOTE, "the close frame was not answered within 2.0 s")


def test_a_word_that_is_no_message_is_a_note():
    report = certify(talker(first_messages=("hello",)), "speech")
    assert (report.passed, verdicts(report)["messages"]) == (True, "note")


def test_a_bot_that_sends_its_audio_in_binary_messages_fails():
    report = certify(Behaviour(begin=lambda: lambda told: [told.pcm] if isinstance(told, Media) else []), "speech")
    assert (verdicts(report)["speech"], verdicts(report)["messages"]) == ("fail", "fail")


def test_a_bot_that_only_listens_has_no_notes_if_no_audio_is_expected():
    report = certify("silent", is_silent=True)
    assert set(verdicts(report).values()) == {"pass", "skip"}, lines(report)


def test_a_bot_that_talks_without_a_pause_has_notes_and_does_not_fail():
    report = certify("tone=440", "speech", "network")
    assert report.passed
    assert "already talking" in finding_of(report, "speech").seen


@pytest.mark.parametrize(
    "behaviour",
    ["close-after=0", "close-after=0.3", "tone=440 close-after=2.5", "garbage", "deaf=5", "flood=60"],
)
def test_every_bot_gets_a_whole_report(behaviour):
    report = certify(behaviour)
    assert len(report.results) == 14
    assert all(result.findings for result in report.results)


def test_a_bot_that_is_gone_after_the_first_call_fails_each_scenario_once(monkeypatch):
    accept, calls = BotProtocol.onConnect, []

    def crash(protocol, request):
        calls.append(protocol)
        if len(calls) > 1:
            protocol._behaviour = Behaviour(refuse_with=502)
        accept(protocol, request)

    monkeypatch.setattr(BotProtocol, "onConnect", crash)
    report = certify(talker())
    for name in ("silence", "speech", "dtmf", "barge-in", "marks", "hang-up", "network"):
        (finding,) = next(result.findings for result in report.results if result.name == name)
        assert (finding.verdict, finding.seen[-21:]) == (Verdict.FAIL, "refused with HTTP 502"), name
