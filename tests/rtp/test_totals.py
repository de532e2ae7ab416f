"""The counts of the media of all calls, as metrics."""

from exoswitch.rtp.session import LegCounts
from exoswitch.rtp.totals import MediaTotals

NOTHING = LegCounts._make([0] * len(LegCounts._fields))


def readings(totals, *live):
    return {reading.name: reading.value for reading in totals.readings(live)}


def test_what_the_compiled_plane_had_no_room_for_is_counted():
    totals = MediaTotals()
    totals.end(NOTHING._replace(unrecorded=50, untold=2))
    read = readings(totals, NOTHING._replace(unrecorded=25, untold=1))
    assert (read["recording_lost_seconds_total"], read["media_events_lost_total"]) == (1.5, 3)


def test_a_counter_does_not_fall_when_a_packet_comes_that_was_taken_for_lost():
    totals = MediaTotals()
    assert readings(totals, NOTHING._replace(lost=3))["rtp_lost_total"] == 3
    assert readings(totals, NOTHING._replace(lost=2))["rtp_lost_total"] == 3
