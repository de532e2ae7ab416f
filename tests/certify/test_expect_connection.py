import pytest

from exoswitch.certify.expect_connection import (
    accepts_in_time,
    all_are_accepted,
    closes_in_time,
    refuses,
    stays,
)
from exoswitch.certify.verdict import Verdict
from tests.harness.certify_seen import TERMS, tape, unreached


def only(findings):
    (finding,) = findings
    return finding


def test_a_quick_handshake_passes():
    finding = only(accepts_in_time([tape(opened=0.041)], TERMS))
    assert (finding.verdict, finding.seen) == (Verdict.PASS, "accepted after 41 ms")


def test_a_slow_handshake_is_a_note():
    assert only(accepts_in_time([tape(opened=1.2)], TERMS)).verdict is Verdict.NOTE


def test_an_unreachable_bot_is_a_failure_without_exotels_error_code():
    finding = only(accepts_in_time([unreached()], TERMS))
    assert (finding.verdict, finding.seen) == (Verdict.FAIL, "bot.example.org:80: no route")


def test_an_http_refusal_shows_its_status():
    error = "3009 failed to establish ws conn: b:80: WebSocket connection upgrade failed [403]: None"
    assert only(accepts_in_time([unreached(error)], TERMS)).seen == "b:80: refused with HTTP 403"


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (unreached("3009 …: WebSocket connection upgrade failed [401]: x"), Verdict.PASS),
        (unreached("3009 …: no route"), Verdict.NOTE),
        (tape(), Verdict.NOTE),
    ],
)
def test_a_refusal_passes_and_anything_else_is_a_note(seen, verdict):
    assert only(refuses([seen], TERMS)).verdict is verdict


def test_a_call_that_lasted_passes():
    assert only(stays("a while")([tape(), tape()], TERMS)).verdict is Verdict.PASS
    assert stays("a while", tacit=True)([tape()], TERMS) == []


def test_a_call_that_the_bot_ended_fails_with_its_code():
    finding = only(
        stays("a while")([tape("one"), tape("two", hung_up=None, closed=1.52, code=1011, reason="oh")], TERMS)
    )
    assert (finding.verdict, finding.expected) == (Verdict.FAIL, "stays connected a while (two)")
    assert finding.seen == "the bot closed with code 1011 after 1.5 s: oh"


def test_a_broken_connection_is_reported():
    finding = only(stays("a while")([tape(hung_up=None, closed=1.02, code=None, reason="it was lost")], TERMS))
    assert finding.seen == "the connection broke after 1.0 s: it was lost"


@pytest.mark.parametrize(("code", "verdict"), [(1000, Verdict.NOTE), (1011, Verdict.FAIL), (None, Verdict.FAIL)])
def test_a_bot_that_may_finish_can_close_with_1000(code, verdict):
    seen = [tape(hung_up=None, closed=1.0, code=code)]
    assert only(stays("a while", may_finish=True)(seen, TERMS)).verdict is verdict


@pytest.mark.parametrize(
    ("closed", "code", "verdict"),
    [(5.1, 1000, Verdict.PASS), (5.1, None, Verdict.NOTE), (7.05, None, Verdict.NOTE)],
)
def test_a_bot_that_does_not_close_after_stop_has_a_note(closed, code, verdict):
    assert only(closes_in_time([tape(hung_up=5.0, closed=closed, code=code)], TERMS)).verdict is verdict


def test_the_close_is_not_judged_if_the_bot_ended_the_call():
    assert closes_in_time([tape(hung_up=None)], TERMS) == []


def test_the_bot_must_accept_and_keep_all_calls_at_once():
    finding = only(all_are_accepted([tape(opened=0.01), tape(opened=0.03)], TERMS))
    assert (finding.verdict, finding.seen) == (Verdict.PASS, "accepted after 10 ms (p50), 30 ms (p99)")
    finding = only(all_are_accepted([tape(), unreached()], TERMS))
    assert (finding.verdict, finding.seen[:14]) == (Verdict.FAIL, "1 not accepted")
    assert only(all_are_accepted([tape(), tape(hung_up=None)], TERMS)).verdict is Verdict.FAIL
