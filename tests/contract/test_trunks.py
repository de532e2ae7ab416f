"""The contract of trunks, over every provider."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.errors import InvalidValue
from exoswitch.trunks.contract import broken_promises, unsafe
from exoswitch.trunks.registry import BUILT_IN, build
from tests.harness.providers import ENVIRON, YAML, settings_of


@pytest.fixture(scope="module")
def trunks(tmp_path_factory):
    return {which: build(*settings_of(tmp_path_factory.mktemp("trunk"), text)) for which, text in YAML.items()}


def test_every_provider_has_an_example():
    assert {text.split("provider: ")[1].split("\n")[0] for text in YAML.values()} == set(BUILT_IN)


@pytest.mark.parametrize("which", YAML)
def test_trunk_keeps_its_promises(trunks, which):
    assert list(broken_promises(trunks[which])) == []


@pytest.mark.parametrize("which", YAML)
def test_no_secret_is_in_the_repr_of_settings_and_trunk(trunks, which):
    shown = repr(trunks[which]) + repr(trunks[which].settings)
    assert not [secret for secret in ENVIRON.values() if secret in shown]


@pytest.mark.parametrize("which", YAML)
@given(number=st.text(), exophone=st.text())
@settings(max_examples=30, deadline=None)
def test_any_text_is_refused_or_dialled_as_digits_alone(trunks, which, number, exophone):
    try:
        dialling = trunks[which].dial(number, exophone)
    except InvalidValue:
        return
    assert list(unsafe(trunks[which], dialling)) == []
