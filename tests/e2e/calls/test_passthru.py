"""A bot hands its caller over: a passthru is asked at a real receiver, and its answer leads to another bot."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.e2e.calls.conftest import gateway_config
from tests.e2e.calls.test_outbound import BOT_HZ, CALLER_HZ, DBM0
from tests.harness.e2e.audio import assert_hears_tone, tone
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.gateway import ACCOUNT, GatewayProcess
from tests.harness.e2e.network import WHEN_TOLD
from tests.harness.e2e.phone import Phone
from tests.harness.e2e.ports import free_port, held_port

pytestmark = pytest.mark.e2e

EXOPHONE = "+918047491899"
PERSON = "+919812345611"
SECOND_HZ, PERSON_HZ = 1700, 1300


class Receiver(ThreadingHTTPServer):
    """A dialer's server: it answers each question with `status`, and keeps the facts that it was told."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.told = 302, []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/passthru?key=a%2fb"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        query = urlsplit(self.path).query
        assert query.startswith("key=a%2fb&")
        self.server.told.append(dict(parse_qsl(query, keep_blank_values=True)))
        self.send_response(self.server.status)
        self.send_header("Location", "https://elsewhere.example.org/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def second_bot_port():
    with held_port() as port:
        yield port


@pytest.fixture(scope="module")
def gateway(asterisk, receiver, inbound_bot_port, second_bot_port, tmp_path_factory):
    http_port = free_port()
    config = json.loads(gateway_config(asterisk, http_port=http_port, bot_port=inbound_bot_port, trunk="lab"))
    config["apps"]["1001"]["passthru"] = {
        "url": receiver.url,
        "on_200": f"number:{PERSON}",
        "on_302": "app:1002",
    }
    config["apps"]["1002"] = {"account": ACCOUNT, "url": f"ws://127.0.0.1:{second_bot_port}/second"}
    with GatewayProcess(tmp_path_factory.mktemp("passthru"), json.dumps(config), http_port) as process:
        yield process


@pytest.fixture
def bot(inbound_bot_port):
    with Bot(port=inbound_bot_port) as the_bot:
        yield the_bot


@pytest.fixture
def second_bot(second_bot_port):
    with Bot(port=second_bot_port) as the_bot:
        yield the_bot


def test_a_bot_that_closes_hands_its_caller_over_to_another_bot(gateway, receiver, sipp, phone, bot, second_bot):
    phone.play_tone(CALLER_HZ, DBM0)
    call = sipp.call(EXOPHONE, phone)
    call.wait_for("ANSWERED")
    first = bot.wait_for_stream()
    first.say(tone(BOT_HZ, DBM0, 20.0))
    assert_hears_tone(phone.listen, BOT_HZ, DBM0)
    first.close()
    second = second_bot.wait_for_stream()
    before, after = first.start, second.wait_for("start").body["start"]
    assert (after["call_sid"], after["from"], after["to"]) == (before["call_sid"], before["from"], before["to"])
    assert after["stream_sid"] != before["stream_sid"]
    told = receiver.told[-1]
    assert (told["CallSid"], told["Stream[StreamSID]"]) == (before["call_sid"], before["stream_sid"])
    assert (told["Stream[Status]"], told["Stream[DisconnectedBy]"]) == ("completed", "bot")
    assert (told["CallFrom"], told["CallTo"], told["flow_id"]) == ("09812345678", "08047491899", "1001")
    second.say(tone(SECOND_HZ, DBM0, 20.0))
    assert_hears_tone(phone.listen, SECOND_HZ, DBM0)
    assert_hears_tone(second.listen, CALLER_HZ, DBM0)
    second.close()
    call.wait_for("ENDED")
    ended = gateway.wait_for_end(before["call_sid"])
    assert (ended["Status"], ended["Direction"]) == ("completed", "inbound")


def test_a_bot_hands_its_caller_over_to_a_person_on_another_phone(gateway, receiver, sipp, phone, bot):
    receiver.status = 200
    phone.play_tone(CALLER_HZ, DBM0)
    with Phone() as other_phone:
        other_phone.play_tone(PERSON_HZ, DBM0)
        answering = sipp.answer(other_phone)
        call = sipp.call(EXOPHONE, phone, hang_up_after_s=WHEN_TOLD)
        first = bot.wait_for_stream()
        call_sid = first.wait_for("start").body["start"]["call_sid"]
        first.say(tone(BOT_HZ, DBM0, 20.0))
        assert_hears_tone(phone.listen, BOT_HZ, DBM0)
        first.close()
        answering.wait_for("ANSWERED")
        assert_hears_tone(phone.listen, PERSON_HZ, DBM0)
        assert_hears_tone(other_phone.listen, CALLER_HZ, DBM0)
        assert gateway.call(call_sid)["Status"] == "in-progress"
        call.hang_up()
        call.wait_for("ENDED")
        answering.wait_for("ENDED")
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"
