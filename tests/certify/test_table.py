import pytest
from attrs import evolve

from exoswitch.certify.table import Style, Table
from exoswitch.certify.verdict import Report, Result, Verdict, failed, noted, passed, skipped


def result(*findings, name="speech"):
    return Result(name=name, shows="a caller who speaks is answered", findings=findings, took_s=1.5)


def report(*results, unfinished=""):
    return Report(
        bot="bot.example.org:443",
        version="0",
        began_at="2026-11-22T10:00:00+00:00",
        seed=0,
        took_s=34.2,
        results=results,
        unfinished=unfinished,
    )


GOOD, BAD = result(passed("a", "b")), result(failed("a", "b"), name="ten")


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], Verdict.PASS),
        ([passed("a", "b"), skipped("a", "b")], Verdict.PASS),
        ([skipped("a", "b")], Verdict.SKIP),
        ([passed("a", "b"), noted("a", "b")], Verdict.NOTE),
        ([noted("a", "b"), failed("a", "b")], Verdict.FAIL),
    ],
)
def test_the_worst_finding_is_the_verdict(findings, verdict):
    assert result(*findings).verdict is verdict


def test_a_row_has_the_expectation_and_the_behaviour():
    assert Table().rows(result(passed("answers within 8 s", "after 20 ms"))) == (
        "  ✔ speech     answers within 8 s                           after 20 ms"
    )


def test_repeated_names_expectations_and_advice_are_left_out():
    rows = Table().rows(result(failed("this", "that", "do so"), noted("this", "those", "do so"))).splitlines()
    assert rows == [
        "  ✘ speech     this                                         that",
        "                                                            do so",
        "  •                                                         those",
    ]


def test_long_texts_are_wrapped_in_their_columns():
    rows = Table(Style(width=80)).rows(result(failed("word " * 20, "seen " * 20))).splitlines()
    assert len(rows) > 2
    assert max(map(len, rows)) <= 80


def test_a_terminal_without_unicode_gets_words_in_ascii():
    rows = Table(Style(unicode=False)).rows(result(failed("numbers as 0…", "é")))
    assert rows.isascii()
    assert rows.startswith("  FAIL speech     numbers as 0...")


def test_a_terminal_with_colours_gets_colours():
    assert "\x1b[32m✔\x1b[0m" in Table(Style(colours=True)).rows(GOOD)
    assert "\x1b" not in Table().rows(GOOD)


def test_the_summary_has_counts_and_failed_scenarios():
    assert "1 passed in 34 s" in Table().summary(report(GOOD))
    assert "ready for calls" in Table().summary(report(GOOD))
    assert "No scenario of this run failed" in Table().summary(evolve(report(GOOD), is_whole=False))
    text = Table().summary(report(GOOD, BAD))
    assert "1 passed, 1 failed in 34 s" in text
    assert "NOT ready: see ten." in text


def test_an_unfinished_run_does_not_pass():
    unfinished = report(GOOD, unfinished="Interrupted.")
    assert not unfinished.passed
    assert "Interrupted." in Table().summary(unfinished)
    assert not report().passed


def test_progress_is_one_line():
    line = Table(Style(width=60)).progress("speech", "words " * 30, 2.34)
    assert line.endswith("2.3 s")
    assert len(line) <= 60
