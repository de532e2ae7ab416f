"""The documentation is true: its configuration loads, its messages are ours, its links exist."""

import configparser
import json
import re
import textwrap
from pathlib import Path

import pytest

from exoswitch.bench.programs import LARGE_PAGES
from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.endings import attempt_failed
from exoswitch.call.session import CallStatus
from exoswitch.call.verdicts import AttemptEnd, End
from exoswitch.config.loader import load, report
from exoswitch.config.model import GatewayConfig
from exoswitch.config.processes import processes
from exoswitch.telephony.sip_statuses import sip_text
from exoswitch.trunks.registry import SETTINGS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "newsfragments" / "README.md"])
ENVIRON = {"AMI_SECRET": "a secret of an AMI", "ACME_TOKEN": "a token of acme1"}
OF_A_TRUNK_PAGE = """\
asterisks: [{name: pbx1, ami: "tcp:127.0.0.1:5038", host: 127.0.0.1, username: exoswitch, secret: "${AMI_SECRET}"}]
"""
TRUNK_PAGES = sorted((ROOT / "docs" / "trunks").glob("*.md"))
MOVING = ROOT / "docs" / "moving-from-exotel.md"


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    assert found
    return ["\n".join(line.removeprefix(indent) for line in block.splitlines()) for indent, block in found]


def block(page: str, language: str) -> str:
    return blocks(page, language)[0]


@pytest.fixture
def readme_yaml(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(block("README.md", "yaml"))
    return file


def test_configuration_in_the_readme_is_good(readme_yaml, monkeypatch):
    monkeypatch.setattr("exoswitch.config.loader.strange", lambda config: [])  # its addresses are the reader's
    config = load(readme_yaml, SETTINGS, ENVIRON)
    assert list(config.numbers) == ["+918047491899"]
    text, status = report(readme_yaml, SETTINGS, ENVIRON)
    assert (status, "warning" in text) == (0, False)


def test_configuration_in_the_dialer_authors_page_is_good(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(block("docs/dialer-author.md", "yaml"))
    text, status = report(file, SETTINGS, {})
    assert status == 0, text


def test_problems_in_the_operators_page_have_these_words(readme_yaml):
    good = readme_yaml.read_text().replace("host: 10.9.0.1", "host: 10.9.0.1, port: 506O")
    readme_yaml.write_text(good.replace("{advertise:", "{prots: 1-2, advertise:"))
    text, status = report(readme_yaml, SETTINGS, {"AMI_SECRET": "a"})
    shown = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    assert status == 2
    assert not [line for line in text.splitlines()[:-1] if line not in shown]


@pytest.mark.parametrize("page", [*TRUNK_PAGES, MOVING], ids=lambda page: page.stem)
def test_configuration_in_the_pages_of_trunks_is_good(page, tmp_path):
    for number, text in enumerate(blocks(str(page.relative_to(ROOT)), "yaml")):
        file = tmp_path / f"{number}.yaml"
        file.write_text(f"{OF_A_TRUNK_PAGE}{text}\n")
        passwords = dict.fromkeys(re.findall(r"\$\{(\w+)}", text), "a password of a trunk")
        shown, status = report(file, SETTINGS, {**ENVIRON, **passwords})
        assert status == 0, shown


@pytest.mark.parametrize("page", TRUNK_PAGES, ids=lambda page: page.stem)
def test_a_trunk_in_the_pages_of_trunks_takes_at_most_eight_lines(page):
    for text in blocks(str(page.relative_to(ROOT)), "yaml"):
        assert len(text.splitlines()) <= 1 + 8


@pytest.mark.parametrize("page", TRUNK_PAGES, ids=lambda page: page.stem)
def test_answers_in_the_pages_of_trunks_have_the_words_of_the_log(page):
    text = page.read_text(encoding="utf-8")
    words = re.findall(r"\*([^*|]+ \(SIP ([0-9]{3})\))\*", text)
    assert words
    assert [shown for shown, _ in words] == [sip_text(int(status)) for _, status in words]


@pytest.mark.parametrize("page", TRUNK_PAGES, ids=lambda page: page.stem)
def test_line_of_the_log_in_the_pages_of_trunks_is_ours(page):
    text = page.read_text(encoding="utf-8")
    lines = re.findall(r"^    call \w+…: an attempt on trunk (\S+) ended after 0\.0 s: (.*)$", text, re.MULTILINE)
    assert lines
    for name, reason in lines:
        host, port, status = re.search(r"\((\S+):([0-9]+)\).*\(SIP ([0-9]{3})\)$", reason).groups()
        end = AttemptEnd(how=End.REFUSED, has_rung=False, elapsed_s=0.0, sip_status=int(status))
        chosen = ChosenTrunk(name=name, address=f"{host}:{port}", post_dial_s=6.4)
        assert reason == attempt_failed(end, CallStatus.FAILED, chosen).reason


def test_messages_in_the_bot_authors_page_are_json():
    events = [json.loads(line)["event"] for line in block("docs/bot-author.md", "json").splitlines()]
    assert events == ["connected", "start", "media", "dtmf", "mark", "stop"]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_exist(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if "://" not in link and not (page.parent / link).exists()]


def test_each_bound_of_the_security_page_names_a_test_that_exists():
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| ([\w/., ]+\.py) \|$", page, re.MULTILINE)
    assert len(rows) > 50
    for row in rows:
        folder = ROOT / "tests"
        for name in row.split(", "):
            path = (folder if "/" not in name else ROOT / "tests") / name
            assert path.is_file(), name
            folder = path.parent


@pytest.mark.parametrize(("unit_file", "arguments"), [("exoswitch", ""), ("exoswitch@", " --process %i")])
def test_systemd_unit_gives_the_gateway_a_folder_for_its_files_time_to_stop_and_large_pages(unit_file, arguments):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(ROOT / "etc" / f"{unit_file}.service", encoding="utf-8")
    service = unit["Service"]
    folder = Path("/var/lib") / service["StateDirectory"]
    assert service["WorkingDirectory"] == str(folder)
    config = f" --config {folder}/gateway.yaml{arguments}"
    assert service["ExecStart"].endswith(config), "the database is beside this file"
    assert float(service["TimeoutStopSec"]) == GatewayConfig().stop_wait_s + 45
    assert service["Environment"] == f"GLIBC_TUNABLES={LARGE_PAGES}", "as where the figures are from"


def test_file_for_many_cores_is_shared_out_as_the_page_says(tmp_path):
    page = (ROOT / "docs" / "many-cores.md").read_text(encoding="utf-8")
    text = page[page.index("    node: gw1") : page.index("    asterisks:")]
    (tmp_path / "gateway.yaml").write_text(textwrap.dedent(text) + OF_A_TRUNK_PAGE)
    environ = {**ENVIRON, "REDIS_PASSWORD": "secret of Redis", "EXO_PASSWORD": "secret of PostgreSQL"}
    parts = [part for _, part in processes(load(tmp_path / "gateway.yaml", SETTINGS, environ))]
    assert [part.node for part in parts] == ["gw1-1", "gw1-2", "gw1-3", "gw1-4"]
    assert {(part.gateway.capacity, len(part.rtp.ports)) for part in parts} == {(500, 2000)}
    assert [part.metrics.split(":")[1] for part in parts] == ["9464", "9465", "9466", "9467"]
