"""Loss, duplicates, restarts and jitter of one source."""

import pytest

from exoswitch.rtp.packet import RtpPacket
from exoswitch.rtp.reception import Arrival, Reception


def packet(sequence, ssrc=1, timestamp=None):
    stamp = sequence * 160 if timestamp is None else timestamp
    return RtpPacket(0, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc, b"")


def arrivals(reception, sequences):
    return [reception.arrived(packet(sequence), sequence * 0.02) for sequence in sequences]


def test_packets_in_order_across_the_wrap_lose_nothing():
    reception = Reception()
    assert set(arrivals(reception, range(65_500, 65_600))) == {Arrival.RESTARTED, Arrival.NEWEST}
    assert (reception.received, reception.lost, reception.duplicate) == (100, 0, 0)


def test_a_missing_packet_counts_as_lost_until_it_comes_late():
    reception = Reception()
    arrivals(reception, [1, 2, 5])
    assert reception.lost == 2
    assert arrivals(reception, [3]) == [Arrival.REORDERED]
    assert (reception.received, reception.lost) == (4, 1)


@pytest.mark.parametrize("again", [1, 3, 5])
def test_a_repeated_packet_is_a_duplicate(again):
    reception = Reception()
    arrivals(reception, [1, 3, 5])
    assert arrivals(reception, [again]) == [Arrival.DUPLICATE]
    assert (reception.received, reception.lost, reception.duplicate) == (3, 2, 1)


def test_a_large_jump_of_the_sequence_is_accepted_only_when_a_second_packet_confirms_it():
    reception = Reception()
    arrivals(reception, [1, 2])
    assert arrivals(reception, [30_000, 3]) == [Arrival.STRAY, Arrival.NEWEST]
    assert arrivals(reception, [40_000, 40_001, 40_002]) == [Arrival.STRAY, Arrival.RESTARTED, Arrival.NEWEST]
    assert reception.lost == 0


def test_another_ssrc_is_a_new_source():
    reception = Reception()
    arrivals(reception, [1, 2])
    assert reception.arrived(packet(9000, ssrc=2), 1.0) is Arrival.RESTARTED
    assert (reception.received, reception.lost) == (3, 0)


def test_regular_packets_have_no_jitter():
    reception = Reception()
    arrivals(reception, range(200))
    assert reception.jitter_ms == pytest.approx(0, abs=1e-6)


def test_alternating_delays_of_10_ms_approach_a_jitter_of_10_ms():
    reception = Reception()
    for sequence in range(300):
        reception.arrived(packet(sequence), sequence * 0.02 + 0.01 * (sequence % 2))
    assert reception.jitter_ms == pytest.approx(10, abs=0.1)


def test_a_timestamp_wrap_and_a_jump_of_the_senders_clock_do_not_change_the_jitter():
    reception = Reception()
    for sequence in range(50):
        reception.arrived(packet(sequence, timestamp=2**32 - 3200 + sequence * 160), sequence * 0.02)
    for sequence in range(50, 60):
        reception.arrived(packet(sequence, timestamp=10**6 + sequence * 160), sequence * 0.02)
    assert reception.jitter_ms == pytest.approx(0, abs=1e-3)
