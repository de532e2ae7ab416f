"""Providers that other packages bring: the one of the documentation, and broken ones."""

import re
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

from exoswitch.config.loader import load
from exoswitch.errors import ConfigError
from exoswitch.trunks import registry
from exoswitch.trunks.registry import BUILT_IN, Providers
from tests.harness.providers import written

PAGE = Path(__file__).parents[2] / "docs" / "writing-a-trunk-provider.md"
BLOCKS = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE))
TRUNK = textwrap.dedent(BLOCKS["gateway.yaml"].replace("  - name", "    name"))
ENTRY_POINT = re.search(r'^acme = "(.*)"$', BLOCKS["pyproject.toml"], re.MULTILINE)[1]


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package of this name, whose module is this text."""
    monkeypatch.setattr(registry, "SETTINGS", Providers())
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("acme_trunk", "test_acme_trunk"):
        monkeypatch.delitem(sys.modules, module, raising=False)

    def install_package(text, package="acme-trunk", entry_point=ENTRY_POINT):
        (tmp_path / "acme_trunk.py").write_text(text)
        described = tmp_path / f"{package.replace('-', '_')}-1.0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (described / "entry_points.txt").write_text(f"[exoswitch.trunks]\nacme = {entry_point}\n")

    yield install_package
    for module in ("acme_trunk", "test_acme_trunk"):
        sys.modules.pop(module, None)


@pytest.fixture
def read(tmp_path):
    def read_trunk(text=TRUNK):
        file = tmp_path / "gateway.yaml"
        file.write_text(written(text))
        (settings,) = load(file, registry.SETTINGS, {"ACME_SIP": "a-secret"}).trunks
        return settings

    return read_trunk


@pytest.fixture
def problems(read):
    def of(text=TRUNK):
        with pytest.raises(ConfigError) as refused:
            read(text)
        return {problem.path: problem.text for problem in refused.value.problems}

    return of


def test_provider_of_the_documentation_is_found_by_its_entry_point(install, read):
    install(BLOCKS["acme_trunk.py"])
    settings = read()
    trunk = registry.build(settings)
    assert trunk.address == "south.sip.acme.example:5061"
    assert "from_domain = customers.acme.example\n" in trunk.pjsip()
    assert list(registry.SETTINGS) == [*BUILT_IN, "acme"]


def test_tests_of_the_documentation_pass(install):
    install(BLOCKS["acme_trunk.py"])
    names = {}
    exec(BLOCKS["test_acme_trunk.py"], names)  # noqa: S102 - our own page
    ran = [names[name]() for name in names if name.startswith("test_")]
    assert len(ran) == 2


def test_package_of_the_documentation_has_the_module_of_the_provider_and_not_its_tests():
    described = tomllib.loads(BLOCKS["pyproject.toml"])
    assert described["tool"]["setuptools"]["py-modules"] == [ENTRY_POINT.partition(":")[0]]


def test_rules_of_another_package_are_checked(install, problems):
    install(BLOCKS["acme_trunk.py"])
    assert "add the numbers" in problems(TRUNK.replace('numbers: ["+918047491899"]\n', ""))["trunks[0].numbers"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("raise RuntimeError('half installed')", "RuntimeError: half installed"),
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("", "AttributeError: module 'acme_trunk' has no attribute 'PROVIDER'"),
        ("PROVIDER = 1", "TypeError: acme_trunk:PROVIDER is not an exoswitch.trunks.provider.Provider"),
        (
            BLOCKS["acme_trunk.py"].replace("region: sip.Label", "region: str"),
            "TypeError: <class 'str'> has no kind of value",
        ),
    ],
)
def test_package_that_cannot_be_used_is_named_with_the_reason(install, problems, text, why):
    install(text)
    assert problems() == {
        "trunks[0].provider": f"'acme' cannot be used: package acme-trunk 1.0 fails with {why}; "
        "install another version of it, or ask its author"
    }


def with_regions(declared):
    """Give the provider of the documentation with a mapping in place of its region."""
    text = BLOCKS["acme_trunk.py"].replace("region: sip.Label", f"regions: {declared}")
    return text.replace("import Iterator", "import Iterator, Mapping")


def test_package_whose_mapping_has_values_of_no_kind_is_named_with_the_reason(install, problems):
    install(with_regions("Mapping[sip.Label, int]"))
    assert "TypeError: <class 'int'> has no kind of value" in problems()["trunks[0].provider"]


def test_mapping_that_a_package_requires_and_the_file_lacks_is_a_problem(install, problems):
    install(with_regions("Mapping[sip.Label, sip.Label]"))
    text = TRUNK.replace("region: south\n", "")
    assert problems(text) == {"trunks[0].regions": "is missing; add regions: with its entries"}


def test_package_that_is_broken_and_unused_harms_nobody(install, read):
    install("raise RuntimeError")
    assert read("name: lab\nprovider: sip\nhost: 10.9.0.1\n").name == "lab"


def test_two_packages_with_the_same_provider_are_named(install, problems):
    install(BLOCKS["acme_trunk.py"])
    install(BLOCKS["acme_trunk.py"], package="other-trunk")
    text = problems()["trunks[0].provider"]
    assert "package acme-trunk 1.0" in text
    assert "package other-trunk 1.0" in text
    assert text.endswith("; remove one of these packages")


def test_rules_that_fail_are_a_problem_of_the_trunk(install, problems):
    install(BLOCKS["acme_trunk.py"].replace("if not self.numbers:", "if self.numbers[99]:"))
    assert problems() == {
        "trunks[0].provider": "'acme' fails with IndexError: tuple index out of range; "
        "install another version of its package, or ask its author"
    }


@pytest.mark.parametrize("trunk", ["lambda settings: 1 / 0", "lambda settings: None"])
def test_provider_that_makes_no_trunk_is_named(install, read, trunk):
    install(BLOCKS["acme_trunk.py"].replace("Provider(AcmeSettings)", f"Provider(AcmeSettings, trunk={trunk})"))
    with pytest.raises(ConfigError, match=r"^trunk acme1: provider acme fails with .*ask its author$"):
        registry.build(read())
