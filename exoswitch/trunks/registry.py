"""Adapter: all providers of trunks: those of exoswitch, and those that other packages bring as entry points."""

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points

from attrs import define, field
from zope.interface.verify import verifyObject

from exoswitch.config.kinds import Unreadable
from exoswitch.config.model import TrunkConfig
from exoswitch.config.reading import check_fields
from exoswitch.errors import ConfigError, Problem
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.trunks import bsnl, exotel, ims, sip, twilio
from exoswitch.trunks.provider import Provider

_LONGEST_REASON = 300

GROUP = "exoswitch.trunks"
"""The group of entry points; the name of an entry point is that of its provider."""

BUILT_IN: Mapping[str, Provider] = {
    "sip": sip.PROVIDER,
    "bsnl": bsnl.PROVIDER,
    "exotel": exotel.PROVIDER,
    "twilio": twilio.PROVIDER,
    "airtel": ims.AIRTEL,
    "jio": ims.JIO,
    "tata": ims.TATA,
    "vi": ims.VI,
}
"""The providers of exoswitch itself; an entry point of the same name is not read."""


@define(eq=False)
class Providers(Mapping[str, type[TrunkConfig]]):
    """The class of settings of each provider; a package is imported when its provider is asked for."""

    _loaded: dict[str, Provider] = field(factory=lambda: dict(BUILT_IN), init=False)

    def provider(self, name: str) -> Provider:
        """Give a provider.

        Raises:
            KeyError: there is none of this name.
            Unreadable: the package that brings it cannot be used.
        """
        if name not in self._loaded:
            self._loaded[name] = _load(name)
        return self._loaded[name]

    def __getitem__(self, name: str) -> type[TrunkConfig]:
        return self.provider(name).settings

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*BUILT_IN, *entry_points(group=GROUP).names]))

    def __len__(self) -> int:
        return len(list(iter(self)))


SETTINGS = Providers()
"""Each provider's class of settings, for the loader."""


def build(settings: TrunkConfig) -> ITrunk:
    """Make the trunk of checked settings.

    Raises:
        ConfigError: the package that brings the provider makes no trunk of them.
    """
    provider = SETTINGS.provider(settings.provider)
    if settings.provider in BUILT_IN:
        return provider.trunk(settings)
    try:
        trunk = provider.trunk(settings)
        verifyObject(ITrunk, trunk)
    except Exception as error:
        raise ConfigError(
            (Problem(f"trunk {settings.name}", _broken(f"provider {settings.provider}", error)),)
        ) from error
    return trunk


def _load(name: str) -> Provider:
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise KeyError(name)
    if len(found) > 1:
        raise Unreadable(f"is brought by {' and by '.join(map(_package, found))}; remove one of these packages")
    (entry,) = found
    try:
        provider = entry.load()
        if not isinstance(provider, Provider):
            raise TypeError(f"{entry.value} is not an exoswitch.trunks.provider.Provider")  # noqa: TRY301 - a wrong package fails like a broken one
        check_fields(provider.settings)
    except Exception as error:
        raise Unreadable(f"cannot be used: {_broken(_package(entry), error)}") from error
    return provider


def _package(entry: EntryPoint) -> str:
    return f"package {entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _broken(what: str, error: Exception) -> str:
    reason = " ".join(str(error).split())[:_LONGEST_REASON]
    return f"{what} fails with {type(error).__name__}: {reason}; install another version of it, or ask its author"
