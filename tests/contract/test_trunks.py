"""The contract of trunks, over every provider."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.config import sip_kinds
from exoswitch.config.kinds import Unreadable
from exoswitch.errors import InvalidValue
from exoswitch.trunks.contract import broken_promises, unsafe
from exoswitch.trunks.registry import BUILT_IN, build
from exoswitch.trunks.sip import SipSettings
from exoswitch.trunks.sip_trunk import SipTrunk
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


# Mostly signs that pass, and have a meaning somewhere on the way.
SECRETS = st.text(";\\\"'[]{}()<>=,#$&%|:@ -+ab1\n\r\x85\u2028é", min_size=1, max_size=12)


@given(password=SECRETS, realm=SECRETS, header=SECRETS, login=SECRETS)
@settings(max_examples=200, deadline=None)
def test_any_text_of_the_file_is_refused_or_one_value_of_its_section(password, realm, header, login):
    texts = {"password": "a secret" + password, "realm": realm, "auth_username": login}
    kinds = {"password": sip_kinds.secret, "realm": sip_kinds.realm, "auth_username": sip_kinds.login}
    with suppress(Unreadable):
        texts = {key: kinds[key](text) for key, text in texts.items()}
        headers = {"X-Any": sip_kinds.header_value(header)}
        trunk = SipTrunk(
            SipSettings(name="lab", provider="sip", host="10.9.0.1", username="u", headers=headers, **texts)
        )
        assert list(broken_promises(trunk)) == []
        lines = trunk.pjsip().splitlines()
        for key, text in zip(("password", "realm", "username"), texts.values(), strict=True):
            assert lines.count(f"{key} = {text}".replace(";", "\\;")) == 1
