import argparse
import json

import pytest
from attrs import evolve

from exoswitch.call.status_callback import StatusCallback
from exoswitch.cli import main
from exoswitch.commands.callbacks import as_json, as_table, resent
from exoswitch.outbox.rows import Kept
from exoswitch.sessions.document import to_text
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

URL = "https://user:pass@crm.example.org/told?key=hunter2"
ENDED = evolve(SESSION.ended(HUNG_UP, MOMENT + 9), callback=StatusCallback(url=URL))
FAILED = Kept(
    call_sid="c1",
    event="terminal",
    leg=1,
    account="acme1",
    receiver="acme1 crm.example.org:443",
    state="failed",
    attempts=9,
    since=MOMENT,
    due_at=MOMENT + 60,
    why="it answered with status 500",
    document=to_text(ENDED),
)
WAITING = evolve(FAILED, event="answered", leg=2, state="waiting", since=None, attempts=0, why="")


def test_table_has_neither_secrets_nor_whole_numbers():
    heading, failed, waiting = as_table([FAILED, WAITING], MOMENT, is_failed_only=False).splitlines()
    assert heading.split() == ["SID", "EVENT", "STATE", "RECEIVER", "NUMBER", "SINCE", "ATTEMPTS", "NEXT", "WHY"]
    assert failed.split()[:5] == ["c1", "terminal", "failed", "crm.example.org:443", "+9198******10"]
    assert failed.endswith("9         -        it answered with status 500")
    assert "answered 2" in waiting
    assert "in 60 s" in waiting
    assert not [secret for secret in ("hunter2", "pass", "9812345610") if secret in failed]


def test_json_has_all_facts():
    facts, _ = json.loads(as_json([FAILED, WAITING]))
    assert facts["since"] == "2023-11-14T22:13:20+00:00"
    assert (facts["account"], facts["receiver"], facts["next_attempt"]) == ("acme1", "crm.example.org:443", None)


def test_callback_whose_session_cannot_be_read_is_listed():
    assert "  ?  " in as_table([evolve(FAILED, document="{}", why="a\nb")], MOMENT, is_failed_only=True)


def test_a_list_without_callbacks_tells_what_it_looked_for():
    assert as_table([], MOMENT, is_failed_only=False) == "no callbacks wait or have failed"
    assert as_table([], MOMENT, is_failed_only=True) == "no callbacks have failed"


def test_resend_tells_how_many_are_sent_again_or_that_none_have_failed():
    assert resent(2, []) == "2 callbacks are sent again by a running gateway, as if never tried"
    assert resent(0, []) == "no callbacks have failed: nothing is sent again"
    assert resent(0, ["c1"]) == "no callbacks of call c1 have failed: nothing is sent again"
    assert resent(0, ["c1", "c2"]) == "no callbacks of call c1 or c2 have failed: nothing is sent again"


@pytest.mark.parametrize("words", [["--resend"], ["--call", "c1"]])
def test_resend_needs_failed(words, capsys):
    assert main(["callbacks", "gateway.yaml", *words]) == 2
    assert "write --failed --resend" in capsys.readouterr().err


def test_options_are_read(monkeypatch):
    seen = []
    monkeypatch.setattr("exoswitch.commands.callbacks.run", lambda options: seen.append(options) or 0)
    assert main(["callbacks", "gateway.yaml", "--failed", "--resend", "--call", "c1", "--call", "c2"]) == 0
    (options,) = seen
    assert isinstance(options, argparse.Namespace)
    assert (options.failed, options.resend, options.call) == (True, True, ["c1", "c2"])
