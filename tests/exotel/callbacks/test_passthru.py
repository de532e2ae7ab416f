import json
from urllib.parse import parse_qsl

import pytest
from attrs import evolve

from exoswitch.call import endings
from exoswitch.call.passthru import Passthru
from exoswitch.call.session import BotTarget, CallStatus, Direction, Ending, Flow, Session
from exoswitch.call.stream_options import StreamOptions
from exoswitch.exotel.callbacks.passthru import call_parameters, question, stream_parameter, stream_parameters

CREATED_AT = 1645599719.5  # 23 February 2022, 12:31:59 in India


def ended(ending, talked_s=12.4):
    session = Session(
        call_sid="c" * 32,
        stream_sid="s" * 32,
        account="acme1",
        direction=Direction.INBOUND,
        customer="+919812345610",
        exophone="+918047491899",
        bot=BotTarget(url="wss://user:hunter2@bot.example.org/ws?lang=hi"),
        created_at=1000.0,
        updated_at=1000.0,
    )
    return session.progressed(CallStatus.IN_PROGRESS, 1003.0).ended(ending, 1003.0 + talked_s)


@pytest.mark.parametrize(
    ("ending", "status", "by"),
    [
        (endings.bot_closed(1000, ""), "completed", "bot"),
        (endings.caller_hung_up(16), "cancelled", "user"),
        (endings.too_long(3600), "completed", "NA"),
        (endings.stopped("the gateway stopped"), "completed", "NA"),
    ],
)
def test_an_ended_stream_has_exotels_parameters(ending, status, by):
    assert list(stream_parameters(ended(ending)).items()) == [
        ("Stream[StreamSID]", "s" * 32),
        ("Stream[Status]", status),
        ("Stream[Duration]", "12"),
        ("Stream[StreamUrl]", "wss://bot.example.org/ws?lang=hi"),
        ("Stream[DisconnectedBy]", by),
    ]


def test_an_unreachable_bot_is_a_failure_with_its_error():
    error = "3009 failed to establish ws conn: bot.example.org:443: no answer within 10 s"
    told = stream_parameters(ended(endings.bot_unreachable(error), talked_s=20.0))
    assert (told["Stream[Status]"], told["Stream[DisconnectedBy]"]) == ("failed", "NA")
    assert (told["Stream[Error]"], told["Stream[Duration]"]) == (error, "0")


def test_a_lost_connection_has_an_error_besides_its_status():
    why = "the connection was lost without a closing handshake (1006)"
    assert stream_parameters(ended(endings.bot_closed(None, why)))["Stream[Error]"] == why
    assert stream_parameters(ended(endings.bot_closed(None, "")))["Stream[Error]"] == "no close frame"


def test_a_call_without_a_stream_has_no_parameters():
    busy = Ending(status=CallStatus.BUSY, reason="not answered: the phone is busy", cause=17)
    session = ended(busy, talked_s=0)
    assert stream_parameters(session) == stream_parameter(session) == {}


def test_the_same_facts_are_in_one_key_as_json():
    session = ended(endings.bot_closed(1000, ""))
    told = json.loads(stream_parameter(session)["Stream"])
    assert {f"Stream[{name}]": value for name, value in told.items()} == stream_parameters(session)


def test_credentials_are_left_out():
    assert "hunter2" not in repr(stream_parameters(ended(endings.bot_closed(1000, ""))))


# --- The call ----------------------------------------------------------------------------------------------------

CALL = evolve(
    ended(endings.bot_closed(1000, "")),
    bot=BotTarget(url="wss://bot.example.org/ws", app="1001"),
    created_at=CREATED_AT,
    status=CallStatus.IN_PROGRESS,
    ended_at=None,
    ending=None,
    flow=Flow(ended=endings.bot_closed(1000, "bye"), ended_s=12.4),
)


def test_a_call_has_exotels_keys_in_exotels_order_with_indian_times():
    assert list(call_parameters(CALL, CREATED_AT + 62).items()) == [
        ("CallSid", "c" * 32),
        ("CallFrom", "09812345610"),
        ("CallTo", "08047491899"),
        ("Direction", "incoming"),
        ("ForwardedFrom", "null"),
        ("Created", "Wed, 23 Feb 2022 12:31:59"),
        ("StartTime", "2022-02-23 12:31:59"),
        ("CurrentTime", "2022-02-23 12:33:01"),
        ("EndTime", "1970-01-01 05:30:00"),
        ("CallType", "completed"),
        ("CallStatus", "in-progress"),
        ("ProcessStatus", "null"),
        ("flow_id", "1001"),
        ("tenant_id", "acme1"),
        ("From", "09812345610"),
        ("To", "08047491899"),
    ]


def test_of_a_call_that_we_placed_from_is_our_number_and_to_the_dialled_one():
    told = call_parameters(evolve(CALL, direction=Direction.OUTBOUND, custom_field="order 7"), CREATED_AT)
    assert (told["Direction"], told["CustomField"]) == ("outbound-dial", "order 7")
    assert (told["CallFrom"], told["CallTo"]) == (told["From"], told["To"]) == ("08047491899", "09812345610")


def test_numbers_are_written_as_the_bot_wants_them():
    bot = evolve(CALL.bot, options=StreamOptions(numbers="e164"))
    assert call_parameters(evolve(CALL, bot=bot), CREATED_AT)["From"] == "+919812345610"


def test_keys_that_were_pressed_are_in_quotes():
    flow = evolve(CALL.flow, digits="12#")
    assert call_parameters(evolve(CALL, flow=flow), CREATED_AT)["digits"] == '"12#"'


def test_a_call_whose_bot_could_not_be_reached_is_an_attempt():
    flow = Flow(ended=endings.bot_unreachable("3009 refused"), ended_s=3.0)
    told = evolve(CALL, flow=flow)
    assert call_parameters(told, CREATED_AT)["CallType"] == "call-attempt"
    assert stream_parameters(told)["Stream[Error]"] == "3009 refused"


def test_a_stream_that_ended_before_its_call_is_told_with_its_own_length():
    flow = Flow(hops=1, began_s=20.0, ended=endings.bot_closed(1000, ""), ended_s=27.6)
    told = stream_parameters(evolve(CALL, flow=flow))
    assert (told["Stream[Status]"], told["Stream[Duration]"]) == ("completed", "8")


def test_the_stream_of_a_later_app_that_ends_with_the_call_counts_from_its_hop():
    session = evolve(ended(endings.caller_hung_up(16), talked_s=27.6), flow=Flow(hops=1, began_s=20.0))
    assert stream_parameters(session)["Stream[Duration]"] == "8"


# --- The URL -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("https://crm.example.org/p", "https://crm.example.org/p?CallSid="),
        ("https://crm.example.org/p?", "https://crm.example.org/p?CallSid="),
        ("https://crm.example.org/p?key=a%2fb;c&", "https://crm.example.org/p?key=a%2fb;c&CallSid="),
        ("https://u:p@crm.example.org/p?key=a+b", "https://u:p@crm.example.org/p?key=a+b&CallSid="),
    ],
)
def test_the_query_of_the_url_stays_as_it_is_written(url, begins):
    assert question(CALL, Passthru(url=url), CREATED_AT).startswith(begins)


def test_the_facts_come_back_from_the_query():
    flow = evolve(CALL.flow, digits="1")
    session = evolve(CALL, custom_field="a&b=c d+é", flow=flow)
    url = question(session, Passthru(url="https://crm.example.org/p"), CREATED_AT)
    assert "digits=%221%22" in url
    assert "Created=Wed%2C+23+Feb+2022+12%3A31%3A59" in url
    told = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True, strict_parsing=True))
    assert told == call_parameters(session, CREATED_AT) | stream_parameters(session)


def test_a_recording_is_named_among_the_facts_of_the_stream():
    link = "https://exo.example.org/exotelrecordings/acme1/c1.mp3"
    url = question(CALL, Passthru(url="https://crm.example.org/p"), CREATED_AT, link)
    keys = [key for key, _ in parse_qsl(url) if key.startswith("Stream[")]
    assert keys[3:6] == ["Stream[StreamUrl]", "Stream[RecordingUrl]", "Stream[DisconnectedBy]"]
    assert dict(parse_qsl(url))["Stream[RecordingUrl]"] == link


def test_with_json_the_stream_is_one_key():
    url = question(CALL, Passthru(url="https://crm.example.org/p", is_json=True), CREATED_AT)
    told = dict(parse_qsl(url.partition("?")[2]))
    assert json.loads(told["Stream"])["Status"] == "completed"
    assert not [key for key in told if key.startswith("Stream[")]
