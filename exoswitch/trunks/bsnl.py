"""Core: `provider: bsnl`: a SIP trunk of BSNL's IMS, behind a proxy in BSNL's VPN."""

from attrs import Factory, frozen

from exoswitch.config import values
from exoswitch.trunks.ims import ImsSettings
from exoswitch.trunks.provider import Provider

CHANNELS_PER_CPS = 100
"""BSNL's plans have one call a second for each 100 channels (its tariff of NGN trunks)."""


def _cps(trunk: "BsnlSettings") -> float:
    return max(1.0, trunk.channels / CHANNELS_PER_CPS)


@frozen(kw_only=True)
class BsnlSettings(ImsSettings):
    """The keys of `provider: bsnl`."""

    cps: values.CallsPerSecond = Factory(_cps, takes_self=True)


PROVIDER = Provider(BsnlSettings)
