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
    assert set(arrivals(reception, range(65_500, 65_600))) == {Arrival.RESTARTED, Arrival.NEXT}
    assert (reception.received, reception.lost, reception.duplicate) == (100, 0, 0)


def test_a_missing_packet_counts_as_lost_until_it_comes_late():
    reception = Reception()
    assert arrivals(reception, [1, 2, 5]) == [Arrival.RESTARTED, Arrival.NEXT, Arrival.AHEAD]
    assert (reception.lost, reception.apart) == (2, 2)
    assert arrivals(reception, [3]) == [Arrival.REORDERED]
    assert reception.apart == 2
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
    assert arrivals(reception, [30_000, 3]) == [Arrival.STRAY, Arrival.NEXT]
    assert arrivals(reception, [40_000, 40_001, 40_002]) == [Arrival.STRAY, Arrival.RESTARTED, Arrival.NEXT]
    assert reception.first_of_source.sequence == 40_000
    assert reception.lost == 0


def test_another_ssrc_is_a_new_source_after_two_packets_in_order():
    reception = Reception()
    arrivals(reception, [1, 2])
    assert reception.arrived(packet(9000, ssrc=2), 1.0) is Arrival.STRAY
    assert (reception.received, reception.lost) == (2, 0)
    assert reception.arrived(packet(9001, ssrc=2), 1.02) is Arrival.RESTARTED
    assert (reception.received, reception.lost) == (4, 0)
    assert reception.arrived(packet(9002, ssrc=2), 1.04) is Arrival.NEXT


@pytest.mark.parametrize("second", [(9002, 2), (9000, 2), (9001, 3)])
def test_two_packets_of_strangers_that_are_not_in_order_are_no_new_source(second):
    reception = Reception()
    arrivals(reception, [1, 2])
    reception.arrived(packet(9000, ssrc=2), 1.0)
    assert reception.arrived(packet(second[0], ssrc=second[1]), 1.0) is Arrival.STRAY
    assert arrivals(reception, [3]) == [Arrival.NEXT]


def test_another_ssrc_is_no_new_source_while_the_present_one_goes_on():
    reception = Reception()
    for number in range(100):
        assert reception.arrived(packet(9000 + number, ssrc=2), number * 0.02) is not Arrival.STRAY
        if number:
            assert reception.arrived(packet(number, ssrc=1), number * 0.02) is Arrival.STRAY
    assert (reception.received, reception.lost) == (100, 0)


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
