"""The reload of a configuration by a gateway that runs."""

import random

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent

from exoswitch.config.loader import load
from exoswitch.configured import rules
from exoswitch.control.messages import Request
from exoswitch.errors import AddressRefused
from exoswitch.exotel.rest.phone_numbers import numbers_of
from exoswitch.reload import Reload
from exoswitch.trunks.registry import SETTINGS
from exoswitch.wiring.gateway import Gateway

GOOD = """\
asterisks:
  - {name: pbx1, ami: "tcp:127.0.0.1:5038", username: exoswitch, secret: s3cret-of-pbx-10, host: 127.0.0.1}
trunks:
  - {name: lab, provider: sip, host: 127.0.0.1, port: 5070}
accounts:
  acme1: {api_key: k, api_token: "${TOKEN}"}
apps:
  "1001": {account: acme1, url: "ws://127.0.0.1:9000/ws"}
"""
TWO_TRUNKS = GOOD.replace(
    "accounts:", "  - {name: next, provider: sip, host: 127.0.0.1, port: 5071, weight: 3}\naccounts:"
)
TOKEN = "t0ken-of-acme-10"


class AtOnce:
    """Does the work of a thread at once."""

    def run(self, work, *arguments):
        return maybeDeferred(work, *arguments)


@define
class Later:
    """Does the work of a thread when it is told to."""

    waiting: list = field(factory=list)

    def run(self, work, *arguments):
        begun = Deferred()
        self.waiting.append(begun)
        return begun.addCallback(lambda _: work(*arguments))


class Running:
    """A gateway that was started with a file, and the reload of that file."""

    def __init__(self, folder, text=GOOD):
        self.file = folder / "gateway.yaml"
        self.file.write_text(text)
        self.gateway = Gateway(load(self.file, SETTINGS, {"TOKEN": TOKEN}), MemoryReactorClock(), pytest.fail)
        self.gateway.threads["reload"] = AtOnce()
        self.reload = Reload(self.file, {"TOKEN": TOKEN}, self.gateway)

    @property
    def rules(self):
        return self.gateway.rules.now

    def write(self, text):
        self.file.write_text(text)
        outcomes = []
        with capturedLogs() as log:
            self.reload.run().addCallback(outcomes.append)
        self.log = [formatEvent(event) for event in log]
        return outcomes[0]


@pytest.fixture
def running(tmp_path):
    return Running(tmp_path)


def test_changed_file_is_taken_and_told(running):
    outcome = running.write(TWO_TRUNKS)
    assert outcome.status == 0
    assert outcome.lines[-1] == "taken: trunks (new: next)"
    assert outcome.lines[-2].startswith("Asterisk needs new files, too: pjsip.conf of pbx1")
    assert outcome.lines[-2].endswith("See: exoswitch trunks apply --help")
    assert running.log == [f"reload: {line}" for line in outcome.lines]
    assert set(running.rules.routing.trunks) == {"lab", "next"}
    assert [trunk.name for trunk in running.rules.selection.trunks] == ["lab", "next"]
    assert running.gateway.config == load(running.file, SETTINGS, {"TOKEN": TOKEN})


def test_weights_need_no_new_files_of_asterisk(running):
    running.write(TWO_TRUNKS)
    outcome = running.write(TWO_TRUNKS.replace("weight: 3", "weight: 9"))
    assert not any("Asterisk" in line for line in outcome.lines)
    assert running.rules.selection.trunks[1].weight == 9


def test_asterisk_whose_files_are_not_ours_does_not_stop_a_reload(tmp_path):
    socket = GOOD.replace("tcp:127.0.0.1:5038", "unix:/run/asterisk/ami")
    running = Running(tmp_path, socket)
    outcome = running.write(socket.replace("port: 5070", "port: 5070, weight: 9"))
    assert (outcome.status, outcome.lines) == (0, ("taken: trunks (changed: lab)",))


def test_bad_file_changes_nothing_and_all_its_problems_are_told(running):
    before = running.rules
    outcome = running.write(TWO_TRUNKS.replace("5071", "nothing") + "nubmers: {}\n")
    assert outcome.status == 2
    assert outcome.lines == (
        "nubmers: is not a known key; did you mean 'numbers'?",
        "trunks[1].port: must be a whole number from 1 to 65535 (it is 'nothing')",
        f"{running.file} cannot be used: nothing was changed",
    )
    assert running.rules is before


def test_file_that_is_gone_changes_nothing(running):
    before = running.rules
    running.file.unlink()
    outcomes = []
    running.reload.run().addCallback(outcomes.append)
    assert outcomes[0].status == 2
    assert "cannot be read: No such file or directory" in outcomes[0].lines[0]
    assert running.rules is before


def test_what_needs_a_restart_is_named_and_the_rest_is_taken(running):
    outcome = running.write(TWO_TRUNKS + "node: gw7\nrtp: {jitter_max_ms: 100}\n")
    assert outcome.status == 0
    assert "not taken: node, rtp.jitter_max_ms. Restart the gateway for it" in outcome.lines
    assert set(running.rules.routing.trunks) == {"lab", "next"}
    assert (running.gateway.config.node, running.gateway.config.rtp.jitter_max_ms) == ("gw1", 200)


def test_changes_that_are_good_only_with_those_of_a_restart_are_refused(running):
    before = running.rules
    outcome = running.write(
        GOOD.replace("port: 5070", "port: 5070, cps: 900") + "rtp: {ports: 20000-29999}\ngateway: {capacity: 999}\n"
    )
    assert outcome.status == 2
    assert outcome.lines[0].startswith("rtp.ports: has 4000 ports, but gateway.capacity 1000 needs 5500")
    assert outcome.lines[1] == "gateway.capacity, rtp.ports: these changes need a restart of the gateway, too"
    assert running.rules is before


def test_secret_is_taken_and_never_told(running):
    outcome = running.write(GOOD.replace("${TOKEN}", "an0ther-token-of-acme"))
    assert outcome.lines[-1] == "taken: accounts (changed: acme1)"
    assert "an0ther" not in "".join((*outcome.lines, *running.log))
    assert running.rules.accounts.by_name["acme1"].api_token == "an0ther-token-of-acme"


def test_number_of_a_problem_is_whole_for_the_operator_and_masked_in_the_log(running):
    outcome = running.write(GOOD + "numbers: {'+918047491899': {ap: 1001}}\n")
    assert outcome.status == 2
    assert "numbers.+918047491899" in "".join(outcome.lines)
    assert "numbers.+9180******99" in "".join(running.log)
    assert "918047491899" not in "".join(running.log)


def test_log_of_a_file_with_thousands_of_problems_is_short(running):
    apps = "".join(f"  app{number}: {{account: acme1}}\n" for number in range(150))
    outcome = running.write(GOOD + apps)
    assert len(outcome.lines) == 151
    assert running.log[:100] == [f"reload: {line}" for line in outcome.lines[:100]]
    assert running.log[100] == f"reload: 47 more lines: see exoswitch check-config {running.file}"
    assert running.log[101:] == [f"reload: {line}" for line in outcome.lines[-4:]]
    assert running.log[-1].endswith("cannot be used: nothing was changed")


def test_entries_that_have_not_changed_stay_the_same_objects(running):
    """Else the garbage collector walks each account, app and number again."""
    two = GOOD.replace("apps:", "  acme2: {api_key: k2, api_token: t0ken-of-acme-20}\napps:")
    two += '  "1002": {account: acme2, url: "ws://127.0.0.1:9000/ws2"}\n'
    two += 'numbers:\n  "+918047491899": {account: acme1, app: "1001"}\n'
    running.write(two)
    before, config = running.rules, running.gateway.config
    running.write(two.replace("t0ken-of-acme-20", "another-token-20").replace("ws2", "ws3"))
    after, now = running.rules, running.gateway.config
    assert after.accounts.by_name["acme1"] is before.accounts.by_name["acme1"]
    assert after.routing.routes["+918047491899"] is before.routing.routes["+918047491899"]
    for name in ("urls", "hosts"):
        assert getattr(after.reach, name)["acme1"] is getattr(before.reach, name)["acme1"]
        assert getattr(after.callback_reach, name)["acme1"] is getattr(before.callback_reach, name)["acme1"]
    assert now.accounts["acme1"] is config.accounts["acme1"]
    assert now.apps["1001"] is config.apps["1001"]
    assert now.numbers is config.numbers
    assert after.accounts.by_name["acme2"].api_token == "another-token-20"
    assert after.reach.urls["acme2"] == {"ws://127.0.0.1:9000/ws3"}


def test_account_or_host_that_is_removed_is_refused_at_once(running):
    running.write(
        GOOD.replace('"${TOKEN}"}', '"${TOKEN}", stream_hosts: [10.8.0.5]}') + "private_networks: [10.9.0.0/16]\n"
    )
    hosts = ["10.8.0.5", "10.9.0.1"]

    def permitted(host):
        return running.gateway.bots.reach().of_host("acme1", host, 80).permitted(host, [host], lambda _: False)

    assert [permitted(host) for host in hosts] == [("10.8.0.5",), ("10.9.0.1",)]
    running.write(GOOD.partition("accounts:")[0])
    assert running.rules.accounts.by_name == {}
    for host in hosts:
        with pytest.raises(AddressRefused):
            permitted(host)


def test_file_without_a_change_says_so(running):
    assert running.write(GOOD + "# a remark\n").lines[-1] == f"{running.file} has not changed"


def test_limits_of_calls_reach_the_parts_that_keep_them(running):
    running.write(GOOD + "calls: {ring_s: 20, handshake_s: 3, max_duration_s: 600}\n")
    assert running.rules.routing.limits.ring_s == 20
    assert running.gateway.bots.handshake_s == 3
    assert running.gateway.switches["pbx1"].max_duration_s == 600


def test_command_for_another_file_is_refused(running, tmp_path):
    running.file.write_text(TWO_TRUNKS)
    answers = []
    for file in (tmp_path / "other.yaml", running.file):
        running.reload.asked(Request("reload", str(file))).addCallback(answers.append)
    assert answers[0] == {
        "status": 2,
        "lines": (f"the running gateway was started with {running.file}: reload that file",),
    }
    assert answers[1]["status"] == 0


def test_reloads_are_done_one_after_the_other_and_signals_do_not_pile_up(running):
    thread = running.gateway.threads["reload"] = Later()
    for _ in range(10):
        running.reload.signalled()
    assert len(thread.waiting) == 1
    running.file.write_text(TWO_TRUNKS)
    thread.waiting.pop().callback(None)
    assert len(thread.waiting) == 1
    thread.waiting.pop().callback(None)
    assert thread.waiting == []
    assert set(running.rules.routing.trunks) == {"lab", "next"}


class EditedFile:
    """A file of a few accounts, each with an app and a number, that an operator edits at random."""

    def __init__(self, choices):
        self.choices = choices
        self.urls = {f"app{number}": f"ws://bot/{number}" for number in range(4)}
        self.owners = {app: f"acme{number % 3}" for number, app in enumerate(self.urls)}
        self.numbers = {f"+91804749{number:04}": app for number, app in enumerate(self.urls)}
        self.extras = {}

    def edit(self):
        app, number = self.choices.choice(list(self.urls)), self.choices.choice(list(self.numbers))
        fresh = f"{self.choices.randrange(10**4):04}"
        match self.choices.randrange(7):
            case 0:
                self.urls[app] = f"ws://bot/{fresh}"
            case 1:
                self.owners[app] = f"acme{self.choices.randrange(3)}"
            case 2:
                self.numbers[number] = app
            case 3:
                self.numbers[f"+91804749{fresh}"] = app
            case 4 if len(self.numbers) > 1:
                del self.numbers[number]
            case 5:
                self.extras[f"acme{self.choices.randrange(3)}"] = (
                    f", stream_hosts: [bot{fresh}], concurrency: {fresh[0]}9"
                )
            case _:
                self.numbers = dict(self.choices.sample(list(self.numbers.items()), len(self.numbers)))

    def text(self):
        accounts = (f"  acme{n}: {{api_key: k{n}, api_token: t0ken-of-acme-{n}0" for n in range(3))
        extras = (self.extras.get(f"acme{n}", "") for n in range(3))
        apps = (f"  {app}: {{account: {self.owners[app]}, url: '{url}'}}" for app, url in self.urls.items())
        numbers = (f"  '{to}': {{account: {self.owners[app]}, app: {app}}}" for to, app in self.numbers.items())
        entries = [f"{account}{extra}}}" for account, extra in zip(accounts, extras, strict=True)]
        sections = [GOOD.partition("accounts:")[0] + "accounts:", *entries, "apps:", *apps, "numbers:", *numbers]
        return "\n".join(sections) + "\n"


@pytest.mark.parametrize("seed", range(3))
def test_rules_after_reloads_are_those_of_a_start(tmp_path, seed):
    edited = EditedFile(random.Random(seed))
    running = Running(tmp_path, edited.text())
    for _ in range(12):
        edited.edit()
        assert running.write(edited.text()).status == 0
        started = rules(load(running.file, SETTINGS, {}))
        for part in ("routing", "prices", "accounts", "reach", "callback_reach", "retries"):
            assert getattr(running.rules, part) == getattr(started, part)
        for name, account in started.accounts.by_name.items():
            assert numbers_of(running.rules.accounts.by_name[name]) == numbers_of(account)
