"""A dialer's server is told of calls by a real gateway, which is killed meanwhile."""

import json
import subprocess
import sys
import time

import pytest
from attrs import define, field

from exoswitch.sim.asterisk import read_script
from tests.harness.fleet.far_side import FarSide
from tests.harness.fleet.fleet import eventually
from tests.harness.fleet.lone import ask_callbacks, lone_gateway, unsettled
from tests.harness.receivers import OK, Receiver, reply

pytestmark = pytest.mark.fleet

SHORT, BUSY, SLOW = "09812345601", "09812345602", "09812345603"
SCRIPTS = {
    SHORT: "answer-after=0.1 babble hangup-after=0.5",
    BUSY: "busy-after=0.3",
    SLOW: "answer-after=2 babble hangup-after=0.5",
}


@define(eq=False)
class Dialer:
    """A gateway, and the server of a dialer, which answers as `answer` says."""

    gateway: object
    far_side: FarSide
    receiver: Receiver = field(init=False)
    answer: object = field(default=lambda _request: OK, init=False)

    def open(self):
        (asterisk,) = self.far_side.asterisks.values()
        self.receiver = self.far_side.do(Receiver, asterisk.reactor, self._answer)

    def _answer(self, request):
        return self.answer(request)

    def place(self, number, *events):
        url = self.receiver.url("/told?key=a%2Fb;c")
        asked = self.gateway.place(number, self.far_side.bot.url, StatusCallback=url, **ask_callbacks(*events))
        return asked.call_sid, time.monotonic()

    def told(self, sid):
        documents = [(request, json.loads(request.body)) for request in list(self.receiver.requests)]
        return [(request, told) for request, told in documents if told["CallSid"] == sid]

    def events(self, sid):
        return [told["EventType"] for _, told in self.told(sid)]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def running(tmp_path_factory, request):
    far_side = FarSide(("pbx1",))
    far_side.start()
    (asterisk,) = far_side.asterisks.values()
    asterisk.scripts |= {f"+91{number[1:]}": read_script(script) for number, script in SCRIPTS.items()}
    keys = {"sessions": request.getfixturevalue("postgres").new_database()} if request.param == "postgres" else {}
    gateway = lone_gateway(tmp_path_factory.mktemp("gateway"), far_side, **keys)
    dialer = Dialer(gateway, far_side)
    dialer.open()
    gateway.start()
    gateway.wait_until_ready()
    yield dialer
    gateway.kill()
    far_side.do(dialer.receiver.stop)
    far_side.stop()


@pytest.fixture
def dialer(running):
    running.answer = lambda _request: OK
    return running


def test_dialer_is_told_of_the_answer_and_the_end_in_their_order_after_the_reply(dialer):
    sid, replied_at = dialer.place(SLOW, "terminal", "answered")
    eventually(lambda: len(dialer.told(sid)) == 2, lambda: dialer.told(sid))
    (first, answered), (_, ended) = dialer.told(sid)
    assert first.target == "/told?key=a%2Fb;c"
    assert first.at > replied_at
    assert (answered["EventType"], answered["Status"]) == ("answered", "in-progress")
    assert (ended["EventType"], ended["Status"], ended["Legs"][0]["Status"]) == ("terminal", "completed", "completed")
    assert dialer.gateway.show(sid).body["Call"]["Status"] == "completed"


def test_callback_survives_the_death_of_its_gateway_and_is_told_once(dialer):
    dialer.answer = lambda _request: reply("503 Later")
    sid, _ = dialer.place(BUSY, "terminal")
    eventually(lambda: dialer.told(sid), lambda: "nothing was told")
    dialer.gateway.kill()
    dialer.answer = lambda _request: OK
    tries = len(dialer.told(sid))
    dialer.gateway.start()
    dialer.gateway.wait_until_ready()
    eventually(lambda: unsettled(dialer.gateway) == (0, 0), lambda: unsettled(dialer.gateway))
    assert len(dialer.told(sid)) == tries + 1
    assert {told["Status"] for _, told in dialer.told(sid)} == {"busy"}
    assert len({request.headers["webhook-id"] for request, _ in dialer.told(sid)}) == 1
    assert dialer.gateway.show(sid).body["Call"]["Status"] == "busy"


def test_callback_that_the_receiver_refuses_is_listed_and_sent_again_by_the_command(dialer):
    dialer.answer = lambda _request: reply("404 Not here")
    sid, _ = dialer.place(SHORT, "answered")
    eventually(lambda: len(dialer.told(sid)) == 3, lambda: dialer.events(sid))
    eventually(lambda: unsettled(dialer.gateway) == (0, 0), lambda: unsettled(dialer.gateway))
    listed = command(dialer.gateway, "--failed")
    assert f"{sid}  answered  failed" in listed
    assert "it answered with status 404" in listed
    assert "key=" not in listed
    dialer.answer = lambda _request: OK
    assert command(dialer.gateway, "--failed", "--resend", "--call", sid).startswith("1 callbacks are sent again")
    eventually(lambda: len(dialer.told(sid)) == 4, lambda: dialer.events(sid))
    assert command(dialer.gateway, "--failed") == "no callbacks have failed\n"


def command(gateway, *words):
    program = "import sys; from exoswitch.cli import main; sys.exit(main())"
    ran = subprocess.run(
        [sys.executable, "-c", program, "callbacks", "gateway.yaml", *words],
        cwd=gateway.folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return ran.stdout
