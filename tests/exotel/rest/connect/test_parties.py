"""Whom a request connects: Exotel's ways of asking, and the rules of an account."""

import pytest
from attrs import evolve

from exoswitch.call.session import BotTarget
from exoswitch.call.stream_tap import StreamTap
from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.connect.parties import read_parties
from exoswitch.exotel.rest.errors import NotAllowed
from exoswitch.web.parameters import Parameters
from tests.harness.dialer_accounts import ACCOUNTS, ACME, BOT, FLOW, FROM_NUMBER, OTHER, TWO_PHONES, VOICE_AI

LISTENER = "wss://listener.example.org/ws"


def read(parameters, account=ACME, **more):
    return read_parties(Parameters.of({**parameters, **more}.items()), account, ACCOUNTS)


def error_of(parameters, **more):
    with pytest.raises(InvalidRequest) as raised:
        read(parameters, **more)
    return str(raised.value)


def without(parameters, name):
    return {key: value for key, value in parameters.items() if key != name}


# --- a bot


def test_voice_ai_names_the_bot_by_url():
    parties = read(VOICE_AI, StreamType="bidirectional", StreamName="sales")
    assert (parties.number, parties.exophone) == ("+919812345610", "+918047491899")
    assert (parties.bot, parties.second) == (BotTarget(url="wss://u:p@bot.example.org/ws?x=1"), None)


@pytest.mark.parametrize("to", ["08047491899", "+918047491899", "+14155550100"])
def test_voice_ai_may_have_the_exophone_as_its_to(to):
    assert read(VOICE_AI, To=to, CallerId=to).bot.url == VOICE_AI["StreamUrl"]
    assert read(VOICE_AI, To="08047491899", CallerId="+14155550100").bot.url == VOICE_AI["StreamUrl"]


def test_a_two_way_stream_has_one_phone_whatever_its_to_is():
    parties = read(VOICE_AI, To="09812345611", StreamType="Bidirectional")
    assert (parties.bot.url, parties.second) == (VOICE_AI["StreamUrl"], None)


@pytest.mark.parametrize(
    "url",
    [
        "http://my.exotel.com/acme1/exoml/start_voice/1001",
        "https://my.exotel.com/acme1/exoml/start_voice/1001/",
        "http://my.exotel.in/exoml/start_voice/1001",
        "http://my.exotel.in/exoml/start/1001",
        "https://my.in.exotel.com/acme1/exoml/start_voice/1001",
        "http://acme1.exotel.in/exoml/start_voice/1001?x=1",
        "HTTP://MY.EXOTEL.COM/acme1//exoml/start_voice/1001",
        "http://gw.example.org:8080/acme1/exoml/start_voice/1001",
    ],
)
def test_a_flow_names_the_bot_by_app_id(url):
    assert read(FLOW, Url=url).bot == BOT


@pytest.mark.parametrize("to", ["08047491899", "09812345611", "nonsense"])
def test_a_to_beside_a_flow_is_ignored(to):
    parties = read(FLOW, To=to)
    assert (parties.number, parties.bot, parties.second) == ("+919812345610", BOT, None)


def test_a_call_from_the_number_of_an_app_rings_the_customer():
    parties = read(FROM_NUMBER)
    assert (parties.number, parties.exophone, parties.bot) == ("+919812345610", "+918047491899", BOT)
    assert read(FROM_NUMBER, CallerId="+14155550100").exophone == "+14155550100"


def test_a_call_to_the_number_of_an_app_rings_the_customer_too():
    parties = read({"From": "09812345610", "To": "+918047491899", "CallerId": "08047491899"})
    assert (parties.number, parties.exophone, parties.bot) == ("+919812345610", "+918047491899", BOT)


# --- two phones


def test_two_numbers_are_two_phones():
    parties = read(TWO_PHONES)
    assert (parties.number, parties.second, parties.exophone) == ("+919812345610", "+919812345611", "+918047491899")
    assert (parties.bot, parties.tap) == (None, None)


@pytest.mark.parametrize("written", ["sip:agent.7@pbx.example.org", "SIP:agent.7@PBX.example.org"])
def test_the_first_phone_may_be_a_sip_phone(written):
    parties = read(TWO_PHONES, From=written)
    assert (parties.number, parties.second) == ("sip:agent.7@pbx.example.org", "+919812345611")


@pytest.mark.parametrize(
    ("begins", "at"),
    [
        ("at Leg1Connect", "leg1"),
        ("atLeg1connect", "leg1"),
        ("AT LEG2CONNECT", "leg2"),
        ("atLeg2Connect", "leg2"),
        ("", "leg1"),
    ],
)
def test_a_bot_may_listen_to_two_phones(begins, at):
    parties = read(TWO_PHONES, StreamUrl=LISTENER, StreamBegin=begins, StreamName="notes", StreamTimeout="90")
    assert parties.tap == StreamTap(url=LISTENER, name="notes", begins_at=at, timeout_s=90.0)
    assert (parties.bot, parties.second) == (None, "+919812345611")


def test_a_stream_of_two_phones_that_says_nothing_more_is_one_way():
    # pyexotel 1.0.3: call(agent, customer, caller_id, stream_url=…)
    asked = {**TWO_PHONES, "TimeLimit": "14400", "Record": "true", "StreamUrl": LISTENER}
    assert read(asked).tap == StreamTap(url=LISTENER)
    assert read(asked, StreamType="unidirectional").tap == StreamTap(url=LISTENER)


# --- whom an account may dial, and what it may show


@pytest.mark.parametrize("way", [VOICE_AI, FLOW, FROM_NUMBER, TWO_PHONES], ids=["ai", "flow", "number", "two"])
def test_an_account_shows_only_its_own_numbers_in_each_way_of_asking(way):
    assert read(way, CallerId="+14155550100").exophone == "+14155550100"
    assert "CallerId: +919999999999 is not a number of account acme1" in error_of(way, CallerId="9999999999")
    assert "CallerId: +918047491800 is a number of another account" in error_of(way, CallerId="8047491800")
    assert "CallerId: 'acme' is not a phone number" in error_of(way, CallerId="acme")


def test_an_account_may_be_given_every_number_of_no_other_account():
    assert read(VOICE_AI, OTHER, CallerId="1234567890").exophone == "+911234567890"
    with pytest.raises(InvalidRequest, match="is a number of another account"):
        read(VOICE_AI, OTHER)


class _NotWalked(dict):
    """Numbers that are looked up, and never gone through one by one: an account may have thousands."""

    def __iter__(self):
        raise AssertionError("gone through one by one")


@pytest.mark.parametrize("way", [VOICE_AI, FLOW, FROM_NUMBER, TWO_PHONES], ids=["ai", "flow", "number", "two"])
def test_a_request_goes_through_no_list_of_numbers(way):
    acme = evolve(ACME, numbers=_NotWalked(ACME.numbers))
    other = evolve(OTHER, numbers=_NotWalked(OTHER.numbers))
    accounts = evolve(ACCOUNTS, by_name={"acme1": acme, "other1": other})
    asked = Parameters.of({**way, "CallerId": "08047491899"}.items())
    assert read_parties(asked, acme, accounts) == read(way, CallerId="08047491899")


def test_a_number_of_another_account_is_any_phone():
    assert read(FROM_NUMBER, From="08047491800", CallerId="08047491899").number == "+918047491800"


@pytest.mark.parametrize("way", [VOICE_AI, FLOW, TWO_PHONES], ids=["ai", "flow", "two"])
def test_an_account_dials_the_countries_it_is_given(way):
    assert read(way, From="+14155550123").number == "+14155550123"
    with pytest.raises(NotAllowed, match=r"From: \+881612345678 is not a number .* \(\+91, \+1415\)"):
        read(way, From="+881612345678")


@pytest.mark.parametrize("way", [FROM_NUMBER, TWO_PHONES], ids=["number", "two"])
def test_the_second_phone_is_in_a_country_of_the_account_too(way):
    with pytest.raises(NotAllowed, match=r"To: \+12125550123 is not a number"):
        read(way, To="+12125550123")


def test_an_account_dials_sip_phones_at_hosts_it_is_given():
    with pytest.raises(NotAllowed, match=r"From: evil.example.com is not a host .* accounts.acme1.sip_hosts"):
        read(TWO_PHONES, From="sip:agent@evil.example.com")


@pytest.mark.parametrize("user_at_host", ["", "agent", "a b@h", "a@b@pbx.example.org", "a\r\nb@h", "a/b@h"])
def test_a_malformed_sip_address_is_refused(user_at_host):
    told = error_of(TWO_PHONES, From="sip:" + user_at_host)
    assert "is not the address of a SIP phone: write sip:USER@HOST" in told


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
    assert read(FROM_NUMBER, To=written).number == number
    assert read(TWO_PHONES, To=written).second == number


def read_of(account, number):
    """Give the number that an account dials."""
    asked = Parameters.of({**VOICE_AI, "From": number}.items())
    return read_parties(asked, account, evolve(ACCOUNTS, by_name={"acme1": account})).number


@pytest.mark.parametrize(
    ("prefixes", "number"),
    [
        (("+91",), "+916591234567"),  # the account dials no other country
        (("+65",), "+6591234567"),
        (("+91", "+1"), "+916591234567"),
    ],
)
def test_ten_digits_after_a_blank_are_the_one_number_that_the_account_may_dial(prefixes, number):
    assert read_of(evolve(ACME, dial_prefixes=prefixes), " 6591234567") == number


@pytest.mark.parametrize("prefixes", [("+",), ("+91", "+65")])
@pytest.mark.parametrize("written", [" 6591234567", " 65 9123 4567"])
def test_ten_digits_after_a_blank_that_may_be_two_numbers_are_refused(prefixes, written):
    account = evolve(ACME, dial_prefixes=prefixes)
    with pytest.raises(InvalidRequest, match=r"From: this may be \+6591234567 or \+916591234567: write .* %2B"):
        read_of(account, written)
    assert read_of(account, "+6591234567") == "+6591234567"
    assert read_of(account, "6591234567") == "+916591234567"


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        ("From is missing", without(VOICE_AI, "From")),
        ("CallerId is missing", without(VOICE_AI, "CallerId")),
        ("CallerId is missing", without(TWO_PHONES, "CallerId")),
        ("StreamUrl is missing: add it, or Url, to name the bot; or add To", without(VOICE_AI, "StreamUrl")),
        ("From is missing", VOICE_AI | {"From": " "}),
        ("From: '12' is not a phone number: write it as", VOICE_AI | {"From": "12"}),
        ("To: '12' is not a phone number: write it as", TWO_PHONES | {"To": "12"}),
        ("To: '+9119001234567' can be no phone's number", TWO_PHONES | {"To": "+9119001234567"}),
        ("Url and StreamUrl both name a bot", VOICE_AI | FLOW),
        ("StreamUrl: a bot's URL must be written as ws://", VOICE_AI | {"StreamUrl": "https://bot.example.org/"}),
        ("StreamUrl: a bot's URL must be written as ws://", TWO_PHONES | {"StreamUrl": "https://bot.example.org/"}),
        ("StreamUrl has 600 characters", VOICE_AI | {"StreamUrl": "ws://h/".ljust(600, "x")}),
        ("StreamUrl: sample-rate=44100 cannot be served", VOICE_AI | {"StreamUrl": "ws://h/?sample-rate=44100"}),
        (
            "StreamType='x' is not supported: write bidirectional or unidirectional",
            VOICE_AI | {"StreamType": "x"},
        ),
        ("To is missing: a one-way stream needs two phones", VOICE_AI | {"StreamType": "unidirectional"}),
        ("To is missing: a one-way stream needs two phones", VOICE_AI | {"StreamBegin": "at Leg1Connect"}),
        ("StreamName has 33 characters: write at most 32", VOICE_AI | {"StreamName": "x" * 33}),
        (
            "StreamBegin='at Leg3' is unknown",
            TWO_PHONES | {"StreamUrl": LISTENER, "StreamBegin": "at Leg3"},
        ),
        ("StreamTimeout='0' must be a number", TWO_PHONES | {"StreamUrl": LISTENER, "StreamTimeout": "0"}),
        ("is not the URL of a flow: write http://my.exotel.com/acme1/", FLOW | {"Url": "http://example.org/"}),
        ("account acme1 has no app 99", FLOW | {"Url": FLOW["Url"].replace("1001", "99")}),
        ("account acme1 has no app 2001", FLOW | {"Url": FLOW["Url"].replace("1001", "2001")}),
        ("account acme1 has no app 1001", FLOW | {"Url": FLOW["Url"].replace("acme1", "other1")}),
    ],
)
def test_an_invalid_parameter_is_refused_with_its_name_value_and_remedy(words, parameters):
    assert words in error_of(parameters)


@pytest.mark.parametrize("user", ["+19005551234", "0019005551234", "19005551234", "+1-900-555_1234"])
def test_a_number_that_the_account_may_not_dial_is_none_at_a_sip_host_either(user):
    with pytest.raises(NotAllowed, match="is not a number that account"):
        read(TWO_PHONES, From=f"sip:{user}@pbx.example.org")


@pytest.mark.parametrize("user", ["agent.7", "100234", "09812345678", "+919812345678"])
def test_names_extensions_and_numbers_that_the_account_may_dial_pass_at_a_sip_host(user):
    assert read(TWO_PHONES, From=f"sip:{user}@pbx.example.org").number == f"sip:{user}@pbx.example.org"
