"""The documentation is true: its configuration loads, its messages are ours, its links exist."""

import configparser
import json
import re
import shlex
import textwrap
from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path

import pytest
import yaml
from attrs import fields

from exoswitch import cli
from exoswitch.bench.programs import LARGE_PAGES
from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.endings import attempt_failed
from exoswitch.call.session import CallStatus
from exoswitch.call.verdicts import AttemptEnd, End
from exoswitch.config.loader import load, report
from exoswitch.config.model import Config, GatewayConfig
from exoswitch.config.processes import processes
from exoswitch.telemetry.catalogue import METRICS
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


EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
KEYS = "|".join(field.name for field in fields(Config))


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page, as GitHub makes them of its headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a name="([^"]+)">', text))


def examples(text: str) -> list[str]:
    """Give the blocks of a page that begin with a key of the configuration."""
    fenced = [inner for _, inner in re.findall(r"^( *)```yaml\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)]
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^\n((?:    [^\n]*\n)+)", text, re.MULTILINE)
    dedented = (textwrap.dedent(block).strip() for block in (*fenced, *indented))
    return [block for block in dedented if re.match(rf"(?:{KEYS}):", block)]


def command_of(words: list[str]) -> tuple[ArgumentParser, list[str]]:
    """Give the parser of a command line, and the words that follow the command."""
    parser = cli._parser()
    while words and (below := [action for action in parser._actions if isinstance(action, _SubParsersAction)]):
        parser, words = below[0].choices[words[0]], words[1:]
    return parser, words


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


@EACH_PAGE
def test_links_exist(page):
    links = re.findall(r"\]\(([^)\s]+)", page.read_text(encoding="utf-8"))
    for file, _, heading in (link.partition("#") for link in links if "://" not in link):
        target = page.parent / file if file else page
        assert target.exists(), file
        assert not heading or heading in anchors(target), f"{file}#{heading}"


def test_readme_shows_the_two_commands_and_the_picture_before_all_else():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    places = [text.index(sign) for sign in ("    make demo ", "    make test ", "![", "\n## ")]
    assert places == sorted(places)


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page not in reached:
            reached.add(page)
            waiting += (
                page.parent / link for link in re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
            )
    assert set(PAGES) <= reached


@EACH_PAGE
def test_a_page_is_named_by_a_link_that_can_be_followed(page):
    assert not re.findall(r"`(?:\.\./)*(?:docs|trunks|dialers)/[\w/-]+\.md`", page.read_text(encoding="utf-8"))


@EACH_PAGE
def test_commands_and_their_options_exist(page):
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"(?:`|^ +|/bin/|&& )exoswitch ([a-z][^`\n]*)", text, re.MULTILINE):
        words = shlex.split(line, comments=True)
        command, options = command_of(words)
        assert command.prog != "exoswitch", line
        known = {option for action in command._actions for option in action.option_strings}
        assert {word.partition("=")[0] for word in options if word.startswith("--")} <= known, line


@EACH_PAGE
def test_programs_of_the_source_and_their_options_exist(page):
    text = page.read_text(encoding="utf-8")
    for file, options in re.findall(r"python ((?:benchmarks|tools)/\S+\.py)([^`#\n]*)", text):
        program = (ROOT / file).read_text(encoding="utf-8")
        assert not [word for word in options.split() if word.startswith("--") and f'"{word}"' not in program], file


@EACH_PAGE
def test_metrics_that_a_page_names_exist(page):
    named = re.findall(r"\bexoswitch_(\w+)", page.read_text(encoding="utf-8"))
    assert not [name for name in named if name not in METRICS]


@EACH_PAGE
def test_examples_of_configuration_have_only_keys_and_values_that_exist(page, tmp_path):
    for number, text in enumerate(examples(page.read_text(encoding="utf-8"))):
        shown = yaml.safe_load(re.sub(r"(?:, )?…(?:, )?", "", text))
        file = tmp_path / f"{number}.yaml"
        file.write_text(yaml.safe_dump({**yaml.safe_load(OF_A_TRUNK_PAGE), **shown}))
        secrets = dict.fromkeys(re.findall(r"\$\{(\w+)}", text), "secret")
        problems, _ = report(file, SETTINGS, {**ENVIRON, **secrets})
        left_out = re.compile(r"(: is missing; add it, |: there is no 'acme1' under accounts|^warning: )")
        wrong = [line for line in problems.splitlines()[:-1] if not left_out.search(line)]
        assert not [line for line in wrong if re.match(r"\S+: ", line)], text


def test_a_wrong_example_heading_and_command_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("## What `this` is, and\n\ntext\n\n    rtp: {prots: 1-2}\n\n    exoswitch calls FILE --limt 5\n")
    assert anchors(page) == {"what-this-is-and"}
    assert list(examples(page.read_text())) == ["rtp: {prots: 1-2}"]
    with pytest.raises(AssertionError, match="prots"):
        test_examples_of_configuration_have_only_keys_and_values_that_exist(page, tmp_path)
    with pytest.raises(AssertionError, match="limt"):
        test_commands_and_their_options_exist(page)


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
