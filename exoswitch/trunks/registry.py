"""Core: which class serves which `provider:` of the configuration; a new provider is one module and one line here."""

from collections.abc import Callable, Mapping

from exoswitch.config.model import TrunkConfig
from exoswitch.errors import ConfigError, Problem
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.trunks.sip import SipTrunk

_CLASSES: Mapping[str, Callable[[TrunkConfig], ITrunk]] = {
    "sip": SipTrunk,
}

PROVIDERS = tuple(sorted(_CLASSES))


def build(config: TrunkConfig) -> ITrunk:
    """Make the trunk that the configuration describes.

    Raises:
        ConfigError: the provider is unknown, or it cannot use these settings.
    """
    try:
        make = _CLASSES[config.provider]
    except KeyError:
        text = f"no provider is called {config.provider!r}: choose from {', '.join(PROVIDERS)}"
        raise ConfigError((Problem(f"trunks[{config.name}].provider", text),)) from None
    return make(config)
