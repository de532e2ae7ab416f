import pytest

from exoswitch.ami import trunks
from exoswitch.ami.message import AmiMessage
from exoswitch.errors import InvalidValue
from exoswitch.sim.trunks import RETRY_S, Trunk, parse_trunk
from tests.harness.sim_asterisk import AsteriskCore


@pytest.fixture
def asterisk():
    core = AsteriskCore()
    core.pbx.trunks.add([parse_trunk("bsnl1", "registered rtt=0.03"), Trunk("lab")])
    core.log_in()
    return core


def ask(asterisk: AsteriskCore, action: AmiMessage) -> list[AmiMessage]:
    """Send an action; give all that comes of it."""
    asterisk.send(action)
    told, asterisk.sent[1] = asterisk.sent[1], []
    return told


def states(asterisk: AsteriskCore) -> dict[str, bool]:
    return {each.name: each.is_reachable for each in trunks.endpoints(ask(asterisk, trunks.list_endpoints()))}


def statuses(asterisk: AsteriskCore) -> dict[str, str]:
    listed = trunks.registrations(ask(asterisk, trunks.list_registrations()))
    return {each.name: each.status for each in listed}


def registry(asterisk: AsteriskCore) -> list[str]:
    return [event.get("Status") for event in asterisk.events() if event.event == "Registry"]


def test_the_lists_of_asterisk_tell_each_trunk(asterisk):
    assert states(asterisk) == {"bsnl1": True, "lab": True}
    assert statuses(asterisk) == {"bsnl1": "Registered"}
    (contact,) = trunks.contacts(ask(asterisk, trunks.show_endpoint("bsnl1")))
    assert (contact.status, contact.rtt_s) == ("Reachable", 0.03)


def test_a_trunk_that_answers_no_options_cannot_be_dialled(asterisk):
    asterisk.pbx.trunks.set_reachable("lab", is_reachable=False)
    asterisk.pbx.trunks.set_reachable("lab", is_reachable=False)
    asterisk.carry_out()
    assert asterisk.names() == ["PeerStatus", "ContactStatus"]
    assert states(asterisk) == {"bsnl1": True, "lab": False}
    asterisk.originate()
    asterisk.pass_time(1)
    assert asterisk.names() == ["OriginateResponse"]
    asterisk.pbx.trunks.set_reachable("lab", is_reachable=True)
    asterisk.carry_out()
    assert asterisk.events()[-1].get("RoundtripUsec") == "20000"
    asterisk.originate("sid-2")
    assert "DialBegin" in asterisk.names()


def test_a_rejected_registration_is_tried_again_until_the_carrier_accepts_it(asterisk):
    asterisk.pbx.trunks.refuse_registration("bsnl1", asterisk.now)
    asterisk.carry_out()
    asterisk.pass_time(2 * RETRY_S)
    assert registry(asterisk) == ["Rejected"] * 3
    asterisk.pbx.trunks.accept_registration("bsnl1")
    asterisk.pass_time(3 * RETRY_S)
    assert registry(asterisk) == ["Registered"]
    assert statuses(asterisk) == {"bsnl1": "Registered"}


def test_a_registration_that_asterisk_has_given_up_needs_an_action(asterisk):
    asterisk.pbx.trunks.refuse_registration("bsnl1", asterisk.now, for_good=True)
    asterisk.pbx.trunks.accept_registration("bsnl1")
    asterisk.carry_out()
    asterisk.pass_time(10 * RETRY_S)
    assert registry(asterisk) == ["Rejected"]
    assert ask(asterisk, trunks.register("bsnl1"))[0].get("Message") == "Reregistration sent"
    assert statuses(asterisk) == {"bsnl1": "Registered"}


def test_an_ended_registration_is_not_tried_again(asterisk):
    asterisk.act("PJSIPUnregister", ("Registration", "bsnl1"))
    asterisk.pass_time(10 * RETRY_S)
    assert registry(asterisk) == ["Unregistered"]
    assert statuses(asterisk) == {"bsnl1": "Unregistered"}


@pytest.mark.parametrize("name", ["lab", "nobody"])
def test_a_trunk_without_a_registration_cannot_register(asterisk, name):
    for action in ("PJSIPRegister", "PJSIPUnregister"):
        assert not asterisk.act(action, ("Registration", name)).succeeded


def test_a_reload_is_told_and_says_success_for_any_file(asterisk):
    asterisk.pbx.trunks.remove("lab")
    assert ask(asterisk, trunks.reload())[0].get("Message") == "Module Reloaded"
    assert states(asterisk) == {"bsnl1": True}
    assert not asterisk.act("Reload", ("Module", "nope.so")).succeeded
    assert [event.get("Status") for event in asterisk.events() if event.event == "Reload"] == ["2"]
    assert not asterisk.act("PJSIPShowEndpoint", ("Endpoint", "lab")).succeeded
    asterisk.pbx.trunks.remove("bsnl1")
    assert not asterisk.act("PJSIPShowEndpoints").succeeded


def test_a_user_who_may_only_report_can_register_but_neither_list_endpoints_nor_reload(asterisk):
    asterisk.server.connected(2)
    asterisk.act("Login", ("Username", "reporter"), ("Secret", "opensesame"), connection=2)
    own = ("Registration", "bsnl1")
    allowed = ("PJSIPShowRegistrationsOutbound", "PJSIPQualify", "PJSIPRegister", "PJSIPUnregister")
    assert all(asterisk.act(action, own, connection=2).succeeded for action in allowed)
    for action in ("PJSIPShowEndpoints", "PJSIPShowEndpoint", "Reload"):
        assert asterisk.act(action, own, connection=2).get("Message") == "Permission denied"


@pytest.mark.parametrize("text", ["up", "rtt", "rtt=11", "registered=1"])
def test_a_wrong_word_of_a_trunk_is_refused(text):
    with pytest.raises(InvalidValue, match="trunk: "):
        parse_trunk("bsnl1", text)


def test_a_trunk_begins_as_its_words_say():
    assert parse_trunk("a", "unreachable") == Trunk("a", is_reachable=False)
    assert parse_trunk("a", "rejected") == Trunk("a", status="Rejected", accepts=False)
    assert parse_trunk("a", "unregistered") == Trunk("a", status="Unregistered", retries=False)
