"""Core: a provider of trunks: its class of settings, and the trunk that these describe."""

from collections.abc import Callable
from typing import Any

from attrs import field, frozen

from exoswitch.config.model import TrunkConfig
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.trunks.sip_trunk import SipTrunk


@frozen
class Provider:
    """What stands behind `provider: NAME`: `settings` are its keys, and `trunk` makes a trunk of checked settings."""

    settings: type[TrunkConfig]
    trunk: Callable[[Any], ITrunk] = field(default=SipTrunk, kw_only=True)
