"""A trunk of an IMS: it registers whatever the registrar does, and every message has the form that an IMS wants."""

import socket
import time

import pytest

from tests.harness.carrier.behaviours import answers, refuses
from tests.harness.carrier.lab import DOMAIN, IMPI, IMPU
from tests.harness.carrier.message import host_of, parameter, uri_of, user_of
from tests.harness.e2e.asterisk_server import OPERATOR
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

DEFAULT_NUMBER = "+914024001350"
EXOPHONE = "+918047491899"
FORBIDDEN_S = 4.0
REGISTERED_WITHIN_S = 35.0
NOTICED_WITHIN_S = 30.0


@pytest.fixture
def pair(pairs, carrier):
    """Give the pair whose first trunk is registered."""
    ims = pairs["ims"]
    carrier.wait_until(lambda: ims.first.registrar.is_registered, "not registered")
    return ims


@pytest.fixture
def operator(asterisk):
    with asterisk.login(OPERATOR) as session:
        yield session


@pytest.fixture
def talk(gateway, bot, pair):
    """Place a call on the pair; give its number."""

    def placed():
        number = pair.number()
        ended = gateway.wait_for_end(gateway.place(f"0{number[-10:]}", bot.url))
        assert ended["Status"] == "completed"
        return number

    return placed


def test_digest_is_answered_by_the_private_user_in_the_realm_of_the_server(pair, carrier):
    first, second = carrier.records.requests("REGISTER", trunk=pair.first.name)[:2]
    assert first.message.get("Authorization") is None
    authorization = second.message["Authorization"]
    assert f'username="{IMPI}"' in authorization
    assert 'realm="realm.example"' in authorization
    assert "qop=auth" in authorization
    assert uri_of(second.message["From"]) == uri_of(second.message["To"]) == f"sip:{IMPU}@{DOMAIN}"


def test_every_message_goes_to_the_proxy_and_names_the_domain_which_is_in_no_dns(pair, carrier, lab, gateway, bot):
    first = pair.first
    proxy = f"<sip:{first.host}:{first.port};lr>"
    first.behaviour = answers(record_route=proxy, contact=f"<sip:{DEFAULT_NUMBER}@{DOMAIN}>")
    number = pair.number()
    began = time.monotonic()
    call_sid = gateway.place(f"0{number[-10:]}", bot.url)
    eventually(lambda: gateway.call(call_sid)["Status"] == "in-progress")
    bot.stream_of(call_sid).close()
    gateway.wait_for_end(call_sid)
    for method in ("REGISTER", "OPTIONS", "INVITE", "ACK", "BYE"):
        carrier.wait_until(lambda m=method: carrier.records.requests(m, trunk=first.name), f"no {method} came")
        message = carrier.records.requests(method, trunk=first.name)[-1].message
        assert host_of(message.uri) == DOMAIN, method
        assert message["Route"].startswith(f"<sip:{first.host}:{first.port};"), method
        assert ";lr" in message["Route"], method
    assert carrier.records.requests("BYE", trunk=first.name)[-1].at > began
    assert DOMAIN not in lab.names.asked
    assert set(lab.names.asked) <= {*lab.names.hosts, socket.gethostname()}


def test_invite_has_the_form_of_an_ims(pair, carrier, talk):
    pair.first.behaviour = answers(talk_s=0.2)
    number = talk()
    invite = next(seen.message for seen in carrier.records.dials(trunk=pair.first.name) if number in seen.message.uri)
    assert invite.uri.startswith(f"sip:{number}@{DOMAIN}")
    for header in ("From", "P-Asserted-Identity"):
        assert user_of(invite[header]) == DEFAULT_NUMBER, header
        assert host_of(invite[header]) == DOMAIN, header
    for value in (invite.uri, invite["From"], invite["To"], invite["P-Asserted-Identity"]):
        assert parameter(f"{value};", "user") == "phone", value
    assert user_of(invite["Contact"]) == IMPU
    assert "127.0" not in invite["From"]
    assert int(invite["Session-Expires"].partition(";")[0]) >= 90
    assert {"100rel", "timer"} <= {option.strip() for option in invite["Supported"].split(",")}
    assert pair.first.calls[-1].offer.codec_names[0] == "alaw"
    assert b"s=-\r\n" in invite.body


def test_next_trunk_shows_its_own_number(pair, carrier, talk):
    pair.first.behaviour = refuses(503, "Service Unavailable")
    number = talk()
    pair.first.behaviour = answers(talk_s=0.2)
    first, second = [seen.message for seen in carrier.records.dials() if number[-10:] in seen.message.uri]
    assert user_of(first["From"]) == DEFAULT_NUMBER
    assert user_of(second["From"]) == EXOPHONE


def test_registration_survives_a_stale_nonce_a_longer_expiry_and_a_refusal(
    pair, carrier, operator, asterisk, gateway, talk
):
    """The refusal lasts 4 s, and Asterisk asks again after 2 s: in earnest it is 30 s."""
    registrar, booted = pair.first.registrar, asterisk.process.pid
    registrar.bindings.clear()
    registrar.stale_next, registrar.min_expires, registrar.refusal = True, 7200, (403, "Forbidden")
    operator.ask("PJSIPRegister", Registration=pair.first.name)
    carrier.wait_until(lambda: _refused(carrier, pair) >= 1, "no REGISTER was refused")
    refused_at = time.monotonic()
    eventually(lambda: f"trunk {pair.first.name} is not registered" in gateway.log(), gateway.log)
    number = talk()
    assert carrier.records.tried(number) == [pair.second.name]
    time.sleep(max(0.0, refused_at + FORBIDDEN_S - time.monotonic()))
    registrar.refusal = None
    carrier.wait_until(lambda: registrar.is_registered, "not registered again", REGISTERED_WITHIN_S)
    assert asterisk.process.pid == booted
    statuses = {status for status, _ in _answers(carrier, pair)}
    assert {200, 401, 403, 423} <= statuses
    assert any("stale=true" in (challenge or "") for _, challenge in _answers(carrier, pair))
    deadline = time.monotonic() + NOTICED_WITHIN_S
    while carrier.records.tried(number := talk()) != [pair.first.name]:
        assert time.monotonic() < deadline, "the registered trunk is not used again"


def _answers(carrier, pair):
    sent = [seen.message for seen in carrier.records.seen if seen.trunk == pair.first.name and not seen.is_incoming]
    return [(m.status, m.get("WWW-Authenticate")) for m in sent if not m.is_request and m.method == "REGISTER"]


def _refused(carrier, pair):
    return sum(status == 403 for status, _ in _answers(carrier, pair))
