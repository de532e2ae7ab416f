import pytest
from attrs import evolve

from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.replay_comparison import Tolerances, compare_conversations
from exoswitch.exotel.trace.trace import Binary, Failed
from tests.harness.traces_at_hand import (
    RECORDED,
    bot,
    closed,
    gateway,
    mark,
    media,
    message,
    recorded,
    trace,
)

START = gateway(100, message("start", stream_sid="s"))
CLEAR = {"event": "clear"}
END = closed(9000)


def differences(then, now, **tolerances):
    one, other = (trace(START, *entries) for entries in (then, now))
    return [str(difference) for difference in compare_conversations(one, other, Tolerances(**tolerances))]


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_equal_conversations_have_no_differences(path):
    assert compare_conversations(recorded(path), recorded(path)) == []


def test_audio_is_compared_without_regard_to_message_sizes():
    many = [bot(200 + 20 * number, media(20)) for number in range(50)]
    assert differences([bot(300, media(1000)), bot(310, mark("m")), END], [*many, bot(1300, mark("m")), END]) == []


def test_omitted_audio_is_compared_by_its_length():
    said = bot(200, media(2000))
    left_out = type(said)(200, Side.BOT, b'{"event":"media","media":{}}', 32_000)
    assert differences([said], [left_out]) == []


def test_the_time_to_the_first_audio_is_compared():
    said, later = [bot(300, media(100))], [bot(1400, media(100))]
    told = ["first audio: after 0.20 s in the recording, after 1.30 s now"]
    assert differences(said, later) == told
    assert differences(said, later, first_audio_ms=1200) == []


def test_the_amount_of_audio_is_compared():
    assert differences([bot(200, media(3000))], [bot(200, media(2000))]) == [
        "audio: 3.00 s in the recording, 2.00 s now"
    ]
    assert differences([bot(200, media(10_000))], [bot(200, media(9_100))]) == []
    assert differences([bot(200, media(100))], []) == [
        "first audio: after 0.10 s in the recording, never now",
        "the bot's turn 1: audio in the recording, nothing more now",
    ]


def test_kinds_and_their_order_are_compared():
    then = [bot(200, mark("a")), bot(210, CLEAR), bot(220, CLEAR), Binary(225, 3), bot(230, {"event": "stop"})]
    now = [bot(200, mark("b")), bot(210, CLEAR), bot(220, b"what")]
    assert differences(then, now) == [
        "the bot's turn 1: mark 'a' in the recording, mark 'b' now",
        "mark 'a': once in the recording, 0 times now",
        "clear: 2 times in the recording, once now",
        "a binary message: once in the recording, 0 times now",
        "event 'stop': once in the recording, 0 times now",
        "mark 'b': 0 times in the recording, once now",
        "a message that is not JSON: 0 times in the recording, once now",
    ]


def test_mark_names_are_not_compared_if_configured():
    assert differences([bot(200, mark("4f1"))], [bot(200, mark("9c7"))], mark_names=False) == []


def test_the_closing_side_and_code_are_compared():
    assert differences([closed(900)], [closed(900)]) == []
    assert differences([closed(900)], [closed(900, Side.GATEWAY)]) == [
        "the end: closed by the bot with code 1000 in the recording, closed by the gateway with code 1000 now"
    ]
    assert differences([closed(900)], []) == [
        "the end: closed by the bot with code 1000 in the recording, no end now"
    ]


def test_an_unreachable_bot_is_a_different_end():
    reached = trace(START, bot(200, mark("m")), END)
    failed = evolve(reached, entries=(Failed(10, "3009 no"),))
    assert [str(difference) for difference in compare_conversations(reached, failed)] == [
        "the bot's turn 1: mark 'm' in the recording, nothing more now",
        "mark 'm': once in the recording, 0 times now",
        "the end: closed by the bot with code 1000 in the recording, not reached now",
    ]
