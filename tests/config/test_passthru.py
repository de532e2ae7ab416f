"""The passthru of an app: what it asks, and the ways on."""

import pytest

from exoswitch.call.passthru import HANG_UP, Hop, Passthru
from exoswitch.configured import accounts

URL = "https://user:pa55@crm.example.org/passthru?key=s3cret"
APPS = """
  "1002": {account: acme1, url: "ws://127.0.0.1:9000/second"}
  "2001": {account: acme2, url: "ws://127.0.0.1:9000/other"}
"""


@pytest.fixture
def with_passthru(good):
    def written(passthru):
        text = good.replace("  acme1:", "  acme2: {api_key: k2, api_token: t0ken-of-acme-20}\n  acme1:")
        return text.replace('9000/ws"}\n', f'9000/ws", passthru: {passthru}}}{APPS}')

    return written


def passthru_of(config):
    return accounts(config).by_name["acme1"].apps["1001"].passthru


@pytest.mark.parametrize("word", ["no", "off"])
def test_an_app_may_say_that_it_has_none(read, with_passthru, word):
    assert passthru_of(read(with_passthru(word))) is None


def test_without_the_key_an_app_has_none(read, good):
    assert passthru_of(read(good)) is None


def test_only_the_url_is_needed(read, with_passthru):
    assert passthru_of(read(with_passthru(f'{{url: "{URL}"}}'))) == Passthru(url=URL)


def test_it_leads_to_an_app_to_a_phone_or_nowhere(read, with_passthru):
    ways = 'on_200: app:1002, on_302: "number:098123 45610", otherwise: hang-up'
    config = read(with_passthru(f'{{url: "{URL}", json: yes, timeout_s: 2.5, {ways}}}'))
    assert passthru_of(config) == Passthru(
        url=URL,
        is_json=True,
        timeout_s=2.5,
        on_200=Hop(app="1002"),
        on_302=Hop(number="+919812345610"),
        otherwise=HANG_UP,
    )


def test_yes_is_not_enough(problems, with_passthru):
    assert problems(with_passthru("yes")) == {
        "apps.1001.passthru.url": 'is missing; add it, for example url: "https://bot.example.org/passthru"'
    }


@pytest.mark.parametrize("url", ["wss://crm.example.org", "crm.example.org/p", "https://crm.example.org/a#b"])
def test_its_url_is_one_of_http_and_is_never_shown(problems, with_passthru, url):
    assert problems(with_passthru(f'{{url: "{url}"}}')) == {
        "apps.1001.passthru.url": "must be written as http://host[:port]/path or https://…: printable ASCII "
        "characters without a fragment"
    }


@pytest.mark.parametrize("way", ["app", "app:", "number:", "hangup", "1002", "sip:x@example.org"])
def test_a_way_that_is_none_has_an_error_with_the_three_forms(problems, with_passthru, way):
    text = problems(with_passthru(f'{{url: "{URL}", on_302: "{way}"}}'))["apps.1001.passthru.on_302"]
    assert text == (
        f"must be hang-up, an app, written as app:1002, or a phone, written as number:+919812345610 (it is '{way}')"
    )


def test_a_bare_url_is_refused_and_not_repeated(problems, with_passthru):
    assert problems(with_passthru(f'"{URL}"')) == {
        "apps.1001.passthru": "must be no, or a mapping, written as {key: value, …}, not a single value"
    }


@pytest.mark.parametrize("way", ["number:0981234", "number:crm"])
def test_a_number_on_the_way_is_whole(problems, with_passthru, way):
    text = problems(with_passthru(f'{{url: "{URL}", otherwise: "{way}"}}'))["apps.1001.passthru.otherwise"]
    assert text == f"must name a whole phone number, such as number:+919812345610 (it is '{way}')"


def test_an_app_on_the_way_exists(problems, with_passthru):
    assert problems(with_passthru(f'{{url: "{URL}", on_200: app:1003}}')) == {
        "apps.1001.passthru.on_200": "there is no '1003' under apps:; did you mean '1002'?"
    }


def test_an_app_on_the_way_is_of_the_same_account(problems, with_passthru):
    assert problems(with_passthru(f'{{url: "{URL}", otherwise: app:2001}}')) == {
        "apps.1001.passthru.otherwise": "app '2001' belongs to account 'acme2', but this app to 'acme1'; "
        "give both the same account"
    }


def test_a_number_on_the_way_is_one_that_the_account_may_dial(problems, with_passthru):
    assert problems(with_passthru(f'{{url: "{URL}", on_302: "number:+442079460000"}}')) == {
        "apps.1001.passthru.on_302": "account 'acme1' may not dial this number; add its beginning to "
        "accounts.acme1.dial_prefixes"
    }


def test_a_way_that_async_never_takes_is_a_problem(problems, with_passthru):
    assert problems(with_passthru(f'{{url: "{URL}", async: yes, on_200: app:1002, on_302: app:1002}}')) == {
        "apps.1001.passthru.on_302": "is never used: with async the call goes on as on_200 says; remove it"
    }


@pytest.mark.parametrize(
    ("status", "way"),
    [(200, "a"), (302, "b"), (201, "c"), (301, "c"), (404, "c"), (500, "c"), (None, "c")],
)
def test_the_status_of_the_answer_chooses_the_way(status, way):
    passthru = Passthru(url=URL, on_200=Hop(app="a"), on_302=Hop(app="b"), otherwise=Hop(app="c"))
    assert passthru.next_hop(status) == Hop(app=way)


@pytest.mark.parametrize("status", [302, 500, None])
def test_async_takes_one_way_whatever_is_answered(status):
    assert Passthru(url=URL, is_async=True, on_200=Hop(app="a")).next_hop(status) == Hop(app="a")


def test_its_url_is_in_no_text():
    assert "s3cret" not in repr(Passthru(url=URL))
