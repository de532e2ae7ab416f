"""What is remembered of a call."""

import pytest
from attrs import evolve

from exoswitch.call.search import CallSearch
from exoswitch.call.session import BotTarget, CallStatus, Direction, Ending, Session

SESSION = Session(
    call_sid="c1",
    account="acme1",
    direction=Direction.INBOUND,
    customer="+919812345610",
    exophone="+918047491899",
    bot=BotTarget(url="wss://user:hush@bot.example.org/ws"),
    created_at=100.0,
    updated_at=100.0,
)


def test_duration_runs_from_the_answer_to_the_end():
    ended = SESSION.progressed(CallStatus.IN_PROGRESS, 105.0).ended(
        Ending(status=CallStatus.COMPLETED, reason="done"), 122.5
    )
    assert (ended.duration_s, ended.status) == (17.5, CallStatus.COMPLETED)


def test_unanswered_call_lasted_0_seconds():
    assert SESSION.ended(Ending(status=CallStatus.BUSY, reason="busy"), 130.0).duration_s == 0.0


def test_live_call_has_no_duration():
    assert SESSION.progressed(CallStatus.IN_PROGRESS, 105.0).duration_s is None


def test_first_answer_counts():
    twice = SESSION.progressed(CallStatus.IN_PROGRESS, 105.0).progressed(CallStatus.IN_PROGRESS, 109.0)
    assert twice.answered_at == 105.0


@pytest.mark.parametrize("status", CallStatus)
def test_final_statuses_are_final(status):
    assert status.is_final == (status.value not in {"queued", "ringing", "in-progress"})


def test_secrets_and_numbers_do_not_show_in_a_session():
    assert "hush" not in repr(evolve(SESSION, custom_field="hush"))
    assert "9812345610" not in repr(SESSION)


def test_numbers_do_not_show_in_a_search():
    numbers = frozenset({"+919812345610"})
    assert "9812345610" not in repr(CallSearch(account="acme1", from_numbers=numbers, to_numbers=numbers))
