import pytest

from exoswitch.ami.legs import destination, dial_string, is_leg, legs
from exoswitch.ami.message import AmiMessage


def channel(name, bridge="", *, linked_id="sid1"):
    return AmiMessage((("Channel", name), ("Uniqueid", "x"), ("Linkedid", linked_id), ("BridgeId", bridge)))


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("UnicastRTP/127.0.0.1:51249-0x7fb9f0007d00", ("127.0.0.1", 51249)),
        ("UnicastRTP/[fd00::5]:20000-0x7fb9f0007d00", ("fd00::5", 20000)),
        ("UnicastRTP/gw1-b.example.org:20000-0x55d75b819c30", ("gw1-b.example.org", 20000)),
    ],
)
def test_name_of_a_leg_has_the_address_of_its_audio(name, address):
    assert destination(name) == address


@pytest.mark.parametrize(
    "name",
    [
        "",
        "UnicastRTP/",
        "UnicastRTP/127.0.0.1",
        "UnicastRTP/127.0.0.1:0-0x1",
        "UnicastRTP/h:99999-0x1",
        "PJSIP/lab-1",
    ],
)
def test_name_without_an_address_has_no_destination(name):
    assert destination(name) is None


def test_channel_of_a_phone_is_no_leg():
    assert not is_leg(channel("PJSIP/lab-1"))


def test_legs_are_listed_by_the_channel_of_the_phone():
    listed = [channel("PJSIP/lab-1", "b1"), channel("UnicastRTP/10.0.0.5:20000-0x1", "b1"), channel("UnicastRTP/odd")]
    assert legs(listed) == {"sid1": ("10.0.0.5", 20000)}


def test_of_two_legs_the_one_in_a_bridge_counts():
    old, new = channel("UnicastRTP/10.0.0.5:20000-0x1"), channel("UnicastRTP/10.0.0.6:20002-0x2", "b2")
    assert legs([old, new]) == legs([new, old]) == {"sid1": ("10.0.0.6", 20002)}


def test_leg_to_an_ipv6_address_is_dialled_in_brackets():
    assert dial_string("fd00::5", 20000, "alaw") == "UnicastRTP/[fd00::5]:20000/c(alaw)"
