import pytest

from exoswitch.ami.message import encode
from exoswitch.ami.originate import originate, tap
from exoswitch.errors import LocalProtocolError


def written(*variables: tuple[str, str]) -> list[str]:
    action = originate(
        channel_id="sid1",
        channel="PJSIP/09812345678@lab",
        caller_id="08047491899",
        ring_s=44.6,
        dial_string="UnicastRTP/10.0.0.5:20000/c(ulaw)",
        node="gw 1",
        variables=variables,
    )
    return encode(action).decode().splitlines()


def test_originate_has_the_channels_id_in_each_header_that_comes_back():
    assert written() == [
        "Action: Originate",
        "ActionID: sid1",
        "ChannelId: sid1",
        "Channel: PJSIP/09812345678@lab",
        "Context: exoswitch-bridge",
        "Exten: s",
        "Priority: 1",
        "Async: true",
        "Timeout: 44600",
        "CallerID: <08047491899>",
        "Variable: EXOSWITCH_LEG=UnicastRTP/10.0.0.5:20000/c(ulaw)",
        "Variable: EXOSWITCH_GATEWAY=gw-1",
        "",
    ]


def test_each_variable_and_each_sip_header_has_a_line_of_its_own():
    identity = "PJSIP_HEADER(add,P-Preferred-Identity)"
    lines = written(("SIPFROMDOMAIN", "ims.example"), (identity, "<sip:+9140@ims.example;user=phone>"))
    assert lines[-3:-1] == [
        "Variable: SIPFROMDOMAIN=ims.example",
        f"Variable: {identity}=<sip:+9140@ims.example;user=phone>",
    ]


def test_value_stays_one_value_because_what_asterisk_splits_at_is_escaped():
    assert written(("PJSIP_HEADER(add,X-A)", 'a,b="c" \\d) (e[f'))[-2] == (
        'Variable: PJSIP_HEADER(add,X-A)=a\\,b=\\"c\\" \\\\d\\) \\(e\\[f'
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A=1,B",
        "A,B",
        "A\r\nAction: Hangup",
        "A\n",
        "__INHERITED",
        "1ST",
        "SHELL(reboot)",
        "PJSIP_HEADER(remove,From)",
        "PJSIP_HEADER(add,X-A:b)",
        "PJSIP_HEADER(add,X A)",
        "PJSIP_HEADER(add,)",
        "PJSIP_HEADER(add,X)(add,Y)",
        "EXOSWITCH_LEG",
        "EXOSWITCH_GATEWAY",
        "NAME" * 20,
    ],
)
def test_variable_that_could_be_more_than_a_name_or_a_header_is_refused(name):
    with pytest.raises(LocalProtocolError, match="may not set"):
        written((name, "x"))


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\t", "\x7f", "\x85", "\u2028"])
def test_value_with_a_control_character_is_refused(character):
    with pytest.raises(LocalProtocolError, match="holds a control"):
        written(("PJSIP_HEADER(add,X-A)", f"a{character}X-B: c"))


def test_second_phone_goes_to_the_context_that_joins_it_with_the_first_phones_channel():
    action = originate(
        channel_id="b1",
        channel="PJSIP/098@lab",
        caller_id="080",
        ring_s=30,
        dial_string="UnicastRTP/:0/c(ulaw)",
        node="gw1",
        joins="a1",
    )
    assert action.get("Context") == "exoswitch-second"
    assert list(action.get_all("Variable")) == ["EXOSWITCH_FIRST=a1", "EXOSWITCH_GATEWAY=gw1"]


@pytest.mark.parametrize(("one_side", "options"), [(False, "quES"), (True, "quESo")])
def test_tap_spies_on_a_channel_by_its_uniqueid(one_side, options):
    leg = "UnicastRTP/10.0.0.5:20000/c(ulaw)"
    action = tap(tap_id="tap0a-a1", channel_id="a1", dial_string=leg, node="gw1", one_side=one_side)
    assert (action.get("Channel"), action.get("ChannelId")) == (leg, "tap0a-a1")
    assert (action.get("Application"), action.get("Data")) == ("ChanSpy", f"a1,{options}")
    assert list(action.get_all("Variable")) == ["EXOSWITCH_GATEWAY=gw1"]
