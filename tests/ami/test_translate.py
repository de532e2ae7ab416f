from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from exoswitch.ami.filters import WANTED_EVENTS
from exoswitch.ami.message import AmiDecoder, AmiMessage
from exoswitch.ami.translate import (
    ARRIVALS_KEPT,
    HALVES_KEPT,
    REQUESTS_KEPT,
    TRANSLATED_EVENTS,
    EventTranslator,
)
from exoswitch.call.events import (
    CallArrived,
    ChannelAnswered,
    ChannelDialled,
    ChannelHungUp,
    ChannelRinging,
    DialFailed,
    DigitPressed,
    MediaAnnounced,
    OriginateFailed,
)
from exoswitch.errors import RemoteProtocolError

TRANSCRIPTS = Path(__file__).parent / "transcripts"  # of Asterisk 22.10 with SIPp as the trunk
INBOUND = "1795364203.11"


def read(name: str) -> list[AmiMessage]:
    return AmiDecoder().feed((TRANSCRIPTS / f"{name}.txt").read_bytes())


def events_of(name: str) -> list[object]:
    translator = EventTranslator()
    return [event for message in read(name) if (event := translator.translate(message))]


def event(name: str, **headers: str) -> AmiMessage:
    return AmiMessage((("Event", name), *headers.items()))


def test_answered_call_is_told_step_by_step_and_its_digit_once():
    call = "sid-answered"
    *beginning, media, digit, end = events_of("answered")
    assert beginning == [ChannelDialled(call), ChannelRinging(call), ChannelAnswered(call)]
    assert (media.channel_id, media.host) == (call, "127.0.0.1")
    assert media.leg is not None
    assert media.leg[0] == "127.0.0.1"
    assert digit == DigitPressed(call, "5", 120)
    assert end == ChannelHungUp(call, 16, "Normal Clearing", by_peer=False)


def test_hang_up_of_the_far_end_is_told_once():
    assert [type(each) for each in events_of("answered_far_end_hangs_up")] == [
        ChannelDialled,
        ChannelRinging,
        ChannelAnswered,
        MediaAnnounced,
        ChannelHungUp,
    ]


def test_busy_phone_tells_its_dial_status_and_cause():
    assert events_of("busy") == [
        ChannelDialled("sid-busy"),
        OriginateFailed("sid-busy", 0),
        DialFailed("sid-busy", "BUSY"),
        ChannelHungUp("sid-busy", 17, "User busy", sip_status=486, by_peer=True),
    ]


def test_refusal_shows_in_the_cause_only():
    assert events_of("declined") == [
        ChannelDialled("sid-603"),
        DialFailed("sid-603", "NOANSWER"),
        ChannelHungUp("sid-603", 21, "Call Rejected", sip_status=603, by_peer=True),
        OriginateFailed("sid-603", 0),
    ]


def test_phone_without_an_answer_has_no_dial_status():
    assert events_of("no_answer") == [
        ChannelDialled("sid-noanswer"),
        ChannelRinging("sid-noanswer"),
        OriginateFailed("sid-noanswer", 3),
        ChannelHungUp("sid-noanswer", 19, "User alerting, no answer", sip_status=480, by_peer=False),
    ]


def test_silent_trunk_looks_like_no_answer_without_ringing():
    assert [type(each) for each in events_of("silent_trunk")] == [ChannelDialled, OriginateFailed, ChannelHungUp]


@pytest.mark.parametrize(("name", "call"), [("dead_trunk", "sid-noendpoint"), ("unreachable", "sid-unreachable")])
def test_trunk_that_asterisk_does_not_have_or_that_answers_no_options_never_has_a_channel(name, call):
    assert events_of(name) == [OriginateFailed(call, 0)]


@pytest.mark.parametrize(
    ("name", "cause", "text", "sip_status"),
    [
        ("refused_404", 1, "Unallocated (unassigned) number", 404),
        ("refused_480", 19, "User alerting, no answer", 480),  # in spite of Reason: Q.850;cause=34
        ("refused_503", 34, "Circuit/channel congestion", 503),
        ("refused_302", 23, "Redirected to new destination", 302),
        ("refused_after_ringing", 19, "User alerting, no answer", 480),
        ("refused_after_announcement", 19, "User alerting, no answer", 480),
        ("silent_timer_b", 18, "No user responding", 408),
    ],
)
def test_hang_up_after_a_refusal_has_the_sip_status_and_is_the_trunks(name, cause, text, sip_status):
    events = events_of(name)
    call = events[0].channel_id
    assert ChannelHungUp(call, cause, text, sip_status, by_peer=True) in events
    assert OriginateFailed(call, 0) in events
    assert (ChannelRinging(call) in events) == ("after" in name)


@pytest.mark.parametrize("name", ["hung_up_while_trying", "hung_up_while_silent", "hung_up_while_ringing"])
def test_hang_up_of_our_own_while_the_phone_is_dialled_has_no_sip_status(name):
    events = events_of(name)
    call = events[0].channel_id
    assert ChannelHungUp(call, 16, "Normal Clearing", sip_status=None, by_peer=False) in events
    assert [event for event in events if isinstance(event, DialFailed)] == [DialFailed(call, "NOANSWER")]


def test_nothing_in_ami_tells_why_a_trunk_answers_503():
    """The answer was ``503 CPS limit exceeded`` with Retry-After, Warning and a header of the carrier's own."""
    text = (TRANSCRIPTS / "refused_503.txt").read_text()
    assert "TechCause: 503" in text
    assert not [word for word in ("Retry", "CPS", "limit", "Warning", "exceeded") if word in text]


def test_inbound_call_arrives_and_is_bridged_and_has_one_digit():
    arrival, media, digit, end = events_of("inbound")
    assert arrival == CallArrived(INBOUND, caller="+919812345678", callee="+918047491899", trunk="lab")
    assert (media.channel_id, media.host) == (INBOUND, "127.0.0.1")
    assert digit == DigitPressed(INBOUND, "7", 100)
    assert end == ChannelHungUp(INBOUND, 16, "Normal Clearing", by_peer=False)


@pytest.mark.parametrize("name", ["answered", "inbound", "busy", "no_answer", "dead_trunk"])
def test_skipping_unwanted_events_changes_nothing(name):
    translator = EventTranslator()
    decoder = AmiDecoder(wanted=WANTED_EVENTS)
    messages = decoder.feed((TRANSCRIPTS / f"{name}.txt").read_bytes())
    assert [told for message in messages if (told := translator.translate(message))] == events_of(name)
    assert len(messages) < len(read(name)) or name == "dead_trunk"


def test_waiting_call_in_the_list_of_channels_arrives_once():
    channels = [message for message in read("waiting") if message.event == "CoreShowChannel"]
    arrival = CallArrived(channels[0].get("Uniqueid"), caller="+919812345678", callee="+918047491899", trunk="lab")
    late, informed = EventTranslator(), EventTranslator()
    for message in read("waiting"):
        if message.event == "AsyncAGIStart":
            informed.translate(message)
    assert late.arrivals(channels) == [arrival]
    assert late.arrivals(channels) == []
    assert informed.arrivals(channels) == []


def test_bridged_call_in_the_list_of_channels_does_not_arrive():
    bridged = event("CoreShowChannel", Uniqueid="1", Application="Dial", ApplicationData="UnicastRTP/…")
    assert EventTranslator().arrivals([bridged]) == []


def test_failed_originate_without_a_channel_is_known_by_its_action():
    failed = event("OriginateResponse", Response="Failure", Uniqueid="<unknown>", Reason="0", ActionID="sid1")
    assert EventTranslator().translate(failed) == OriginateFailed("sid1", 0)


def test_dial_of_our_own_leg_is_not_the_dial_of_the_phone():
    translator = EventTranslator()
    leg = {"Channel": "PJSIP/lab-1", "Uniqueid": "sid1", "DestChannel": "UnicastRTP/x", "DestUniqueid": "2"}
    assert translator.translate(event("DialBegin", **leg)) is None
    assert translator.translate(event("DialState", DialStatus="RINGING", **leg)) is None
    assert translator.translate(event("DialEnd", DialStatus="ANSWER", **leg)) is None


def test_withheld_number_is_empty_and_the_extension_replaces_an_unknown_dnid():
    arrival = event(
        "AsyncAGIStart", Uniqueid="1", Env="agi_callerid%3A%20unknown%0Aagi_dnid%3A%20unknown%0A", Exten="99"
    )
    assert EventTranslator().translate(arrival) == CallArrived("1", caller="", callee="99")


def test_halves_of_addresses_are_bounded():
    translator = EventTranslator()
    for number in range(5000):
        half = {"Channel": f"UnicastRTP/{number}", "Uniqueid": str(number), "Variable": "UNICASTRTP_LOCAL_PORT"}
        assert translator.translate(event("VarSet", Value="1", **half)) is None
    assert len(translator._halves) == HALVES_KEPT


@pytest.mark.parametrize("name", sorted(TRANSLATED_EVENTS))
def test_event_without_its_headers_means_nothing_or_is_refused(name):
    with suppress(RemoteProtocolError):
        assert EventTranslator().translate(event(name)) is None


def test_invalid_digits_are_dropped():
    translator = EventTranslator()
    assert translator.translate(event("DTMFEnd", Direction="Received", Digit="f", Channel="PJSIP/1")) is None


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("10.0.0.1", "٣"),
        ("10.0.0.1", "0"),
        ("10.0.0.1", "65536"),
        ("rtp.slow.example", "20000"),
        ("10.0.0.1.", "20000"),
        ("0.0.0.0", "20000"),
        ("224.0.0.1", "20000"),
        ("", "20000"),
    ],
)
def test_leg_is_announced_at_the_address_of_one_machine_or_refused(host, port):
    translator = EventTranslator()
    leg = {"Channel": "UnicastRTP/1", "Uniqueid": "1", "Linkedid": "2"}
    assert translator.translate(event("VarSet", Variable="UNICASTRTP_LOCAL_ADDRESS", Value=host, **leg)) is None
    with pytest.raises(RemoteProtocolError, match="media address"):
        translator.translate(event("VarSet", Variable="UNICASTRTP_LOCAL_PORT", Value=port, **leg))


@pytest.mark.parametrize("name", ["\u2028", "\u0085", "\v", "\f", "\r", "\n", "x\n"])
def test_display_name_with_lines_replaces_neither_number(name):
    lines = f"agi_callerid: +911\nagi_calleridname: {name}agi_callerid: +912\nagi_dnid: +913\nagi_dnid: +914\n"
    arrival = event("AsyncAGIStart", Uniqueid="1", CallerIDNum="+911", Exten="+913", Env=quote(lines, safe=""))
    assert EventTranslator().translate(arrival) == CallArrived("1", caller="+911", callee="+913")
    without = event("AsyncAGIStart", Uniqueid="1", Env=quote(lines, safe=""))
    assert EventTranslator().translate(without).caller == "+911"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+919812345610;npdi=yes", "+919812345610"),
        ("9812345610;phone-context=+91", "9812345610"),
        ("Jos\ufffd", ""),
        ("1\r2", ""),
        ("9" * 65, ""),
        ("anonymous", "anonymous"),
    ],
)
def test_callers_and_extensions_are_cut_at_their_parameters_and_are_plain_text(written, read):
    arrival = event("AsyncAGIStart", Uniqueid="1", CallerIDNum=written, Exten=written)
    assert EventTranslator().translate(arrival) == CallArrived("1", caller=read, callee=read)


def test_table_of_arrivals_is_bounded():
    translator = EventTranslator()
    for number in range(ARRIVALS_KEPT + 100):
        translator.translate(event("AsyncAGIStart", Uniqueid=str(number)))
    assert len(translator._arrived) == ARRIVALS_KEPT


@pytest.mark.parametrize("channel_id", ["a b", "a\nb", "é", "x" * 151])
def test_event_of_no_channel_is_refused(channel_id):
    with pytest.raises(RemoteProtocolError):
        EventTranslator().translate(event("Hangup", Uniqueid=channel_id, Cause="16"))


def test_hang_up_that_the_trunk_asked_for_is_told_as_its_own():
    translator = EventTranslator()
    assert translator.translate(event("HangupRequest", Uniqueid="1", Channel="PJSIP/lab-00000001")) is None
    assert translator.translate(event("Hangup", Uniqueid="1", Cause="16")).by_peer is True
    translator.hung_up("1")
    assert translator.translate(event("Hangup", Uniqueid="1", Cause="16")).by_peer is False


def test_table_of_the_trunks_hang_ups_is_bounded_and_forgets_what_is_not_up():
    translator = EventTranslator()
    for number in range(REQUESTS_KEPT + 100):
        translator.translate(event("HangupRequest", Uniqueid=str(number)))
    assert len(translator._ended_by_peer) == REQUESTS_KEPT
    translator.arrivals([event("CoreShowChannel", Uniqueid="200")])
    assert list(translator._ended_by_peer) == ["200"]


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("486", 486),
        ("300", 300),
        ("699", 699),
        ("200", None),
        ("700", None),
        ("99", None),
        ("", None),
        ("4 86", None),
    ],
)
def test_sip_status_of_a_hang_up_is_that_of_a_refusal(written, status):
    assert EventTranslator().translate(event("Hangup", Uniqueid="1", TechCause=written)).sip_status == status


@pytest.mark.parametrize(
    ("channel", "trunk"),
    [
        ("PJSIP/bsnl-ap-1-0000002a", "bsnl-ap-1"),
        ("PJSIP/lab-00000001", "lab"),
        ("PJSIP/lab", ""),
        ("PJSIP/-00000001", ""),
        ("UnicastRTP/lab-00000001", ""),
        ("", ""),
    ],
)
def test_channel_of_an_inbound_call_names_its_trunk(channel, trunk):
    arrival = event("AsyncAGIStart", Channel=channel, Uniqueid="1", Exten="99")
    assert EventTranslator().translate(arrival).trunk == trunk
    waiting = event("CoreShowChannel", Channel=channel, Uniqueid="2", Application="AGI", ApplicationData="agi:async")
    assert EventTranslator().arrivals([waiting])[0].trunk == trunk
