import hashlib
from urllib.parse import quote

import pytest

from exoswitch.ami import actions
from exoswitch.ami.filters import WANTED_EVENTS, filter_actions
from exoswitch.ami.legs import dial_string
from exoswitch.ami.message import AmiMessage


def executed(result: str) -> AmiMessage:
    return AmiMessage((("Event", "AsyncAGIExec"), ("CommandId", "gw1/1"), ("Result", quote(result))))


def test_bridge_dials_the_leg_from_the_waiting_channel():
    action = actions.bridge("17.1", dial_string("10.0.0.5", 20000, "ulaw"))
    assert action.get("Channel") == "17.1"
    assert action.get("Command") == 'EXEC Dial "UnicastRTP/10.0.0.5:20000/c(ulaw)"'


def test_claim_sets_our_name_only_if_no_other_is_there():
    action = actions.claim("17.1", "gw1", "gw1/17.1")
    assert action.get("CommandID") == "gw1/17.1"
    assert action.get("Command") == (
        "GET FULL VARIABLE "
        "${SET(EXOSWITCH_GATEWAY=${IF($[${ISNULL(${EXOSWITCH_GATEWAY})}]?gw1:${EXOSWITCH_GATEWAY})})}"
    )


@pytest.mark.parametrize(
    ("result", "owner"),
    [("200 result=1 (gw1)\n", None), ("200 result=1 (gw2)\n", "gw2"), ("200 result=0\n", None), ("", None)],
)
def test_answer_to_a_claim_tells_whether_another_gateway_was_first(result, owner):
    assert actions.claimed_by_another(executed(result), "gw1") == owner


def test_name_of_a_gateway_cannot_break_out_of_the_expression():
    action = actions.claim("17.1", "gw 1})}", "id")
    assert "gw-1---:" in action.get("Command")
    assert actions.claimed_by_another(executed("200 result=1 (gw-1---)\n"), "gw 1})}") is None


@pytest.mark.parametrize(("value", "owner"), [("gw1", None), ("", None), ("gw2", "gw2")])
def test_channel_is_another_gateways_if_that_name_is_on_it(value, owner):
    assert actions.owned_by_another(AmiMessage((("Value", value),)), "gw1") == owner


def test_answer_that_is_an_error_names_no_owner():
    assert actions.owned_by_another(AmiMessage((("Response", "Error"),)), "gw1") is None


def test_name_of_a_gateway_is_read_as_it_is_written():
    signed = actions.set_owner("sid1", "gw 1").get("Value")
    assert actions.owned_by_another(AmiMessage((("Value", signed),)), "gw 1") is None


@pytest.mark.parametrize(("application", "is_dialled"), [("AppDial2", True), ("Dial", False), ("AGI", False)])
def test_channel_is_being_dialled_until_the_dialplan_begins(application, is_dialled):
    assert actions.is_being_dialled(AmiMessage((("Value", application),))) == is_dialled


def test_phones_that_were_answered_are_those_whose_channels_are_up_in_the_dialplan():
    states = {
        "1": ("Up", "Dial"),
        "2": ("Up", "AppDial2"),
        "3": ("Up", ""),
        "4": ("Ring", "AGI"),
        "5": ("Up", "Bridge"),
    }
    listed = [
        AmiMessage((("Uniqueid", uid), ("ChannelStateDesc", state), ("Application", application)))
        for uid, (state, application) in states.items()
    ]
    assert actions.answered(listed) == {"1", "5"}


def test_filters_pass_the_events_we_translate_and_narrow_the_frequent_ones():
    *included, excluded = filter_actions()
    by_name = {action.get("MatchCriteria").partition(")")[0].removeprefix("name("): action for action in included}
    assert excluded.get("MatchCriteria") == "action(exclude),method(regex)"
    assert by_name.keys() == WANTED_EVENTS - {"FullyBooted"}
    assert by_name["VarSet"].get("MatchCriteria") == "name(VarSet),header(Variable),method(starts_with)"
    assert by_name["VarSet"].get("Filter") == "UNICASTRTP_LOCAL_"
    assert by_name["Hangup"].headers == (
        ("Action", "Filter"),
        ("Operation", "Add"),
        ("MatchCriteria", "name(Hangup)"),
    )


@pytest.mark.parametrize(
    ("message", "is_gone"),
    [
        ("No such channel", True),
        ("Channel does not exist: sid1", True),
        ("Channel 17.1 does not exist.", True),
        ("Permission denied", False),
        ("Redirect failed", False),
        ("Redirect failed, channel not up.", False),
        ("Failed to add AGI command to channel PJSIP/lab-1 queue", False),
        ("", False),
    ],
)
def test_only_asterisks_own_words_say_that_a_channel_is_gone(message, is_gone):
    refusal = AmiMessage((("Response", "Error"), ("Message", message)))
    assert actions.says_channel_gone(refusal) is is_gone


# --- The login --------------------------------------------------------------------------------------------------


def test_challenge_is_answered_with_a_key_and_without_the_secret():
    given = AmiMessage((("Response", "Success"), ("Challenge", "840415273")))
    answer = actions.log_in("exoswitch", "opensesame", given)
    assert answer.get("Key") == hashlib.md5(b"840415273opensesame", usedforsecurity=False).hexdigest()
    assert answer.get("AuthType") == "MD5"
    assert not answer.get("Secret")


def test_login_by_secret_gives_the_secret_itself():
    login = actions.log_in_by_secret("exoswitch", "opensesame")
    assert (login.get("Username"), login.get("Secret")) == ("exoswitch", "opensesame")
