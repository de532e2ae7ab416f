import base64
import json
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable, CallNotFound, NoCapacity, TrunkError
from exoswitch.exotel.rest.calls import call_endpoints
from exoswitch.exotel.rest.connect.endpoint import connect_endpoints
from exoswitch.exotel.rest.connect.reach import Reaches
from exoswitch.exotel.rest.resource import RestResource
from exoswitch.interfaces.calls import ICalls
from exoswitch.network.reach import ReachRules
from exoswitch.sessions.memory import MemorySessions
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.web.health import health_routes
from exoswitch.web.limits import MAX_BODY_BYTES
from tests.exotel.rest.test_representations import NOON_UTC, SESSION
from tests.harness.dialer_accounts import ACCOUNTS, FLOW, VOICE_AI
from tests.harness.http import Server
from tests.harness.rest_api import rest_api

CONNECT = "/v1/Accounts/acme1/Calls/connect.json"


@implementer(ICalls)
@define(eq=False)
class Calls:
    missing: tuple = ()
    placed: list = field(factory=list)
    replied_to: list = field(factory=list)
    answer: object = None

    def replied(self, call_sid):
        self.replied_to.append(call_sid)

    def place(self, request):
        self.placed.append(request)
        return succeed(SESSION) if self.answer is None else self.answer

    def find(self, account, call_sid):
        if (account, call_sid) == (SESSION.account, SESSION.call_sid):
            return succeed(SESSION)
        return fail(CallNotFound(f"account {account} has no call {call_sid}"))

    def search(self, search):
        return MemorySessions().search(search)


def accounts():
    return ACCOUNTS


@define
class Dialer:
    calls: Calls = field(factory=Calls)
    auth: tuple | None = ("k", "t")
    server: Server = field(init=False)

    def __attrs_post_init__(self):
        clock, metrics = Clock(), MemoryMetrics()
        strict = Reaches(ReachRules(), ReachRules(key="callback_hosts"))
        endpoints = (*connect_endpoints(self.calls, accounts, lambda: strict), *call_endpoints(self.calls, clock))
        api = rest_api(endpoints, accounts, clock, metrics, lambda: NOON_UTC)
        self.server = Server(RestResource(api, health_routes(self.calls)), clock, metrics)

    def hang_up_while_placing(self):
        """Ask for a call, and disconnect before the answer."""
        connection = self.server.connect()
        credentials = base64.b64encode(b"k:t").decode()
        body = urlencode(VOICE_AI)
        connection.send(
            f"POST {CONNECT} HTTP/1.1\r\nAuthorization: Basic {credentials}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        connection.hang_up()

    def ask(self, method, path, body=b"", headers=()):
        return self.server.ask(method, path, body, headers, self.auth)

    def connect(self, body=None, path=CONNECT, headers=()):
        return self.ask("POST", path, VOICE_AI if body is None else body, headers)


@pytest.fixture
def dialer():
    return Dialer()


def test_a_call_is_placed_and_answered_as_at_exotel(dialer):
    reply = dialer.connect()
    assert reply.code == 200
    assert reply.headers.getRawHeaders("Content-Type") == ["application/json"]
    assert reply.text.startswith(b'{"Call":{"Sid":"8a2b1d3c4e5f60718293a4b5c6d717bg","ParentCallSid":null,')
    (placed,) = dialer.calls.placed
    assert (placed.account, placed.number, placed.bot.url) == ("acme1", "+919812345610", VOICE_AI["StreamUrl"])


def test_a_callback_to_a_private_address_is_refused_before_the_call_is_placed(dialer):
    reply = dialer.connect({**VOICE_AI, "StatusCallback": "http://10.0.0.5/told"})
    assert reply.code == 400
    assert reply.message == (
        "StatusCallback: 10.0.0.5 has no public address (its address belongs to a private network): "
        "the operator can permit it with callback_hosts or private_networks"
    )
    assert dialer.calls.placed == []


@pytest.mark.parametrize("change", [str, str.lower, str.upper])
def test_names_of_parameters_are_read_in_any_case(dialer, change):
    assert dialer.connect({change(name): value for name, value in FLOW.items()}).code == 200


def test_a_multipart_body_is_read_too(dialer):
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{VOICE_AI[name]}\r\n' for name in VOICE_AI]
    headers = ["Content-Type: multipart/form-data; boundary=b"]
    assert dialer.connect(("".join(parts) + "--b--\r\n").encode(), headers=headers).code == 200
    assert dialer.calls.placed[0].number == "+919812345610"


def test_paths_are_read_in_both_of_exotels_spellings(dialer):
    assert dialer.connect(path=CONNECT.lower()).code == 200
    assert dialer.ask("GET", f"/v1/accounts/acme1/calls/{SESSION.call_sid}.json").code == 200


def test_old_clients_may_send_the_account_as_the_user():
    assert Dialer(auth=("acme1", "t")).connect().code == 200


@pytest.mark.parametrize("auth", [None, ("k", "wrong"), ("wrong", "t"), ("x", "y"), ("", ""), ("k", "")])
def test_wrong_credentials_are_refused_first(auth):
    dialer = Dialer(auth=auth)
    reply = dialer.connect()
    assert reply.code == 401
    assert reply.headers.getRawHeaders("WWW-Authenticate") == ['Basic realm="exoswitch"']
    assert "not those of this account" in reply.message
    assert dialer.connect({"From": b"\xff"}).code == 401
    assert dialer.ask("GET", f"/v1/Accounts/acme1/Calls/{SESSION.call_sid}.json").code == 401
    assert dialer.calls.placed == []


@pytest.mark.parametrize("account", ["other1", "nobody", "%c3%bc"])
def test_the_account_of_the_path_must_match_the_credentials(dialer, account):
    assert dialer.connect(path=f"/v1/Accounts/{account}/Calls/connect.json").code == 401
    assert Dialer(auth=("", "")).connect(path=f"/v1/Accounts/{account}/Calls/connect.json").code == 401


def test_a_bad_parameter_is_refused_by_name(dialer):
    reply = dialer.connect(VOICE_AI | {"From": "12"})
    assert reply.code == 400
    assert reply.message.startswith("From: '12' is not a phone number: write it as")
    assert dialer.connect({"From": b"\xff"}).message == "the parameter 'From' is not UTF-8"
    assert dialer.connect(b"").message == "From is missing"


@pytest.mark.parametrize(
    ("error", "code", "retry_after"),
    [
        (NoCapacity("account acme1 has reached its limit of 100 concurrent calls"), 429, ["30"]),
        (TrunkError("no trunk is configured"), 502, None),
        (BackendUnavailable("no Asterisk is ready"), 503, ["30"]),
    ],
)
def test_a_call_that_cannot_be_placed_is_answered_with_the_reason(error, code, retry_after):
    reply = Dialer(calls=Calls(answer=fail(error))).connect()
    assert (reply.code, reply.message) == (code, str(error))
    assert reply.headers.getRawHeaders("Retry-After") == retry_after


def test_an_unexpected_error_is_logged_and_not_shown(logged_failures):
    reply = Dialer(calls=Calls(answer=fail(KeyError("secret")))).connect()
    assert reply.code == 500
    assert b"secret" not in reply.text
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_a_call_is_found_by_its_sid(dialer):
    reply = dialer.ask("GET", f"/v1/Accounts/acme1/Calls/{SESSION.call_sid}.json?details=true")
    assert reply.json["Call"]["From"] == "09812345610"
    missing = dialer.ask("GET", "/v1/Accounts/acme1/Calls/nosuch.json")
    assert (missing.code, missing.message) == (404, "account acme1 has no call nosuch")


@pytest.mark.parametrize("path", ["/v1/Accounts/acme1/Calls/connect", "/v1/accounts/acme1/calls/connect"])
def test_xml_is_the_form_of_a_path_without_a_suffix(dialer, path):
    reply = dialer.connect(path=path)
    assert (reply.code, reply.xml.tag) == (200, "TwilioResponse")
    assert (reply.xml.findtext("Call/Sid"), reply.xml.findtext("Call/ParentCallSid")) == (SESSION.call_sid, "")
    shown = dialer.ask("GET", f"/v1/Accounts/acme1/Calls/{SESSION.call_sid}")
    assert shown.xml.findtext("Call/From") == "09812345610"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/", 404),
        ("GET", CONNECT + "/x", 404),
        ("GET", "/v2/accounts/acme1/x", 404),
        ("GET", "/v2_beta/Accounts/acme1/x", 404),
        ("GET", "/v1/Accounts/acme1/x", 404),
        ("PUT", CONNECT, 405),
        ("POST", "/healthz", 405),
    ],
)
def test_unknown_path_or_method_is_a_rest_exception(dialer, method, path, code):
    reply = dialer.ask(method, path)
    assert reply.code == code
    assert reply.message


@pytest.mark.parametrize(
    "path",
    ["/v1/Accounts/acme1/x", "/v1/Accounts/acme1/x.json", "/v2/accounts/acme1/x", "/v2_beta/Accounts/acme1/x"],
)
def test_an_unknown_path_is_told_only_with_credentials(path):
    reply = Dialer(auth=None).ask("GET", path)
    assert (reply.code, reply.headers.getRawHeaders("WWW-Authenticate")) == (401, ['Basic realm="exoswitch"'])
    assert "not those of this account" in reply.message


def test_a_method_that_the_path_has_not_is_answered_with_those_that_it_has(dialer):
    allowed = {
        "POST": dialer.ask("GET", CONNECT),
        "GET, HEAD": dialer.ask("DELETE", f"/v1/Accounts/acme1/Calls/{SESSION.call_sid}.json"),
    }
    assert {reply.headers.getRawHeaders("Allow")[0]: reply.code for reply in allowed.values()} == dict.fromkeys(
        allowed, 405
    )


def test_head_is_answered_as_get_without_the_body(dialer):
    path = f"/v1/Accounts/acme1/Calls/{SESSION.call_sid}.json"
    shown, head = dialer.ask("GET", path), dialer.ask("HEAD", path)
    assert (head.code, head.text) == (200, b"")
    assert head.headers.getRawHeaders("Content-Length") == [str(len(shown.text))]
    assert dialer.ask("HEAD", "/healthz").code == 200
    assert dialer.ask("HEAD", CONNECT).code == 405


def test_an_error_before_a_request_is_read_has_the_form_of_its_path(dialer):
    size = [f"Content-Length: {MAX_BODY_BYTES + 1}"]
    assert dialer.ask("POST", CONNECT, headers=size).json["RestException"]["Status"] == 413
    assert (
        dialer.ask("POST", CONNECT.removesuffix(".json"), headers=size).xml.findtext("RestException/Status") == "413"
    )
    assert dialer.ask("POST", "/v2/accounts/acme1/campaigns", headers=size).json["http_code"] == 413


def test_a_body_that_is_too_large_is_refused(dialer):
    assert dialer.connect(b"From=" + b"1" * MAX_BODY_BYTES).code == 413
    assert dialer.calls.placed == []


def test_a_path_that_is_not_utf8_is_refused_without_a_logged_error(dialer):
    with capturedLogs() as log:
        assert dialer.ask("GET", "/v1/Accounts/%ff/Calls/x.json").code == 400
    assert [event for event in log if event.get("isError")] == []


def test_no_number_and_no_secret_is_logged():
    with capturedLogs() as log:
        for auth in [("k", "t"), ("k", "hunter2")]:
            Dialer(auth=auth).connect(VOICE_AI | {"StreamUrl": "ws://u:hunter2@bot.example.org/"})
    shown = repr([{key: value for key, value in event.items() if key != "log_logger"} for event in log])
    assert "+9198******10" in shown
    assert "9812345610" not in shown
    assert "hunter2" not in shown


def test_a_client_that_disconnects_does_not_cancel_its_call_and_its_callbacks_do_not_wait():
    cancelled = []
    dialer = Dialer(calls=Calls(answer=Deferred(cancelled.append)))
    dialer.hang_up_while_placing()
    assert len(dialer.calls.placed) == 1
    assert dialer.calls.replied_to == []
    dialer.calls.answer.callback(SESSION)
    assert cancelled == []
    assert dialer.calls.replied_to == [SESSION.call_sid]


def test_a_call_that_fails_after_its_client_has_gone_is_told_to_nobody():
    dialer = Dialer(calls=Calls(answer=Deferred()))
    dialer.hang_up_while_placing()
    dialer.calls.answer.errback(NoCapacity("full"))
    assert dialer.calls.replied_to == []


@settings(deadline=None, max_examples=20)
@given(st.binary(max_size=40), st.binary(max_size=20))
def test_arbitrary_bodies_and_credentials_get_an_answer(body, credentials):
    header = b"Basic " + base64.b64encode(credentials)
    headers = ["Content-Type: application/x-www-form-urlencoded", "Authorization: " + header.decode()]
    assert Dialer(auth=None).ask("POST", CONNECT, body, headers).code == 401
    assert Dialer().connect(body).code == 400


def test_the_uri_of_a_call_shows_the_call(dialer):
    uri = dialer.connect().json["Call"]["Uri"]
    assert dialer.ask("GET", uri).json["Call"]["Sid"] == SESSION.call_sid


@pytest.mark.parametrize(
    "path",
    [
        "/v1/Accounts/acme1//Calls/connect.json",
        "//v1/Accounts/acme1/Calls/connect.json",
        f"http://gw.example.org{CONNECT}",
    ],
)
def test_a_doubled_slash_and_a_target_in_absolute_form_are_served(dialer, path):
    assert dialer.connect(path=path).code == 200


def test_an_encoded_slash_is_no_redirection(dialer):
    assert dialer.connect(path="/v1/Accounts/acme1%2F%2FCalls/connect.json").code == 401
    assert dialer.ask("GET", "/v1/Accounts/acme1/Calls/a%2F%2Fb.json").code == 404


def test_a_json_body_is_read(dialer):
    body = json.dumps(VOICE_AI).encode()
    assert dialer.connect(body, headers=["Content-Type: application/json"]).code == 200
    assert dialer.calls.placed[0].number == "+919812345610"


@pytest.mark.parametrize("sid", ["%00", "a%00b", "a%0d%0a", "x" * 65])
def test_no_store_is_asked_for_a_sid_that_cannot_be_one(dialer, sid):
    with patch.object(Calls, "find", None):
        assert dialer.ask("GET", f"/v1/Accounts/acme1/Calls/{sid}.json").code in {400, 404}


def test_a_number_that_the_account_may_not_dial_is_forbidden(dialer):
    reply = dialer.connect(VOICE_AI | {"From": "+881612345678"})
    assert reply.code == 403
    assert dialer.calls.placed == []


def test_a_value_with_nul_is_refused(dialer):
    assert dialer.connect(VOICE_AI | {"CustomField": "a\0"}).code == 400
    assert dialer.calls.placed == []
