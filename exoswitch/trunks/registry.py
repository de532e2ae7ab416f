"""Core: each provider of trunks, with its settings and its trunk; a new provider is one module and one line here."""

from collections.abc import Callable, Mapping
from typing import Any

from exoswitch.config.model import TrunkConfig
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.trunks.sip import SipSettings, SipTrunk

_PROVIDERS: Mapping[str, tuple[type[TrunkConfig], Callable[[Any], ITrunk]]] = {
    "sip": (SipSettings, SipTrunk),
}

SETTINGS: Mapping[str, type[TrunkConfig]] = {name: settings for name, (settings, _) in _PROVIDERS.items()}
"""Each provider's class of settings, for the loader."""


def build(settings: TrunkConfig) -> ITrunk:
    """Make the trunk of checked settings."""
    _, trunk = _PROVIDERS[settings.provider]
    return trunk(settings)
