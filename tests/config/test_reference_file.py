"""etc/exoswitch.yaml is the reference: it has every key and default, and is a good configuration."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import attrs
import pytest

from exoswitch.config import yaml_file
from exoswitch.config.advice import warnings
from exoswitch.config.loader import load
from exoswitch.config.model import AppConfig, Config, TrunkConfig
from exoswitch.trunks.registry import SETTINGS

REFERENCE = Path(__file__).parents[2] / "etc" / "exoswitch.yaml"
ENVIRON = {"AMI_SECRET": "a secret of an AMI", "ACME_TOKEN": "a token of acme1", "BOT_PASSWORD": "c"}
EXAMPLES_IN_PLACE_OF_DEFAULTS = {"trunks", "cost", "accounts", "apps", "numbers", "passthru"}
BESIDE_THE_FILE = {"sessions", "journal"}


def key_of(spec: "attrs.Attribute[Any]") -> str:
    """Give the key of a field: `from` is a word of Python, so its field is `from_`."""
    return spec.name.removesuffix("_")


def sections(cls: type, tree: Any, path: str = "") -> Iterator[tuple[str, type, Mapping[str, Any]]]:
    """Walk the model and the file side by side: path, class and mapping of each section."""
    yield path, cls, tree
    for spec in attrs.fields(cls):
        inner, entry = spec.type, tree.get(key_of(spec))
        if get_origin(inner) in {tuple, Mapping} and attrs.has(get_args(inner)[-1]):
            inner, entry = get_args(inner)[-1], next(iter(entry.values() if isinstance(entry, dict) else entry))
        if inner is TrunkConfig:
            inner = SETTINGS[entry["provider"]]
        if isinstance(inner, UnionType):
            inner = get_args(inner)[0]
        if attrs.has(inner):
            yield from sections(inner, entry, f"{path}{spec.name}.")


TREE, REPEATED = yaml_file.parse(REFERENCE.read_bytes())
SECTIONS = list(sections(Config, TREE))


def test_reference_is_a_good_configuration():
    config = load(REFERENCE, SETTINGS, ENVIRON)
    assert config.asterisks[0].secret == ENVIRON["AMI_SECRET"]
    assert config.accounts["acme1"].api_token == ENVIRON["ACME_TOKEN"]
    assert config.apps["1001"].url == "wss://user:c@bot.example.org/ws?lang=hi"
    assert REPEATED == []


def test_reference_has_one_warning_where_its_example_needs_another_host():
    assert {problem.path for problem in warnings(load(REFERENCE, SETTINGS, ENVIRON))} == {"rtp.advertise"}


@pytest.mark.parametrize(("path", "cls", "tree"), SECTIONS, ids=[path or "top" for path, *_ in SECTIONS])
def test_every_key_is_documented_in_the_order_of_the_model(path, cls, tree):
    shown = [key_of(spec) for spec in attrs.fields(cls) if cls is not AppConfig or not spec.inherited]
    assert list(tree)[: len(shown)] == shown
    assert set(tree) <= set(map(key_of, attrs.fields(cls)))


def test_every_default_is_the_default_of_the_program():
    config = load(REFERENCE, SETTINGS, ENVIRON)
    minimal = Config(asterisks=config.asterisks)
    for spec in attrs.fields(Config):
        if spec.name in BESIDE_THE_FILE:
            assert TREE[spec.name] == spec.default
        elif spec.name == "recordings":
            assert TREE["recordings"]["folder"] == minimal.recordings.folder
            assert attrs.evolve(config.recordings, folder=minimal.recordings.folder) == minimal.recordings
        elif spec.name not in EXAMPLES_IN_PLACE_OF_DEFAULTS:
            assert getattr(config, spec.name) == getattr(minimal, spec.name)
    costs = (cost for trunk in config.trunks for cost in trunk.cost)
    apps = config.apps.values()
    passthrus = (app.passthru for app in apps if app.passthru)
    for entry in (*config.asterisks, *config.trunks, *costs, *config.accounts.values(), *apps, *passthrus):
        required = {
            spec.alias: getattr(entry, spec.name)
            for spec in attrs.fields(type(entry))
            if spec.default is attrs.NOTHING
        }
        default = type(entry)(**required)
        for spec in attrs.fields(type(entry)):
            if spec.name not in EXAMPLES_IN_PLACE_OF_DEFAULTS:
                assert getattr(entry, spec.name) == getattr(default, spec.name)
