import pytest

from exoswitch.ami.conditions import GIVEN_UP_S
from exoswitch.ami.message import AmiMessage
from exoswitch.ami.trunk_monitor import LOOK_AGAIN_S, LOOK_EVERY_S, MEASURED_MAX
from exoswitch.call.events import SwitchReady, TrunkCondition
from tests.harness.logs import warnings_in

URIS = ("ClientUri", "sip:+9140@ims.example"), ("ServerUri", "sip:ims.example")
REGISTRY = ("Username", "sip:+9140@ims.example"), ("Domain", "sip:ims.example")


def listed(rig, *, state="Not in use", status="Registered"):
    rig.far.contact_status = "Unreachable" if state == "Unavailable" else "Reachable"
    rig.far.endpoints = [AmiMessage((("ObjectName", "bsnl1"), ("DeviceState", state)))]
    rig.far.registrations = [AmiMessage((("ObjectName", "bsnl1"), ("Status", status), *URIS))]


def pass_time(rig, seconds):
    for _ in range(round(seconds)):
        rig.clock.advance(1)
        rig.far.serve()


def conditions(rig):
    return [event for event in rig.recorder.events if isinstance(event, TrunkCondition)]


@pytest.fixture
def up(rig):
    """A rig whose link is up, and whose trunk is registered."""
    listed(rig)
    rig.start()
    pass_time(rig, 1)
    assert conditions(rig) == [TrunkCondition("bsnl1", registered=True, reachable=True)]
    return rig


def looks(rig):
    return len(rig.far.asked("PJSIPShowEndpoints"))


def test_conditions_are_told_after_each_login(up):
    assert isinstance(up.recorder.events[0], SwitchReady)
    up.switch.drop("a test")
    up.clock.advance(0)
    up.reconnect()
    pass_time(up, 1)
    assert conditions(up) == [TrunkCondition("bsnl1", registered=True, reachable=True)] * 2


def test_event_of_a_trunk_is_a_reason_to_look_and_is_not_believed(up):
    up.far.tell("Registry", *REGISTRY, ("Status", "Rejected"))
    pass_time(up, 2)
    assert looks(up) == 2
    assert len(conditions(up)) == 1
    listed(up, status="Rejected")
    up.far.tell("Registry", *REGISTRY, ("Status", "Rejected"))
    pass_time(up, 2)
    assert conditions(up)[-1] == TrunkCondition("bsnl1", registered=False, reachable=True)


def test_round_trip_is_asked_for_with_each_look_without_an_event(up):
    up.far.rtt_us = 20_000
    up.far.tell("ContactStatus", ("EndpointName", "bsnl1"), ("RoundtripUsec", "50000"))
    pass_time(up, 2)
    assert conditions(up)[-1].rtt_s is None
    pass_time(up, LOOK_EVERY_S)
    assert conditions(up)[-1] == TrunkCondition("bsnl1", registered=True, reachable=True, rtt_s=0.02)
    assert len(up.far.asked("PJSIPShowEndpoint")) == 2


def test_trunk_that_asterisk_has_not_asked_yet_is_not_away(rig):
    """Asterisk 22.10 lists it as Unavailable, like one that gave no answer."""
    listed(rig, state="Unavailable")
    rig.far.contact_status = "NonQualified"
    rig.start()
    pass_time(rig, 1)
    assert conditions(rig) == [TrunkCondition("bsnl1", registered=True, reachable=None)]
    rig.far.contact_status = "Unreachable"
    rig.far.tell("ContactStatus", ("EndpointName", "bsnl1"))
    pass_time(rig, 2)
    assert conditions(rig)[-1] == TrunkCondition("bsnl1", registered=True, reachable=False)


@pytest.mark.parametrize(("state", "status"), [("Unavailable", "Reachable"), ("Not in use", "Unreachable")])
def test_details_that_are_newer_than_the_list_are_believed(rig, state, status):
    """The answer to OPTIONS came, or failed to come, between the two."""
    listed(rig, state=state)
    rig.far.contact_status = status
    rig.start()
    pass_time(rig, 1)
    assert [told.reachable for told in conditions(rig)] == [status == "Reachable"]


def test_trunk_that_is_never_asked_is_as_the_list_has_it(rig):
    listed(rig)
    rig.far.contact_status = "NonQualified"
    rig.start()
    pass_time(rig, 1)
    assert conditions(rig) == [TrunkCondition("bsnl1", registered=True, reachable=True)]


def test_round_trips_of_many_trunks_are_not_all_asked_for(rig):
    rig.far.endpoints = [AmiMessage((("ObjectName", f"t{number}"),)) for number in range(MEASURED_MAX + 50)]
    rig.start()
    pass_time(rig, 1)
    assert len(rig.far.asked("PJSIPShowEndpoint")) == MEASURED_MAX
    assert len(conditions(rig)) == MEASURED_MAX + 50


def test_flood_of_events_is_one_look_a_second(up):
    before = looks(up)
    for _ in range(1000):
        up.far.tell("ContactStatus", ("EndpointName", "bsnl1"))
    pass_time(up, 10 * LOOK_AGAIN_S)
    assert looks(up) - before == 1
    for _ in range(10):
        up.far.tell("Reload", ("Module", "res_pjsip.so"), ("Status", "0"))
        pass_time(up, LOOK_AGAIN_S)
    assert looks(up) - before <= 12


def test_trunks_are_looked_at_without_any_event(up):
    listed(up, state="Unavailable")
    pass_time(up, LOOK_EVERY_S)
    assert conditions(up)[-1] == TrunkCondition("bsnl1", registered=True, reachable=False)


def test_registration_that_asterisk_has_given_up_is_begun_again(up, log):
    listed(up, status="Unregistered")
    pass_time(up, LOOK_EVERY_S + GIVEN_UP_S)
    assert not up.far.asked("PJSIPRegister")
    pass_time(up, 2 * LOOK_EVERY_S)
    (action,) = up.far.asked("PJSIPRegister")
    assert action.get("Registration") == "bsnl1"
    assert "bsnl1 is not registered (Unregistered)" in warnings_in(log)[-1]
    pass_time(up, 5 * (GIVEN_UP_S + LOOK_EVERY_S))
    assert 4 <= len(up.far.asked("PJSIPRegister")) <= 7


def test_registration_that_asterisk_tries_by_itself_is_left_alone(up):
    listed(up, status="Rejected")
    for _ in range(20):
        up.far.tell("Registry", *REGISTRY, ("Status", "Rejected"))
        pass_time(up, 30)
    assert not up.far.asked("PJSIPRegister")


def test_user_who_may_not_list_trunks_is_told_once_and_calls_go_on(rig, log):
    rig.far.refused = {"PJSIPShowEndpoints"}
    rig.start()
    pass_time(rig, 3 * LOOK_EVERY_S)
    (warning,) = warnings_in(log)
    assert "does not list its trunks" in warning
    assert rig.switch.ready


def test_list_that_does_not_end_holds_up_nothing(up):
    up.far.silent = {"PJSIPShowRegistrationsOutbound"}
    pass_time(up, 2 * LOOK_EVERY_S)
    up.far.silent = set()
    listed(up, state="Unavailable")
    pass_time(up, 2 * LOOK_EVERY_S)
    assert conditions(up)[-1].reachable is False
    assert up.switch.ready


def test_refused_registration_is_logged(up, log):
    listed(up, status="Unregistered")
    up.far.refused = {"PJSIPRegister"}
    pass_time(up, GIVEN_UP_S + 3 * LOOK_EVERY_S)
    assert "Permission denied" in warnings_in(log)[-1]


def test_asterisk_without_any_trunk_is_no_fault(rig, log):
    rig.far.refused, rig.far.refusal = {"PJSIPShowEndpoints"}, "No endpoints found"
    rig.start()
    pass_time(rig, 3 * LOOK_EVERY_S)
    assert warnings_in(log) == []
