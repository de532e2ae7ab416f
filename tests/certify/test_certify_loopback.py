"""The command against good and bad bots, on real sockets."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree as ET

import pytest
from attrs import field, frozen
from autobahn.websocket.types import ConnectionDeny
from twisted.internet.defer import maybeDeferred
from twisted.internet.epollreactor import EPollReactor

from exoswitch.certify.command import run
from exoswitch.cli import _parser
from exoswitch.sim.behaviour import Behaviour, clear_message, mark_message, media_message, parse_behaviour
from exoswitch.sim.bot import BotProtocol, SimulatedBot
from exoswitch.sim.conversation import Media, Started
from exoswitch.sim.sounds import tone

pytestmark = pytest.mark.loopback


def output_to(json_file, junit_file):
    return ["--json", str(json_file), "--junit", str(junit_file)]


@frozen
class Outcome:
    status: int
    text: str
    told: dict
    cases: list = field(repr=False)

    @property
    def verdicts(self):
        return {scenario["name"]: scenario["verdict"] for scenario in self.told["scenarios"]}

    def seen(self, name):
        return [
            finding["seen"] for one in self.told["scenarios"] if one["name"] == name for finding in one["findings"]
        ]


@pytest.fixture
def certify(tmp_path, capsys):
    """Run the command and a bot on a separate reactor."""

    def certify(behaviour, *words, query="", credentials=""):
        reactor = EPollReactor()
        reactor.seconds = time.monotonic
        if isinstance(behaviour, str):
            behaviour = parse_behaviour(behaviour)
        bot = SimulatedBot(reactor=reactor, behaviour=behaviour)
        bot.startService()
        files = tmp_path / "told.json", tmp_path / "told.xml"
        options = _parser().parse_args(
            [
                "certify",
                bot.url.replace("//", f"//{credentials}", 1) + query,
                "--pace",
                "0.1",
                "--timeout",
                "0.7",
                *words,
                *output_to(*files),
            ]
        )
        statuses = []

        def run_reactor(begin):
            def end(status):
                statuses.append(status)
                return maybeDeferred(bot.stopService).addBoth(lambda _: reactor.stop())

            reactor.callWhenRunning(lambda: begin(reactor).addBoth(end))
            patience = reactor.callLater(100, reactor.stop)
            reactor.run(installSignalHandlers=False)
            patience.cancel()
            left = [call for call in reactor.getDelayedCalls() if "exoswitch" in repr(call)]
            assert left == []
            return statuses[0]

        status = run(options, run_reactor)
        cases = ET.fromstring(files[1].read_text()).findall("testsuite/testcase")  # noqa: S314 - our own file
        return Outcome(status, capsys.readouterr().out, json.loads(files[0].read_text()), cases)

    return certify


def test_an_echo_bot_passes(certify):
    outcome = certify("echo", query="?lang=hi")
    assert outcome.status == 0, outcome.text
    assert "The bot is ready for calls." in outcome.text
    assert {name for name, verdict in outcome.verdicts.items() if verdict == "pass"} == {
        "connects", "start", "silence", "speech", "chunks", "16-khz", "dtmf", "hang-up", "network", "ten", "messages",
    }  # fmt: skip
    assert outcome.told["passed"]
    assert [case.get("name").partition(":")[0] for case in outcome.cases] == list(outcome.verdicts)
    assert not [case for case in outcome.cases if case.find("failure") is not None]


def test_a_silent_bot_fails_unless_silence_is_expected(certify):
    outcome = certify("silent", "--only", "speech")
    assert (outcome.status, outcome.verdicts["speech"]) == (1, "fail")
    assert "--expect-no-audio" in outcome.text
    outcome = certify("silent", "--only", "speech", "--expect-no-audio")
    assert (outcome.status, outcome.verdicts["speech"]) == (0, "pass")


def test_a_malformed_message_is_shown_as_an_example(certify):
    outcome = certify("garbage", "--only", "silence")
    assert (outcome.status, outcome.verdicts) == (1, {"silence": "pass", "messages": "fail"})
    assert any("a message that is not JSON" in seen for seen in outcome.seen("messages"))


def test_after_a_refused_call_the_other_scenarios_are_skipped(certify):
    outcome = certify("refuse=403")
    assert (outcome.status, outcome.verdicts["connects"]) == (1, "fail")
    assert set(outcome.verdicts.values()) == {"fail", "skip"}
    assert "refused with HTTP 403" in outcome.text


def test_a_bot_that_closes_early_fails_but_after_keys_it_is_a_note(certify):
    outcome = certify("close-after=0.3", "--only", "silence,dtmf")
    assert (outcome.status, outcome.verdicts["silence"], outcome.verdicts["dtmf"]) == (1, "fail", "note")
    (seen,) = outcome.seen("silence")
    assert re.fullmatch(r"the bot closed with code 1000 after \d+\.\d s", seen)


def test_a_saved_conversation_is_replayed_and_compared(certify, tmp_path):
    saved = str(tmp_path / "speech.jsonl")
    outcome = certify("echo", "--only", "speech", "--save", saved, query="?sample-rate=16000&key=hush")
    assert (outcome.status, "No scenario of this run failed." in outcome.text) == (0, True)
    assert "hush" not in (tmp_path / "speech.jsonl").read_text()
    outcome = certify("echo", "--replay", saved, "--strict")
    assert (outcome.status, outcome.verdicts) == (0, {"replay": "pass", "messages": "pass"}), outcome.text
    outcome = certify("silent", "--replay", saved)
    assert (outcome.status, outcome.verdicts["replay"]) == (0, "note")
    assert "never" in outcome.seen("replay")
    outcome = certify("close-after=0.3", "--replay", saved)
    assert (outcome.status, outcome.verdicts["replay"]) == (1, "fail")


def polite():
    """A bot that greets with a mark, and sends `clear` when the caller speaks."""
    heard = 0

    def answer(told):
        nonlocal heard
        if isinstance(told, Started):
            sid = told.stream_sid
            return [media_message(sid, b"".join(tone(440)[:30])), mark_message(sid, "greeted")]
        if isinstance(told, Media):
            heard += any(told.pcm[:2])
            return [clear_message("")] if heard == 15 else []
        return []

    return answer


def test_a_bot_that_sends_marks_and_clear_passes(certify):
    outcome = certify(Behaviour(begin=polite), "--only", "barge-in,marks")
    assert outcome.status == 0, outcome.text
    assert outcome.verdicts == {"barge-in": "pass", "marks": "pass", "messages": "pass"}
    assert any(re.fullmatch(r"silent within \d+ ms", seen) for seen in outcome.seen("barge-in"))


def test_a_bot_that_checks_its_password_passes(certify, monkeypatch):
    accept = BotProtocol.onConnect

    def check(protocol, request):
        if request.headers.get("authorization") != "Basic dXNlcjpodXNo":
            raise ConnectionDeny(401)
        accept(protocol, request)

    monkeypatch.setattr(BotProtocol, "onConnect", check)
    outcome = certify("echo", "--only", "connects,auth", credentials="user:hush@")
    assert (outcome.status, outcome.verdicts["connects"], outcome.verdicts["auth"]) == (0, "pass", "pass")
    assert outcome.seen("auth") == ["refused with 401"] * 2
    assert "hush" not in outcome.text + str(outcome.told)


def test_an_interrupted_run_reports_its_results_and_does_not_pass(tmp_path):
    command = "import sys; from exoswitch.cli import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", command, "sim", "bot", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as subprocess_bot:
        try:
            port = subprocess_bot.stdout.readline().partition("127.0.0.1:")[2].partition("/")[0]
            words = ["certify", f"ws://user:hush@127.0.0.1:{port}/", "--only", "connects,silence"]
            with subprocess.Popen(
                [sys.executable, "-c", command, *words, "--json", str(tmp_path / "told.json")],
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONIOENCODING": "ascii"},
            ) as running:
                lines = []
                while not any("connects" in line for line in lines):
                    lines.append(running.stdout.readline())
                time.sleep(0.2)
                running.send_signal(signal.SIGINT)
                text = "".join(lines) + running.communicate(timeout=60)[0]
        finally:
            subprocess_bot.send_signal(signal.SIGTERM)
    assert running.returncode == 1
    assert text.isascii()
    assert "Interrupted" in text
    assert "hush" not in text
    told = json.loads((tmp_path / "told.json").read_text())
    assert (told["passed"], [scenario["name"] for scenario in told["scenarios"]]) == (False, ["connects", "messages"])
