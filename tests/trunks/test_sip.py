import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from exoswitch.errors import InvalidValue
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.trunks.registry import SETTINGS, build
from exoswitch.trunks.sip import SipSettings, SipTrunk


def trunk(**changes):
    return SipTrunk(SipSettings(**{"name": "lab", "provider": "sip", "host": "10.9.0.1", **changes}))


def test_trunk_implements_its_interface():
    assert verifyObject(ITrunk, trunk())


@pytest.mark.parametrize("number", ["09812345678", "+919812345678", "1"])
def test_number_is_dialled_as_written(number):
    assert trunk().dial(number, "+918047491899").channel == f"PJSIP/{number}@lab"


@pytest.mark.parametrize(
    "number",
    [
        "",
        "+",
        "0981 234",
        "0981@evil",
        "0981&PJSIP/1@lab",
        "0981\r\nAction: Command",
        "${SHELL(id)}",
        "١٢٣",
        "1" * 33,
    ],
)
def test_text_that_is_not_a_number_is_refused(number):
    with pytest.raises(InvalidValue):
        trunk().dial(number, "+918047491899")


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_channel_has_only_digits_of_the_number(number):
    try:
        dialled = trunk().dial(number, "+918047491899").channel
    except InvalidValue:
        return
    assert set(dialled.removeprefix("PJSIP/").removesuffix("@lab")) <= set("+0123456789")


def test_refused_number_is_not_repeated_in_the_error():
    with pytest.raises(InvalidValue) as refused:
        trunk().dial("0981-2345678", "+918047491899")
    assert "2345678" not in str(refused.value)


def test_sections_name_the_codecs_the_contact_and_the_address_of_inbound_calls():
    text = trunk(codecs=("alaw", "ulaw"), port=5070).pjsip()
    assert "allow = alaw,ulaw\n" in text
    assert "contact = sip:10.9.0.1:5070\n" in text
    assert "match = 10.9.0.1\n" in text
    assert text.count("[lab]\n") == 3


def test_ipv6_host_is_in_brackets_in_the_contact_only():
    text = trunk(host="2001:db8::1").pjsip()
    assert "contact = sip:[2001:db8::1]:5060\n" in text
    assert "match = 2001:db8::1\n" in text


def test_call_shows_the_exophone_if_the_trunk_has_it_and_else_its_first_number():
    numbers = ("+914024001350", "+914024001351")
    assert trunk(numbers=numbers).shown("+914024001351") == "+914024001351"
    assert trunk(numbers=numbers).shown("+918047491899") == "+914024001350"
    assert trunk().shown("+918047491899") == "+918047491899"
    assert trunk(numbers=numbers).dial("+919812345610", "+918047491899").caller_id == "+914024001350"


def test_registry_builds_the_trunk_of_a_known_provider():
    config = SipSettings(name="lab", provider="sip", host="10.9.0.1")
    assert build(config) == SipTrunk(config)
    assert {"sip": SipSettings} == SETTINGS
