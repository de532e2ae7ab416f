import pytest
from attrs import evolve

from exoswitch.audio.frames import SILENCE_PCM
from exoswitch.call.effects import StopReason
from exoswitch.call.session import Direction
from exoswitch.certify.caller import recorded
from exoswitch.certify.kept import Kept
from exoswitch.certify.replay import replay_of
from exoswitch.certify.verdict import Verdict
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.reading import read_trace
from exoswitch.exotel.trace.trace import Attempted, Closed, Header, MediaSettings, Message, Opened, TraceError
from tests.harness.certify_seen import SID, TERMS, TONE, media, tape
from tests.harness.wire import Messages, stream_start

HEADER = Header(
    call_sid="c" * 32,
    stream_sid=SID,
    account="acme1",
    direction=Direction.INBOUND,
    started_at=1_790_000_000.0,
    exoswitch="0",
    payloads=True,
)


def conversation(answers=50, *, header=HEADER, hangs_up=True):
    """Make a trace: the caller says a second of a tone and presses a key; the bot answers."""
    kept = Kept(header)
    bot = stream_start(numbers="e164").bot
    numbers = {"customer": "+919812345610", "exophone": "+918047491899"}
    writer = Messages(stream_sid=SID, call_sid="c" * 32, bot=bot, **numbers)

    def says(side, at_ms, data):
        kept.add(Message(at_ms, side, data))

    kept.add(Attempted(0, "ws://user:hush@bot.example.org/?key=hush"))
    kept.add(Opened(100))
    says(Side.GATEWAY, 100, writer.connected())
    says(Side.GATEWAY, 100, writer.start())
    for number in range(50):
        says(Side.GATEWAY, 120 + 20 * number, writer.media(TONE[number]))
        if number < answers:
            says(Side.BOT, 120 + 20 * number, media(TONE[number]))
    says(Side.GATEWAY, 1190, writer.dtmf("5", 100))
    if hangs_up:
        says(Side.GATEWAY, 1500, writer.stop(StopReason.CALL_ENDED))
    kept.add(Closed(1600, 1000, "", Side.GATEWAY if hangs_up else Side.BOT))
    return kept


def test_a_kept_trace_is_readable_and_has_no_secrets():
    data = conversation().lines()
    assert conversation().trace().messages(Side.GATEWAY)[1].parsed()["start"]["from"] == "+919812345610"
    assert b"hush" not in data
    assert b"9812345610" not in data
    read = read_trace(data.splitlines(keepends=True))
    assert read.header == HEADER
    assert len(read.entries) == len(conversation().trace().entries)


def test_a_kept_trace_is_bounded():
    kept = Kept(HEADER)
    for _ in range(70_000):
        kept.add(Opened(1))
    assert len(kept.trace().entries) == 60_001


def played(plan, sample_rate_hz):
    """Give the moments of the caller, until the hang-up."""
    return list(recorded(plan.recorded, sample_rate_hz, tape(), lambda: 0.0))


def test_a_recorded_caller_repeats_audio_keys_and_hang_up():
    (plan,) = replay_of(conversation().trace(), TERMS).plans
    ticks = played(plan, 8000)
    assert [moment.pcm for moment in ticks[:50]] == list(TONE)
    assert {moment.pcm for moment in ticks[50:]} == {SILENCE_PCM}
    assert [(number, moment.digit) for number, moment in enumerate(ticks) if moment.digit] == [(55, "5")]
    assert len(ticks) in {70, 71}
    assert plan.longest_s == pytest.approx(1.4)


def test_the_caller_waits_longer_if_the_recorded_bot_closed():
    (plan,) = replay_of(conversation(hangs_up=False).trace(), TERMS).plans
    assert plan.longest_s == pytest.approx(11.09)


def test_a_recording_at_a_higher_rate_is_replayed_at_that_rate():
    header = evolve(HEADER, media=MediaSettings(sample_rate_hz=16_000, chunk_ms=40))
    (plan,) = replay_of(conversation(header=header).trace(), TERMS).plans
    assert plan.target(TERMS.url) == "ws://bot.example.org/?sample-rate=16000"
    assert plan.options.chunk_ms == 40
    ticks = played(plan, 16_000)
    assert {len(moment.pcm) for moment in ticks} == {320}


def test_a_recording_without_audio_is_refused():
    with pytest.raises(TraceError, match="audio"):
        replay_of(conversation(header=evolve(HEADER, payloads=False)).trace(), TERMS)


def verdicts(recorded, seen, *, strict=False):
    scenario = replay_of(recorded.trace(), TERMS, strict=strict)
    one = tape()
    one.kept = seen
    return [finding.verdict for expectation in scenario.expects for finding in expectation([one], TERMS)]


def test_the_same_conversation_passes():
    assert verdicts(conversation(), conversation()) == [Verdict.PASS]


def test_a_different_answer_is_a_note_and_a_failure_if_strict():
    assert set(verdicts(conversation(), conversation(answers=0))) == {Verdict.NOTE}
    assert set(verdicts(conversation(), conversation(answers=0), strict=True)) == {Verdict.FAIL}


def test_a_different_end_fails():
    assert verdicts(conversation(), conversation(hangs_up=False)) == [Verdict.FAIL]
