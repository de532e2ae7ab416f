"""The carrier's digest and its registrar, by the examples of the RFCs and by its moods."""

import hashlib

import pytest

from tests.harness.carrier.digest import Digest, credentials
from tests.harness.carrier.message import Message
from tests.harness.carrier.registrar import Registrar

USER, PASSWORD, REALM = "14023186215@ims.example", "secret", "other.example"


def register(*headers, expires="300"):
    return Message(
        "REGISTER sip:ap.ims.example SIP/2.0",
        [
            ("Via", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1"),
            ("From", "<sip:1@ap.ims.example>;tag=1"),
            ("To", "<sip:1@ap.ims.example>"),
            ("Call-ID", "1"),
            ("CSeq", "1 REGISTER"),
            ("Contact", "<sip:1@127.0.0.1:5060;line=abc>"),
            ("Expires", expires),
            *headers,
        ],
    )


def answered(challenge, *, user=USER, password=PASSWORD):
    """Answer a challenge as a client does."""
    given = credentials(challenge)

    def md5(text):
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    secret, what = md5(f"{user}:{given['realm']}:{password}"), md5("REGISTER:sip:ap.ims.example")
    response = md5(f"{secret}:{given['nonce']}:00000001:c:auth:{what}")
    value = f'Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="sip:ap.ims.example"'
    return "Authorization", f'{value}, response="{response}", qop=auth, nc=00000001, cnonce="c"'


@pytest.fixture
def registrar():
    return Registrar(Digest(USER, PASSWORD, REALM))


def test_digest_computes_the_example_of_rfc_2617():
    digest = Digest("Mufasa", "Circle Of Life", "testrealm@host.com")
    digest.nonces.add("dcd98b7102dd2f0e8b11d0f600bfb0c093")
    value = (
        'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1"'
    )
    assert digest.verdict(Message("GET /dir/index.html SIP/2.0", [("Authorization", value)])) == "good"


def test_user_is_registered_once_he_has_answered_the_challenge(registrar):
    challenge = registrar.answer(register())
    assert challenge.status == 401
    assert not registrar.is_registered
    assert registrar.answer(register(answered(challenge["WWW-Authenticate"]))).status == 200
    assert registrar.is_registered
    assert list(registrar.bindings) == ["sip:1@127.0.0.1:5060;line=abc"]


@pytest.mark.parametrize("wrong", [{"user": "14023186215"}, {"password": "guess"}])
def test_wrong_user_or_password_is_forbidden(registrar, wrong):
    challenge = registrar.answer(register())["WWW-Authenticate"]
    assert registrar.answer(register(answered(challenge, **wrong))).status == 403


def test_stale_nonce_is_challenged_again(registrar):
    first = answered(registrar.answer(register())["WWW-Authenticate"])
    registrar.stale_next = True
    again = registrar.answer(register(first))
    assert again.status == 401
    assert credentials(again["WWW-Authenticate"])["stale"] == "true"
    assert registrar.answer(register(answered(again["WWW-Authenticate"]))).status == 200


def test_expires_below_the_least_is_refused_with_the_least():
    registrar = Registrar(min_expires=600)
    refused = registrar.answer(register(expires="300"))
    assert (refused.status, refused["Min-Expires"]) == (423, "600")
    assert registrar.answer(register(expires="600"))["Contact"].endswith(";expires=600")


def test_everybody_is_refused_while_it_is_told_to(registrar):
    registrar.refusal = 403, "Forbidden"
    assert registrar.answer(register()).status == 403
    registrar.refusal = None
    assert registrar.answer(register()).status == 401


def test_expires_of_zero_ends_a_registration():
    registrar = Registrar()
    registrar.answer(register())
    registrar.answer(register(expires="0"))
    assert not registrar.is_registered
