"""A caller who writes AMI: his number, his name or the number he dialled holds line ends (seen on Asterisk 22.10)."""

import pytest

from exoswitch.ami.message import AmiMessage, encode
from exoswitch.call.events import ChannelHungUp, MediaAnnounced, SwitchLost
from tests.harness.ami_rig import switch_rig

VICTIM = "pbx1-1795698061.0"
LEG = ("Channel", "UnicastRTP/10.0.0.5:20000-0x7f01")


@pytest.fixture
def rig():
    with switch_rig() as rig:
        rig.start()
        rig.recorder.events.clear()
        yield rig


def written_by_a_caller(rig, text):
    """Give an event whose caller's number is this text, as Asterisk writes it."""
    rig.far.give(
        b"Event: AsyncAGIStart\r\nPrivilege: agi,all\r\nChannel: PJSIP/lab-1\r\nCallerIDNum: "
        + text.encode()
        + b"\r\n"
        b"CallerIDName: <unknown>\r\nExten: +911\r\nUniqueid: 17.9\r\nLinkedid: 17.9\r\nEnv: \r\n\r\n"
    )


def test_hang_up_that_a_caller_writes_ends_no_call(rig):
    written_by_a_caller(rig, f"1\r\n\r\nEvent: Hangup\r\nUniqueid: {VICTIM}\r\nCause: 16\r\n\r\n")
    assert not [event for event in rig.recorder.events if isinstance(event, ChannelHungUp)]
    assert rig.switch.disbelieved >= 1
    assert [action.get("Channel") for action in rig.far.asked("Getvar")] == [VICTIM]


def test_hang_up_that_asterisk_confirms_is_told_at_once_and_once(rig):
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", VICTIM), ("Cause", "17"))
    assert rig.recorder.events == [ChannelHungUp(VICTIM, 17, "", by_peer=False)]
    assert len(rig.far.asked("Getvar")) == 1


def test_hang_up_without_an_answer_costs_the_link_and_the_next_list_decides(rig):
    rig.far.silent = {"Getvar"}
    gone, up = ("Uniqueid", "17.1"), ("Uniqueid", "17.2")
    for channel in (gone, up):
        rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), channel, ("Cause", "17"))
    rig.clock.advance(10)
    assert rig.recorder.events == [SwitchLost("Asterisk pbx1 did not answer Getvar within 10 s")]
    rig.far.channels = [AmiMessage((("Channel", "PJSIP/lab-2"), up))]
    rig.far.silent = set()
    rig.reconnect()
    assert rig.recorder.events[1] == ChannelHungUp("17.1", 17, "", by_peer=False)
    assert not [event for event in rig.recorder.events if event == ChannelHungUp("17.2", 17, "", by_peer=False)]


def test_hang_up_is_believed_if_our_user_may_not_ask(rig):
    rig.far.refused = {"Getvar"}
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", VICTIM), ("Cause", "16"))
    assert rig.recorder.events == [ChannelHungUp(VICTIM, 16, "", by_peer=False)]


def test_leg_that_a_caller_writes_moves_no_call(rig):
    leg = f"Channel: UnicastRTP/6.6.6.6:666-0x1\r\nUniqueid: 17.8\r\nLinkedid: {VICTIM}\r\n"
    for variable, value in (("ADDRESS", "6.6.6.6"), ("PORT", "666")):
        text = f"1\r\n\r\nEvent: VarSet\r\n{leg}Variable: UNICASTRTP_LOCAL_{variable}\r\nValue: {value}\r\n\r\n"
        rig.far.gone = {"Getvar"}
        written_by_a_caller(rig, text)
    assert not [event for event in rig.recorder.events if isinstance(event, MediaAnnounced)]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (f"{VICTIM},10.0.0.9,4000", [MediaAnnounced(VICTIM, "10.0.0.9", 4000, ("10.0.0.5", 20000))]),
        ("another,10.0.0.9,4000", []),
        (f"{VICTIM},rtp.example.org,4000", []),
        ("nonsense", []),
    ],
)
def test_address_of_a_leg_is_what_asterisk_answers(rig, answer, told):
    rig.far.silent = {"Getvar"}
    for variable, value in (("ADDRESS", "6.6.6.6"), ("PORT", "666")):
        headers = ("Variable", f"UNICASTRTP_LOCAL_{variable}"), ("Value", value)
        rig.far.tell("VarSet", LEG, ("Uniqueid", "17.8"), ("Linkedid", VICTIM), *headers)
    (asked,) = rig.far.asked("Getvar")
    assert asked.get("Channel") == LEG[1]
    reply = ("Response", "Success"), ("ActionID", asked.action_id), ("Value", answer)
    rig.far.give(encode(AmiMessage(reply)))
    assert rig.recorder.events == told


@pytest.mark.parametrize(
    "name", ["Uniqueid", "UNIQUEID", "Linkedid", "Event", "ActionID", "EventList", "Exten", "Env"]
)
def test_event_with_a_repeated_header_is_refused_and_counted(rig, name):
    written_by_a_caller(rig, f"1\r\n{name}: {VICTIM}\r\n{name}: {VICTIM}")
    assert rig.recorder.events == []
    assert rig.switch.disbelieved == 1


def test_part_that_does_not_begin_like_a_message_is_refused(rig):
    written_by_a_caller(rig, "1\r\n\r\nX: y")
    assert rig.switch.disbelieved == 2  # The first part names no channel.


def test_list_cannot_be_cut_short_by_the_text_of_a_channel(rig):
    cut = ("CallerIDNum", "1"), ("EventList", "Complete")
    rig.far.channels = [
        AmiMessage((("Channel", "PJSIP/lab-1"), *cut, ("Uniqueid", "17.1"))),
        AmiMessage((("Channel", "PJSIP/lab-2"), ("Uniqueid", "17.2"))),
    ]
    rig.far.line.end(ConnectionError("lost"))
    rig.reconnect()
    assert rig.recorder.events[-1].channel_ids == {"17.1", "17.2"}


def test_identifiers_that_answers_need_cannot_be_counted(rig):
    results = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    ids = [action.action_id for action in rig.far.actions]
    assert len(set(ids)) == len(ids)
    assert min(map(len, ids)) >= 32
    command_id = rig.far.asked("AGI")[0].get("CommandID")
    assert len(command_id) == 32
    rig.far.tell("AsyncAGIExec", ("Uniqueid", "17.1"), ("CommandId", "gw1/17.1"), ("Result", "200 result=1 (gw2)"))
    assert results == []
    rig.claim_answered("gw1")
    assert len(results) == 1
