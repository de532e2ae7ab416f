import json
from xml.etree import ElementTree as ET

from exoswitch.certify.report import as_json, as_junit
from exoswitch.certify.verdict import failed, noted, passed, skipped
from tests.certify.test_table import report, result

WHOLE = report(
    result(passed("this", "that"), noted("more", "less", "try"), name="one"),
    result(failed("<this>", "that & \x00 \ud800", "try"), name="two"),
    result(skipped("this", "no reason"), name="three"),
)


def test_json_has_all_findings():
    told = json.loads(as_json(WHOLE).encode("utf-8", "replace"))
    assert (told["passed"], told["bot"], told["seed"]) == (False, "bot.example.org:443", 0)
    assert told["counts"] == {"pass": 0, "note": 1, "skip": 1, "fail": 1}
    assert [scenario["name"] for scenario in told["scenarios"]] == ["one", "two", "three"]
    assert told["scenarios"][0]["findings"][1] == {
        "verdict": "note",
        "expected": "more",
        "seen": "less",
        "advice": "try",
    }


def test_junit_has_a_case_for_each_scenario_and_its_counts():
    root = ET.fromstring(as_junit(WHOLE))  # noqa: S314 - our own
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("skipped")) == ("testsuites", "3", "1", "1")
    (suite,) = root
    assert suite.get("timestamp") == "2026-11-22T10:00:00+00:00"
    noted_one, failed_one, skipped_one = suite.findall("testcase")
    assert noted_one.find("failure") is None
    assert "[note] expected: more; seen: less (try)" in noted_one.findtext("system-out")
    assert failed_one.find("failure").get("message") == "expected: <this>; seen: that & ? ? (try)"
    assert skipped_one.find("skipped").get("message") == "no reason"
    assert {case.get("classname") for case in suite} == {"exoswitch certify"}
