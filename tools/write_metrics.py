"""Writes docs/metrics.md from the catalogue of metrics; a test compares the two."""

from collections.abc import Iterator
from pathlib import Path

from exoswitch.telemetry.catalogue import LABELS, SECTIONS
from exoswitch.telemetry.metric import Kind, Metric

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"

HEAD = """\
# What a gateway counts and measures

A gateway answers `GET /metrics` in the text format of Prometheus, on its `http:` endpoint, or on one of its own:
`metrics:` in the configuration. The page holds no secret, no phone number, no SID and no URL, so it needs no
password. It does show how many calls you carry: let only your monitoring reach it, by the interface in `metrics:` or
by a proxy that does not pass `/metrics` on. A page is written once a second at most; with 1,000 calls it takes 12 ms
of a core, in parts of 2.5 ms (`python benchmarks/scrape.py`; 2 shared cores of an AMD EPYC, Python 3.11).

[etc/prometheus-rules.yml](../etc/prometheus-rules.yml) has alerts for Prometheus.

Every name begins with `exoswitch_`. Prometheus adds the labels `job` and `instance`, which name the gateway. A
counter only grows and begins at 0 with the process: look at `rate()` or `increase()` of it. A metric of a part that
a gateway does not use is missing. `process_*` and `python_gc_*` are those of prometheus_client.

`python tools/write_metrics.py` writes this page: change `exoswitch/telemetry/catalogue.py`, not the page.
"""


def page() -> str:
    """Write the page."""
    return "\n".join([HEAD, *_labels(), *(line for name, rows in SECTIONS.items() for line in _section(name, rows))])


def _labels() -> Iterator[str]:
    yield from ("## Labels", "", "| label | its value |", "|---|---|")
    yield from (f"| `{name}` | {text} |" for name, text in LABELS.items())
    yield ""


def _section(name: str, rows: tuple[Metric, ...]) -> Iterator[str]:
    yield from (f"## {name}", "", "| metric | kind | labels | what it is |", "|---|---|---|---|")
    yield from (
        f"| `{row.name}` | {row.kind.value} | {_labels_of(row)} | {row.help}{_buckets(row)} |" for row in rows
    )
    yield ""


def _labels_of(row: Metric) -> str:
    labels = [f"`{label.name}`" + (f" ({', '.join(label.values)})" if label.values else "") for label in row.labels]
    return "; ".join(labels)


def _buckets(row: Metric) -> str:
    return f" Buckets: {', '.join(f'{bound:g}' for bound in row.buckets)}." if row.kind is Kind.HISTOGRAM else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
