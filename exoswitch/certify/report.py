"""Core: a report as JSON and as JUnit XML, for continuous integration."""

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

from attrs import asdict

from exoswitch.certify.verdict import Finding, Report, Result, Verdict

_SUITE = "exoswitch certify"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


def as_json(report: Report) -> str:
    """Write a report as a JSON object."""
    told = {
        "exoswitch": report.version,
        "bot": report.bot,
        "began_at": report.began_at,
        "took_s": round(report.took_s, 1),
        "seed": report.seed,
        "passed": report.passed,
        "unfinished": report.unfinished,
        "counts": {verdict.value: report.count(verdict) for verdict in Verdict},
        "scenarios": [_scenario(result) for result in report.results],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _scenario(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "shows": result.shows,
        "verdict": result.verdict.value,
        "took_s": round(result.took_s, 1),
        "findings": [asdict(finding) | {"verdict": finding.verdict.value} for finding in result.findings],
        "figures": dict(result.figures),
    }


def as_junit(report: Report) -> str:
    """Write a report as JUnit XML: a test case for each scenario. Notes are output, not failures."""
    failures, skipped = str(report.count(Verdict.FAIL)), str(report.count(Verdict.SKIP))
    totals = {"name": _SUITE, "tests": str(len(report.results)), "failures": failures, "errors": "0"}
    totals |= {"skipped": skipped, "time": f"{report.took_s:.1f}"}
    root = ET.Element("testsuites", totals)
    suite = ET.SubElement(root, "testsuite", totals | {"timestamp": report.began_at, "hostname": _clean(report.bot)})
    for result in report.results:
        _test_case(suite, result)
    if report.unfinished:
        ET.SubElement(suite, "system-err").text = _clean(report.unfinished)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _test_case(suite: ET.Element, result: Result) -> None:
    attributes = {
        "classname": _SUITE,
        "name": f"{result.name}: {_clean(result.shows)}",
        "time": f"{result.took_s:.1f}",
    }
    case = ET.SubElement(suite, "testcase", attributes)
    wrong = [finding for finding in result.findings if finding.verdict is Verdict.FAIL]
    if wrong:
        failure = ET.SubElement(case, "failure", {"type": "expectation", "message": _clean(_line(wrong[0]))})
        failure.text = "\n".join(_clean(_line(finding)) for finding in wrong)
    elif result.verdict is Verdict.SKIP:
        ET.SubElement(case, "skipped", {"message": _clean(result.findings[0].seen if result.findings else "")})
    ET.SubElement(case, "system-out").text = "\n".join(
        f"[{finding.verdict.value}] {_clean(_line(finding))}" for finding in result.findings
    )


def _line(finding: Finding) -> str:
    advice = f" ({finding.advice})" if finding.advice else ""
    return f"expected: {finding.expected}; seen: {finding.seen}{advice}"


def _clean(text: str) -> str:
    """Replace the characters that XML forbids."""
    return _FORBIDDEN.sub("?", text)
