import pytest

from exoswitch.ami import actions
from exoswitch.ami.legs import legs
from exoswitch.ami.message import AmiMessage
from exoswitch.sim.exchange import Disconnect
from exoswitch.sim.phone_call import CallBegan
from tests.harness.sim_asterisk import LEG, AsteriskCore


@pytest.fixture
def asterisk():
    core = AsteriskCore()
    core.log_in()
    return core


def test_a_login_with_the_plain_secret_succeeds():
    asterisk = AsteriskCore()
    asterisk.server.connected(1)
    response = asterisk.act("Login", ("Username", "exoswitch"), ("Secret", "opensesame"))
    assert response.get("Message") == "Authentication accepted"
    assert asterisk.names() == ["FullyBooted"]


@pytest.mark.parametrize(
    "headers",
    [
        (("Username", "exoswitch"), ("Secret", "wrong")),
        (("Username", "nobody"), ("Secret", "opensesame")),
        (("Username", "exoswitch"), ("AuthType", "MD5"), ("Key", "0" * 32)),
    ],
)
def test_a_wrong_login_is_refused_and_closes_the_connection(headers):
    asterisk = AsteriskCore()
    asterisk.server.connected(1)
    asterisk.act("Challenge")
    assert not asterisk.act("Login", *headers).succeeded
    assert asterisk.others == [Disconnect(1)]


def test_actions_before_the_login_are_refused():
    asterisk = AsteriskCore()
    asterisk.server.connected(1)
    assert asterisk.act("Ping").get("Message") == "Permission denied"
    asterisk.pbx.boot()
    asterisk.carry_out()
    assert asterisk.names() == []


def test_a_user_who_may_only_report_can_ask_and_do_nothing():
    asterisk = AsteriskCore()
    asterisk.log_in()
    asterisk.originate()
    asterisk.server.connected(2)
    asterisk.act("Login", ("Username", "reporter"), ("Secret", "opensesame"), connection=2)
    call = ("Channel", "sid-1")
    for name in ("Hangup", "Setvar", "Redirect", "AGI", "Originate", "Filter"):
        assert asterisk.act(name, call, connection=2).get("Message") == "Permission denied"
    for name in ("Getvar", "CoreShowChannels", "Ping"):
        assert asterisk.act(name, call, connection=2).succeeded


def test_each_action_says_in_asterisks_words_that_there_is_no_such_channel(asterisk):
    gone = ("Channel", "gone")
    texts = {
        name: asterisk.act(name, gone).get("Message") for name in ("Hangup", "Getvar", "Setvar", "Redirect", "AGI")
    }
    assert texts == {
        "Hangup": "No such channel",
        "Getvar": "No such channel",
        "Setvar": "No such channel",
        "Redirect": "Channel does not exist: gone",
        "AGI": "Channel gone does not exist.",
    }


def test_before_full_boot_logins_succeed_and_calls_are_refused():
    asterisk = AsteriskCore(is_booted=False)
    asterisk.log_in()
    assert asterisk.originate().get("Message") == "Originate failed"
    asterisk.pbx.boot()
    asterisk.carry_out()
    assert asterisk.names() == ["FullyBooted"]
    assert asterisk.originate().succeeded


def test_a_ping_is_answered_with_its_action_id(asterisk):
    response = asterisk.act("Ping")
    assert (response.get("Response"), response.get("Ping"), response.action_id) == ("Success", "Pong", "a1")


def test_an_unknown_action_is_an_error(asterisk):
    assert asterisk.act("Dance").get("Message") == "Invalid/unknown command: Dance."


def test_a_logoff_closes_the_connection(asterisk):
    assert asterisk.act("Logoff").get("Response") == "Goodbye"
    assert asterisk.others == [Disconnect(1)]


def test_a_connection_without_events_gets_only_answers(asterisk):
    asterisk.act("Events", ("EventMask", "off"))
    asterisk.originate()
    asterisk.pass_time(5)
    assert asterisk.names() == []


def test_an_including_filter_excludes_all_other_events(asterisk):
    assert asterisk.act("Filter", ("Operation", "Add"), ("MatchCriteria", "name(DialBegin)")).succeeded
    narrow = ("MatchCriteria", "name(VarSet),header(Variable),method(starts_with)"), ("Filter", "UNICASTRTP_LOCAL_")
    assert asterisk.act("Filter", ("Operation", "Add"), *narrow).succeeded
    asterisk.originate()
    asterisk.pass_time(5)
    assert asterisk.names() == ["DialBegin", "VarSet", "VarSet", "DialBegin"]


@pytest.mark.parametrize("criteria", ["", "name(DTMFEnd),header(Direction),exact", "names(X)", "name(X),header(Y)"])
def test_a_filter_that_asterisk_refuses_is_refused(asterisk, criteria):
    assert not asterisk.act("Filter", ("Operation", "Add"), ("MatchCriteria", criteria)).succeeded


def test_every_connection_gets_the_events_of_every_call(asterisk):
    asterisk.log_in(connection=2)
    asterisk.originate()
    asterisk.pass_time(5)
    assert asterisk.names(1) == asterisk.names(2) != []


def test_the_dialled_number_and_trunk_choose_the_script(asterisk):
    asterisk.originate(channel="PJSIP/0981@lab")
    assert asterisk.dialled == [("0981", "lab")]
    assert asterisk.others == [CallBegan(asterisk.pbx.calls["sid-1"])]


def test_an_originate_without_an_extension_is_refused(asterisk):
    assert not asterisk.act("Originate", ("Channel", "PJSIP/0981@lab")).succeeded


def test_a_call_is_hung_up_by_its_uniqueid_or_its_channels_name(asterisk):
    for channel in ("sid-1", "PJSIP/lab-00000002"):
        asterisk.originate()
        asterisk.pass_time(5)
        assert asterisk.act("Hangup", ("Channel", channel), ("Cause", "17")).succeeded
        assert [event.get("Cause") for event in asterisk.events() if event.event == "Hangup"] == ["16", "17"]
    assert asterisk.act("Hangup", ("Channel", "sid-1")).get("Message") == "No such channel"


def test_the_channels_are_listed_with_both_legs_of_a_call(asterisk):
    asterisk.originate()
    asterisk.pass_time(5)
    waiting = asterisk.arrive()
    asterisk.events()
    asterisk.act("CoreShowChannels")
    *channels, complete = asterisk.events()
    assert [channel.get("Uniqueid") for channel in channels] == ["sid-1", "sid-1.leg1", waiting.channel.unique_id]
    assert (channels[2].get("Application"), channels[2].get("ApplicationData")) == ("AGI", "agi:async")
    assert (complete.event, complete.get("ListItems")) == ("CoreShowChannelsComplete", "3")
    assert {message.action_id for message in [*channels, complete]} == {"a1"}


def test_playdtmf_acts_as_a_key_of_the_phone(asterisk):
    asterisk.originate()
    asterisk.pass_time(5)
    asterisk.events()
    digit = ("Channel", "sid-1"), ("Digit", "5"), ("Duration", "80"), ("Receive", "true")
    assert asterisk.act("PlayDTMF", *digit).succeeded
    ends = [event for event in asterisk.events() if event.event == "DTMFEnd"]
    assert [(end.get("Direction"), end.get("Digit"), end.get("DurationMs")) for end in ends] == [
        ("Received", "5", "80"),
        ("Sent", "5", "80"),
    ]
    assert ends[1].get("Channel").startswith("UnicastRTP/")


def test_the_first_claim_of_two_gateways_wins(asterisk):
    asterisk.log_in(connection=2)
    call = asterisk.arrive()
    channel_id = call.channel.unique_id
    asterisk.events()
    for node in ("gw1", "gw2"):
        assert asterisk.send(actions.claim(channel_id, node, f"{node}/1")).succeeded
    executed = [event for event in asterisk.events() if event.event == "AsyncAGIExec"]
    assert [actions.claimed_by_another(event, "gw1") for event in executed] == [None, None]
    assert [actions.claimed_by_another(event, "gw2") for event in executed] == ["gw1", "gw1"]
    assert [event.get("CommandID") for event in executed] == ["gw1/1", "gw2/1"]


def test_an_inbound_call_is_bridged_by_its_claimant(asterisk):
    call = asterisk.arrive()
    assert asterisk.send(actions.bridge(call.channel.unique_id, LEG)).succeeded
    assert call.is_bridged
    assert (asterisk.opened[0].host, asterisk.opened[0].port, asterisk.opened[0].codec) == ("10.0.0.5", 20000, "ulaw")


def test_agi_commands_work_only_on_inbound_calls(asterisk):
    asterisk.originate()
    assert not asterisk.send(actions.bridge("sid-1", LEG)).succeeded
    assert not asterisk.send(actions.bridge("1.99", LEG)).succeeded


def test_a_variable_and_a_redirect_move_a_call_to_another_gateway(asterisk):
    asterisk.originate()
    asterisk.pass_time(5)
    asterisk.events()
    other = "UnicastRTP/10.0.0.6:20002/c(alaw)"
    asterisk.act("Setvar", ("Channel", "sid-1"), ("Variable", "EXOSWITCH_LEG"), ("Value", other))
    place = ("Context", "exoswitch-bridge"), ("Exten", "s"), ("Priority", "1")
    assert asterisk.act("Redirect", ("Channel", "sid-1"), *place).succeeded
    assert [(opened.host, opened.port, opened.codec) for opened in asterisk.opened] == [
        ("10.0.0.5", 20000, "ulaw"),
        ("10.0.0.6", 20002, "alaw"),
    ]
    hung_up = [event.get("Channel").partition("/")[0] for event in asterisk.events() if event.event == "Hangup"]
    assert hung_up == ["UnicastRTP"]
    assert asterisk.closed == []


def value_of(asterisk, channel_id, variable):
    return asterisk.act("Getvar", ("Channel", channel_id), ("Variable", variable)).get("Value")


def test_getvar_gives_the_owner_and_the_application_of_a_channel(asterisk):
    asterisk.originate()
    waiting = asterisk.arrive().channel.unique_id
    assert value_of(asterisk, "sid-1", "EXOSWITCH_GATEWAY") == "gw1"
    assert value_of(asterisk, waiting, "EXOSWITCH_GATEWAY") == ""
    assert value_of(asterisk, "sid-1", "CHANNEL(appname)") == "AppDial2"
    assert value_of(asterisk, waiting, "CHANNEL(appname)") == "AGI"
    asterisk.pass_time(5)
    assert value_of(asterisk, "sid-1", "CHANNEL(appname)") == "Dial"
    assert asterisk.act("Getvar", ("Channel", "1.99")).get("Message") == "No such channel"


def test_a_ringing_call_dials_the_leg_that_is_set_before_the_answer(asterisk):
    asterisk.originate()
    asterisk.pass_time(0.5)
    asterisk.send(actions.set_media_target("sid-1", "UnicastRTP/10.0.0.6:20002/c(ulaw)"))
    asterisk.pass_time(5)
    assert [(opened.host, opened.port) for opened in asterisk.opened] == [("10.0.0.6", 20002)]


def test_a_redirect_answers_a_waiting_call(asterisk):
    call = asterisk.arrive()
    asterisk.send(actions.set_media_target(call.channel.unique_id, LEG))
    asterisk.events()
    asterisk.send(actions.redirect(call.channel.unique_id, "exoswitch-bridge"))
    assert call.is_bridged
    assert not call.is_waiting
    assert asterisk.names()[:2] == ["AsyncAGIEnd", "Newexten"]


def test_a_bridged_inbound_call_that_is_redirected_ends_its_agi_command(asterisk):
    call = asterisk.arrive()
    asterisk.send(actions.bridge(call.channel.unique_id, LEG))
    asterisk.send(actions.set_media_target(call.channel.unique_id, "UnicastRTP/10.0.0.6:20002/c(ulaw)"))
    asterisk.events()
    asterisk.send(actions.redirect(call.channel.unique_id, "exoswitch-bridge"))
    events = asterisk.events()
    executed = next(event for event in events if event.event == "AsyncAGIExec")
    assert (executed.get("CommandId"), executed.get("Result")) == (call.channel.unique_id, "200%20result%3D-1%0A")
    assert [event.get("Uniqueid") for event in events if event.event == "Hangup"] != [call.channel.unique_id]


def test_a_caller_without_a_gateway_is_refused_after_the_tone(asterisk):
    call = asterisk.arrive()
    asterisk.send(actions.redirect(call.channel.unique_id, "exoswitch-full"))
    assert not call.is_waiting
    asterisk.pass_time(3.9)
    assert not call.is_over
    asterisk.events()
    asterisk.pass_time(0.2)
    assert [event.get("Cause") for event in asterisk.events()] == ["34"]


def test_a_hang_up_during_the_congestion_tone_ends_the_call_once(asterisk):
    call = asterisk.arrive()
    asterisk.send(actions.redirect(call.channel.unique_id, "exoswitch-full"))
    call.hang_up()
    asterisk.carry_out()
    asterisk.events()
    asterisk.pass_time(5)
    assert asterisk.names() == []


def test_the_list_of_channels_has_bridge_and_dial_string(asterisk):
    asterisk.originate()
    asterisk.pass_time(5)
    asterisk.events()
    asterisk.act("CoreShowChannels")
    listed = [event for event in asterisk.events() if event.event == "CoreShowChannel"]
    assert legs(listed) == {"sid-1": ("10.0.0.5", 20000)}
    assert len({channel.get("BridgeId") for channel in listed}) == 1


def test_a_closed_connection_gets_no_events(asterisk):
    asterisk.server.disconnected(1)
    asterisk.arrive()
    assert asterisk.names() == []


def test_a_message_without_an_action_is_an_error(asterisk):
    assert not asterisk.send(AmiMessage((("Foo", "bar"),))).succeeded


def test_the_simulators_own_action_makes_an_inbound_call(asterisk):
    caller = ("Caller", "+9198"), ("Callee", "+9180")
    response = asterisk.act("SimulateCall", *caller, ("Script", "babble=5 hangup"))
    assert response.get("Uniqueid") in asterisk.pbx.calls
    assert asterisk.names()[-1] == "AsyncAGIStart"
    assert "'sing' is unknown" in asterisk.act("SimulateCall", *caller, ("Script", "sing")).get("Message")
