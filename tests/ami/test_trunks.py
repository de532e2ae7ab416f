import pytest

from exoswitch.ami import trunks
from exoswitch.ami.message import AmiMessage
from exoswitch.errors import InvalidValue


def event(name: str, **headers: str) -> AmiMessage:
    return AmiMessage((("Event", name), *headers.items()))


def test_endpoint_tells_whether_it_can_be_dialled_and_what_is_on_it():
    listed = [
        event(
            "EndpointList", ObjectName="lab", DeviceState="Ring+Inuse", ActiveChannels="5", Contacts="lab/sip:h:1,"
        ),
        event("EndpointList", ObjectName="dead", DeviceState="Unavailable", ActiveChannels="0", Contacts=""),
        event("Other", ObjectName="x"),
    ]
    assert list(trunks.endpoints(listed)) == [
        trunks.Endpoint("lab", is_reachable=True, calls=5, contacts=("lab/sip:h:1",)),
        trunks.Endpoint("dead", is_reachable=False, calls=0, contacts=()),
    ]


def test_passwords_in_the_lists_are_read_into_no_value():
    listed = [
        event(
            "OutboundRegistrationDetail", ObjectName="bsnl1", Status="Rejected", ClientUri="sip:c", ServerUri="sip:s"
        ),
        event("AuthDetail", ObjectName="bsnl1", Password="opensesame"),
    ]
    (registration,) = trunks.registrations(listed)
    assert (registration.name, registration.status, registration.is_registered) == ("bsnl1", "Rejected", False)
    assert "opensesame" not in str(list(trunks.contacts(listed))) + str(registration)


@pytest.mark.parametrize(
    ("written", "rtt_s"), [("661", 0.000661), ("0", None), ("", None), ("nan", None), ("-1", None)]
)
def test_round_trip_is_in_seconds_and_none_without_an_answer(written, rtt_s):
    (contact,) = trunks.contacts(
        [event("ContactStatusDetail", URI="sip:h", Status="Reachable", RoundtripUsec=written), event("AorDetail")]
    )
    assert (contact.uri, contact.status, contact.rtt_s) == ("sip:h", "Reachable", rtt_s)


@pytest.mark.parametrize("name", ["", "lab\r\nAction: Logoff", "lab\n", "lab\0"])
@pytest.mark.parametrize("action", [trunks.qualify, trunks.register, trunks.show_endpoint])
def test_name_of_a_trunk_is_one_line(action, name):
    with pytest.raises(InvalidValue):
        action(name)
