from unittest.mock import ANY

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from exoswitch.config.model import TrunkConfig
from exoswitch.errors import ConfigError, InvalidRequest, Problem
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.trunks.registry import PROVIDERS, build
from exoswitch.trunks.sip import SipTrunk


def trunk(**changes):
    return SipTrunk(TrunkConfig(**{"name": "lab", "provider": "sip", "host": "10.9.0.1", **changes}))


def test_trunk_is_what_the_engine_expects():
    assert verifyObject(ITrunk, trunk())
    assert (trunk().name, trunk(channels=7).channels) == ("lab", 7)


@pytest.mark.parametrize("number", ["09812345678", "+919812345678", "1"])
def test_number_is_dialled_as_it_is_written(number):
    assert trunk().dial_string(number) == f"PJSIP/{number}@lab"


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
def test_what_is_not_a_number_is_never_dialled(number):
    with pytest.raises(InvalidRequest):
        trunk().dial_string(number)


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_dial_string_holds_nothing_but_digits_of_the_caller_s_making(number):
    try:
        dialled = trunk().dial_string(number)
    except InvalidRequest:
        return
    assert set(dialled.removeprefix("PJSIP/").removesuffix("@lab")) <= set("+0123456789")


def test_refused_number_is_not_repeated_in_the_error():
    with pytest.raises(InvalidRequest) as refused:
        trunk().dial_string("0981-2345678")
    assert "2345678" not in str(refused.value)


def test_sections_name_the_codecs_the_contact_and_the_address_of_inbound_calls():
    text = trunk(codecs=("alaw", "ulaw"), port=5070).pjsip()
    assert "allow = alaw,ulaw\n" in text
    assert "contact = sip:10.9.0.1:5070\n" in text
    assert "match = 10.9.0.1\n" in text
    assert text.count("[lab]\n") == 3


def test_ipv6_host_stands_in_brackets_in_the_contact_only():
    text = trunk(host="2001:db8::1").pjsip()
    assert "contact = sip:[2001:db8::1]:5060\n" in text
    assert "match = 2001:db8::1\n" in text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "lab]"),
        ("name", "a\nb"),
        ("host", "10.9.0.1\ntype=global"),
        ("host", "a;b"),
        ("port", 0),
        ("codecs", ("ulaw", "mp3")),
        ("codecs", ()),
    ],
)
def test_setting_that_pjsip_conf_cannot_hold_is_refused_by_name(field, value):
    with pytest.raises(ConfigError) as refused:
        trunk(**{field: value})
    assert [problem.path.rpartition(".")[2] for problem in refused.value.problems] == [field]


def test_registry_builds_the_trunk_of_a_known_provider():
    config = TrunkConfig(name="lab", provider="sip", host="10.9.0.1")
    assert build(config) == SipTrunk(config)
    assert PROVIDERS == ("sip",)


def test_unknown_provider_is_told_with_those_that_are_known():
    with pytest.raises(ConfigError) as refused:
        build(TrunkConfig(name="lab", provider="carrier-pigeon", host="10.9.0.1"))
    assert refused.value.problems == (Problem("trunks[lab].provider", ANY),)
    assert "carrier-pigeon" in str(refused.value)
    assert "sip" in str(refused.value)
