import json

import pytest

from exoswitch.call import endings
from exoswitch.call.session import BotTarget, CallStatus, Direction, Ending, Session
from exoswitch.exotel.callbacks.passthru import stream_parameter, stream_parameters


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
