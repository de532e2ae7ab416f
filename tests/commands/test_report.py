"""The command `exoswitch report`: its days, its forms, its picture, and what it says if something is missing."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from exoswitch.cli import main
from exoswitch.sessions.notes import Note
from tests.harness.databases import SqliteInTest
from tests.harness.prices import PRICES
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

CONFIG = """
sessions: sqlite:///calls.db
asterisks:
  - {name: pbx1, ami: "tcp:127.0.0.1:1", username: exoswitch, secret: hush, host: 127.0.0.1}
trunks:
  - {name: lab, provider: sip, host: 127.0.0.1, channels: 3, cost: {rate: "0.20", rental: 10}}
"""
DAY = "2023-11-15"  # in India, at MOMENT


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "exoswitch.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def stored(file, tmp_path):
    """Store a call of 35 s."""
    ended = evolve(SESSION, trunk="lab", answered_at=MOMENT + 5).ended(HUNG_UP, MOMENT + 40, 35.0)

    async def store(database):
        await database.write([Note(1, evolve(ended, charge=PRICES.charge(ended)))])

    SqliteInTest(tmp_path).run(store)
    return file


def report(file, *options):
    """Run the command in a process of its own: it runs a reactor."""
    program = "import sys; from exoswitch.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "report", str(file), *options]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)


@pytest.mark.loopback
def test_report_of_a_day_is_a_table_with_a_picture(stored, tmp_path):
    picture = tmp_path / "costs.svg"
    ran = report(stored, "--from", DAY, "--to", DAY, "--plot", str(picture))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("from 2023-11-15 to 2023-11-15 (Indian time), by trunk\n\nTRUNK ")
    assert "lab" in ran.stdout
    assert "<svg" in picture.read_text()


@pytest.mark.loopback
def test_report_for_a_program_is_json_or_csv(stored):
    tree = json.loads(report(stored, "--from", DAY, "--to", DAY, "--by", "day", "--json").stdout)
    assert [(line["key"], line["cost"], line["rental"]) for line in tree["lines"]] == [(DAY, "0.200000", "1.000000")]
    (row,) = csv.DictReader(report(stored, "--from", DAY, "--to", DAY, "--csv").stdout.splitlines())
    assert (row["trunk"], row["calls"], row["total"]) == ("lab", "1", "1.200000")


@pytest.mark.loopback
def test_report_without_a_file_of_sessions_says_so(file):
    ran = report(file)
    assert ran.returncode == 1
    assert "there is no file" in ran.stderr


def test_days_in_the_wrong_order_are_refused(file, capsys):
    assert main(["report", str(file), "--from", "2026-05-02", "--to", "2026-05-01"]) == 2
    assert "--to: 2026-05-01 is before --from, 2026-05-02" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--from", "2026-02-30", "'2026-02-30' is no day: write it as 2026-04-01"),
        ("--plot", "costs.pdf", "'costs.pdf' has no known suffix: write a file that ends with .svg or .png"),
    ],
)
def test_option_that_cannot_be_read_is_refused(file, option, value, told, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["report", str(file), option, value])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_picture_without_matplotlib_is_refused_with_the_remedy(file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("exoswitch.commands.outputs.find_spec", lambda name: None)
    assert main(["report", str(file), "--plot", str(tmp_path / "a.svg")]) == 2
    assert "pip install 'exoswitch[plot]'" in capsys.readouterr().err


CDR = """\
Called Number,Answer Time,Duration,Amount
09812345610,2023-11-15 03:43:26,36,0.40
09812345699,2023-11-15 03:50:00,10,0.20
,never,x,
"""


@pytest.mark.loopback
def test_comparison_lists_what_differs_with_masked_numbers_and_counts_bad_lines(stored, tmp_path):
    cdr = tmp_path / "cdr.csv"
    cdr.write_text(CDR)
    ran = report(stored, "--carrier-cdr", str(cdr))
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.splitlines() == [
        "other charge: +9198******10 2023-11-15 03:43:25: here 0.200000, carrier 0.40, call c1, line 2",
        "missing here: +9198******99 2023-11-15 03:50:00: carrier 10.000 s, line 3",
        "calls: 1 here, 2 at the carrier; 1 missing here, 0 missing at the carrier, 0 other duration, 1 other charge",
        "amounts: 0.20 here, 0.60 at the carrier",
        "lines that cannot be read, and are left out: 1",
        "line 4: the duration is none: neither seconds nor H:MM:SS",
    ]
    rows = list(csv.DictReader(report(stored, "--carrier-cdr", str(cdr), "--csv", "--numbers").stdout.splitlines()))
    assert [row["number"] for row in rows] == ["'+919812345610", "'+919812345699"]
    *_, summary = report(stored, "--carrier-cdr", str(cdr), "--json").stdout.splitlines()
    assert json.loads(summary)["differences"]["other charge"] == 1


@pytest.mark.loopback
def test_comparison_without_differences_exits_with_0(stored, tmp_path):
    cdr = tmp_path / "cdr.csv"
    cdr.write_text("".join(CDR.splitlines(keepends=True)[:2]).replace("0.40", "0.20"))
    assert report(stored, "--carrier-cdr", str(cdr)).returncode == 0
    ran = report(stored, "--carrier-cdr", str(cdr), "--columns", "number=Nobody")
    assert (ran.returncode, "there is no column 'nobody'" in ran.stderr) == (2, True)
    cdr.write_text(CDR.replace("2023-11-15 03:50:00", "2003-11-15 03:50:00"))
    ran = report(stored, "--carrier-cdr", str(cdr))
    told = "--from, --to: the calls are from 2003-11-15 to 2023-11-15; name at most 400 days to compare"
    assert (ran.returncode, told in ran.stderr) == (2, True)


@pytest.mark.loopback
def test_comparison_that_finds_no_call_says_why(stored, tmp_path):
    cdr = tmp_path / "cdr.csv"
    cdr.write_text("".join(CDR.splitlines(keepends=True)[::3]))
    assert report(stored, "--carrier-cdr", str(cdr)).stderr == (
        f"exoswitch: --carrier-cdr: {cdr} has no answered call; lines that cannot be read: 1; line 2: the "
        "duration is none: neither seconds nor H:MM:SS\n"
    )
    cdr.write_text(CDR)
    ran = report(stored, "--carrier-cdr", str(cdr), "--trunk", "lap")
    assert ran.stderr == f"warning: --trunk: {stored} has no trunk 'lap'\n"


def test_carriers_file_that_is_missing_is_named(file, tmp_path, capsys):
    assert main(["report", str(file), "--carrier-cdr", str(tmp_path / "no.csv")]) == 1
    assert capsys.readouterr().err == f"exoswitch: {tmp_path / 'no.csv'}: No such file or directory\n"
