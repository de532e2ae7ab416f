"""Metrics as Prometheus scrapes them."""

import re

from exoswitch.interfaces.metrics import Reading
from exoswitch.telemetry.catalogue import METRICS
from exoswitch.telemetry.metric import Kind
from exoswitch.telemetry.prometheus import LINES_MAX, SERIES_MAX, PrometheusMetrics


def page(metrics):
    return b"".join(metrics.parts()).decode()


def test_counters_with_listed_labels_begin_at_0():
    text = page(PrometheusMetrics())
    assert "\nexoswitch_journal_lost_total 0.0\n" in text
    assert '\nexoswitch_bot_faults_total{kind="early"} 0.0\n' in text


def test_every_kept_metric_has_its_help_text():
    text = page(PrometheusMetrics())
    for row in METRICS.values():
        if not row.is_read:
            assert f"# HELP exoswitch_{row.name} {row.help}\n" in text
            assert f"# TYPE exoswitch_{row.name} {row.kind.value}\n" in text


def test_histogram_has_the_buckets_of_its_row():
    metrics = PrometheusMetrics()
    metrics.observe("tick_lateness_seconds", 0.003)
    found = re.findall(r'exoswitch_tick_lateness_seconds_bucket{le="(\S+)"} (\S+)', page(metrics))
    bounds = METRICS["tick_lateness_seconds"].buckets
    assert [float(bound) for bound, _ in found] == [*bounds, float("inf")]
    assert [float(count) for _, count in found] == [float(bound >= 0.003) for bound in bounds] + [1]


def test_a_metric_has_a_limited_number_of_series():
    metrics = PrometheusMetrics()
    most = SERIES_MAX[Kind.COUNTER]
    for n in range(most + 100):
        metrics.add("calls_total", direction="inbound", trunk=f"trunk {n}", status="busy", ended_by="user")
    assert page(metrics).count("\nexoswitch_calls_total{") <= most + 1
    assert 'exoswitch_calls_total{direction="inbound",ended_by="user",status="busy",trunk="other"} 100.0' in page(
        metrics
    )


def test_a_source_that_fails_hides_no_other(logged_failures):
    metrics = PrometheusMetrics()

    def broken():
        yield Reading("rtp_ports_in_use", 1)
        raise ValueError("a bug")

    metrics.read_from(broken)
    metrics.read_from(lambda: [Reading("rtp_ports_size", 100)])
    assert "\nexoswitch_rtp_ports_size 100.0\n" in page(metrics)
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_read_counters_are_counters():
    metrics = PrometheusMetrics()
    metrics.read_from(lambda: [Reading("rtp_lost_total", 7)])
    assert "# TYPE exoswitch_rtp_lost_total counter\nexoswitch_rtp_lost_total 7.0\n" in page(metrics)
    assert METRICS["rtp_lost_total"].kind is Kind.COUNTER


def test_a_part_of_the_page_has_a_limited_number_of_lines():
    metrics = PrometheusMetrics()
    most = SERIES_MAX[Kind.HISTOGRAM]
    for n in range(most + 10):
        metrics.observe("call_setup_seconds", 1, trunk=f"trunk {n}", stage="answer")
    parts = list(metrics.parts())
    assert max(part.count(b"\n") for part in parts) <= LINES_MAX + 2
    text = b"".join(parts).decode()
    assert text.count("# HELP exoswitch_call_setup_seconds ") == 1
    assert text.count("\nexoswitch_call_setup_seconds_count{") == most + 1
    assert "\n\n" not in text
