"""The alert rules that ship with the gateway."""

import re
from pathlib import Path

import pytest
import yaml

from exoswitch.telemetry.catalogue import METRICS
from exoswitch.telemetry.metric import Kind
from tests.harness.metrics_lint import faults_of_rule

RULES = Path(__file__).parents[2] / "etc" / "prometheus-rules.yml"


def rules():
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_mentions_only_metrics_and_labels_that_exist(rule):
    assert faults_of_rule(rule["expr"]) == []


@pytest.mark.parametrize("rule", [rule for rule in rules() if "alert" in rule], ids=lambda rule: rule["alert"])
def test_an_alert_has_a_severity_and_a_summary_whose_labels_its_expression_keeps(rule):
    assert rule["labels"]["severity"] in {"page", "warn"}
    used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    kept = [set(re.findall(r"\w+", by)) for by in re.findall(r"\bby \(([^)]*)\)", rule["expr"])]
    if kept:
        assert all(used <= labels for labels in kept)


def test_names_of_rules_are_unique():
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert len(names) == len(set(names))


def test_limits_of_histograms_are_bounds_of_buckets():
    text = RULES.read_text(encoding="utf-8")
    for name, bound in re.findall(r'exoswitch_(\w+)_bucket\{le="([0-9.]+)"\}', text):
        assert float(bound) in METRICS[name].buckets
    assert [row for row in METRICS.values() if row.kind is Kind.HISTOGRAM and "_bucket" in row.name] == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("exoswitch_calls_lost_total > 0", "there is no metric exoswitch_calls_lost_total"),
        ("rate(exoswitch_rtp_lost_total_bucket[5m])", "there is no metric exoswitch_rtp_lost_total_bucket"),
        ('exoswitch_refused_total{why="quota"}', "exoswitch_refused_total has no label why"),
        ('exoswitch_refused_total{reason="tired"}', "label reason of exoswitch_refused_total has no value tired"),
        ('exoswitch_refused_total{reason=~"quota|no"}', "label reason of exoswitch_refused_total has no value no"),
        ("sum by (account) (exoswitch_refused_total)", "no metric of the rule has the label account"),
    ],
)
def test_a_bad_rule_is_found(expression, fault):
    assert faults_of_rule(expression) == [fault]
