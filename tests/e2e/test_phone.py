import pytest

from tests.harness.e2e.audio import frequency_hz, level_dbm0
from tests.harness.e2e.phone import TELEPHONE_EVENT, Phone

pytestmark = pytest.mark.loopback


@pytest.fixture
def phones():
    with Phone() as one, Phone() as other:
        yield one, other


def test_tone_of_one_phone_is_heard_by_the_other_in_one_stream(phones):
    one, other = phones
    one.play_tone(425, -15.0)
    one.connect(other.host, other.port)
    pcm = other.listen(0.5)
    assert frequency_hz(pcm) == pytest.approx(425, abs=1)
    assert level_dbm0(pcm) == pytest.approx(-15.0, abs=0.2)
    sequences = [packet.sequence for packet in other.packets]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))


def test_echo_comes_back(phones):
    one, other = phones
    other.echo()
    one.play_tone(425)
    one.connect(other.host, other.port)
    assert frequency_hz(one.listen(0.3)) == pytest.approx(425, abs=1)


def test_key_is_sent_as_one_event_that_ends_three_times(phones):
    one, other = phones
    one.connect(other.host, other.port)
    one.press("#", 0.1)
    other.wait_for_packets(12)
    events = [packet for packet in other.packets if packet.payload_type == TELEPHONE_EVENT]
    assert [packet.payload[0] for packet in events] == [11] * 7
    assert [packet.payload[1] >> 7 for packet in events] == [0, 0, 0, 0, 1, 1, 1]
    assert [packet.marker for packet in events] == [True] + [False] * 6
    assert len({packet.timestamp for packet in events}) == 1
    assert int.from_bytes(events[-1].payload[2:]) == 800


def test_phone_that_plays_nothing_sends_nothing(phones):
    one, other = phones
    one.play_nothing()
    one.connect(other.host, other.port)
    with pytest.raises(AssertionError, match="0 of 1"):
        other.wait_for_packets(1, timeout_s=0.1)
