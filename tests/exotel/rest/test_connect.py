import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.call.session import BotTarget
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.connect import read_connect
from exoswitch.exotel.rest.errors import NotAllowed
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.web.parameters import Parameters

BOT = BotTarget(url="wss://bot.example.org/ws", options=StreamOptions(chunk_ms=100))
BOT_16K = BotTarget(url="wss://bot.example.org/ws?sample-rate=16000")
OTHERS = BotTarget(url="wss://bot.example.net/ws")
ACME = Account(
    name="acme1",
    api_key="k",
    api_token="t",
    apps={"1001": BOT, "1002": BOT_16K},
    numbers={"+918047491899": BOT},
    caller_ids=frozenset({"+14155550100"}),
    dial_prefixes=("+91", "+1415"),
)
OTHER = Account(
    name="other1",
    api_key="x",
    api_token="y",
    apps={"2001": OTHERS},
    numbers={"+918047491800": OTHERS},
    caller_ids=frozenset({"any"}),
    dial_prefixes=("+",),
)
ACCOUNTS = Accounts({"acme1": ACME, "other1": OTHER}, StreamOptions())
VOICE_AI = {"From": "09812345610", "CallerId": "08047491899", "StreamUrl": "wss://u:p@bot.example.org/ws?x=1"}
FLOW = {"From": "09812345610", "CallerId": "08047491899", "Url": "http://my.exotel.com/acme1/exoml/start_voice/1001"}


def read(parameters, **more):
    return read_connect(Parameters.of({**parameters, **more}.items()), ACCOUNTS.by_name["acme1"], ACCOUNTS)


def error_of(parameters, **more):
    with pytest.raises(InvalidRequest) as raised:
        read(parameters, **more)
    return str(raised.value)


def without(parameters, name):
    return {key: value for key, value in parameters.items() if key != name}


def test_voice_ai_names_the_bot_by_url():
    request = read(VOICE_AI, StreamType="bidirectional")
    assert (request.account, request.number, request.exophone) == ("acme1", "+919812345610", "+918047491899")
    assert request.bot == BotTarget(url="wss://u:p@bot.example.org/ws?x=1")
    assert (request.custom_field, request.ring_s, request.max_duration_s) == (None, None, None)


@pytest.mark.parametrize(
    "url",
    [
        "http://my.exotel.com/acme1/exoml/start_voice/1001",
        "https://my.exotel.com/acme1/exoml/start_voice/1001/",
        "http://my.exotel.in/exoml/start_voice/1001",
        "http://my.exotel.com/exoml/start/1001",
        "http://gw.example.org:8080/acme1/exoml/start_voice/1001",
    ],
)
def test_a_flow_names_the_bot_by_app_id(url):
    assert read(FLOW, Url=url).bot == BotTarget(url="wss://bot.example.org/ws", options=StreamOptions(chunk_ms=100))


def test_a_to_beside_a_flow_is_ignored():
    assert read(FLOW, To="08047491899").number == "+919812345610"


def test_a_call_from_the_number_of_an_app_rings_the_customer():
    request = read({"From": "08047491899", "To": "09812345610", "CallerId": "08047491899"})
    assert (request.number, request.exophone) == ("+919812345610", "+918047491899")
    assert request.bot.url == "wss://bot.example.org/ws"


def test_an_account_shows_its_own_numbers_and_those_it_is_given():
    assert read(VOICE_AI, CallerId="+14155550100").exophone == "+14155550100"
    asked = Parameters.of((VOICE_AI | {"CallerId": "1234567890"}).items())
    assert read_connect(asked, OTHER, ACCOUNTS).exophone == "+911234567890"
    with pytest.raises(InvalidRequest, match="is a number of another account"):
        read_connect(Parameters.of(VOICE_AI.items()), OTHER, ACCOUNTS)


def test_an_account_dials_the_countries_it_is_given():
    assert read(VOICE_AI, From="+14155550123").number == "+14155550123"
    with pytest.raises(NotAllowed, match=r"\+881612345678 is not a number .* \(\+91, \+1415\)"):
        read(VOICE_AI, From="+881612345678")
    with pytest.raises(NotAllowed):
        read({"From": "08047491899", "To": "+12125550123"})


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (" 919812345610", "+919812345610"),
        (" 14155550123", "+14155550123"),
        (" 09812345610", "+919812345610"),
        (" 9812345610", "+919812345610"),
    ],
)
def test_a_plus_that_a_form_made_a_blank_is_read(written, number):
    assert read(VOICE_AI, From=written).number == number


def test_times_and_the_custom_field_are_passed_on():
    request = read(VOICE_AI, TimeOut="30", TimeLimit="14400", CustomField="order 7", WaitUrl="x", CallerType="y")
    assert (request.ring_s, request.max_duration_s, request.custom_field) == (30.0, 14400.0, "order 7")


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        ("From is missing", without(VOICE_AI, "From")),
        ("CallerId is missing", without(VOICE_AI, "CallerId")),
        ("StreamUrl is missing: add it, or Url, to name the bot", without(VOICE_AI, "StreamUrl")),
        ("From is missing", VOICE_AI | {"From": " "}),
        ("From: '12' is not a phone number: write it as", VOICE_AI | {"From": "12"}),
        ("CallerId: 'acme' is not a phone number", VOICE_AI | {"CallerId": "acme"}),
        ("CallerId: +919999999999 is not a number of account acme1", VOICE_AI | {"CallerId": "9999999999"}),
        ("CallerId: +919999999999 is not a number of account acme1", FLOW | {"CallerId": "9999999999"}),
        ("CallerId: +918047491800 is a number of another account", VOICE_AI | {"CallerId": "8047491800"}),
        ("Url and StreamUrl both name a bot", VOICE_AI | FLOW),
        ("StreamUrl: a bot's URL must be written as ws://", VOICE_AI | {"StreamUrl": "https://bot.example.org/"}),
        ("StreamUrl has 600 characters", VOICE_AI | {"StreamUrl": "ws://h/".ljust(600, "x")}),
        ("StreamUrl: sample-rate=44100 cannot be served", VOICE_AI | {"StreamUrl": "ws://h/?sample-rate=44100"}),
        ("StreamType='unidirectional' is not supported", VOICE_AI | {"StreamType": "unidirectional"}),
        ("is not the URL of a flow: write http://my.exotel.com/acme1/", FLOW | {"Url": "http://example.org/"}),
        ("account acme1 has no app 99", FLOW | {"Url": FLOW["Url"].replace("1001", "99")}),
        ("account acme1 has no app 2001", FLOW | {"Url": FLOW["Url"].replace("1001", "2001")}),
        ("account acme1 has no app 1001", FLOW | {"Url": FLOW["Url"].replace("acme1", "other1")}),
        ("a call between two phones is not supported", {"From": "09812345610", "To": "09812345611"}),
        ("a call between two phones is not supported", {"From": "08047491800", "To": "09812345611"}),
        ("TimeOut='0' must be a number of seconds from 1 to 600", VOICE_AI | {"TimeOut": "0"}),
        ("TimeOut='²' must be", VOICE_AI | {"TimeOut": "²"}),
        ("TimeLimit='14401' must be a number of seconds from 1 to 14400", VOICE_AI | {"TimeLimit": "14401"}),
        ("CustomField has 129 characters: write at most 128", VOICE_AI | {"CustomField": "x" * 129}),
    ],
)
def test_invalid_parameter_is_refused_with_its_name_value_and_remedy(words, parameters):
    assert words in error_of(parameters)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from([*VOICE_AI, *FLOW, "To", "TimeOut", "StreamType"]), st.text(max_size=30)))
def test_arbitrary_parameters_give_a_request_or_an_invalid_request(parameters):
    for complete in (parameters, VOICE_AI | parameters, FLOW | parameters):
        with contextlib.suppress(InvalidRequest, NotAllowed):
            assert read(complete).number.startswith("+")
