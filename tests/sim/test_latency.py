from exoswitch.sim.latency import LatencyMeter, quantile
from exoswitch.sim.sounds import babble


def test_a_recognised_frame_gives_its_latency():
    meter = LatencyMeter()
    for number, frame in enumerate(babble()[:100]):
        meter.sent(frame, number * 0.02)
        meter.heard(frame, number * 0.02 + (0.5 if number == 99 else 0.03))
    summary = meter.summary()
    assert (summary.recognised, summary.lost, summary.unrecognised) == (100, 0, 0)
    assert (round(summary.p50_ms), round(summary.p99_ms), round(summary.max_ms)) == (30, 30, 500)


def test_a_frame_is_recognised_once():
    meter = LatencyMeter()
    meter.sent(babble()[0], 0.0)
    assert meter.heard(babble()[0], 0.1) == 0.1
    assert meter.heard(babble()[0], 0.2) is None
    assert meter.summary().unrecognised == 1


def test_missing_frames_between_the_first_and_the_last_are_lost():
    meter = LatencyMeter()
    for frame in babble()[:10]:
        meter.sent(frame, 0.0)
    for number in (2, 3, 6):
        meter.heard(babble()[number], 0.1)
    assert meter.summary().lost == 2


def test_a_meter_forgets_old_frames():
    meter = LatencyMeter()
    for frame in babble():
        meter.sent(frame, 0.0)
    assert meter.heard(babble()[0], 1.0) is None
    assert meter.heard(babble()[-1], 1.0) == 1.0


def test_without_measurements_all_figures_are_zero():
    summary = LatencyMeter().summary()
    assert (summary.recognised, summary.lost, summary.p50_ms, summary.p99_ms) == (0, 0, 0.0, 0.0)


def test_a_quantile_is_the_smallest_value_that_covers_its_share():
    assert [quantile([1, 2, 3, 4], share) for share in (0.25, 0.5, 0.51, 1.0)] == [1, 2, 3, 4]
