"""Trunks and Asterisks for the files of both servers."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import cast

import pytest
from attrs import frozen

from exoswitch.asterisk.carriers import Network
from exoswitch.asterisk.render import render
from exoswitch.config.model import AsteriskConfig, Config, RtpConfig
from exoswitch.interfaces.trunk import ITrunk, SignallingPeer, Transport

Files = dict[str, str]


@frozen
class TrunkAt:
    """What firewall and routes ask of a trunk."""

    name: str
    signalling: SignallingPeer
    sources: tuple[str, ...] = ()
    media: tuple[Network, ...] = ()

    def pjsip(self) -> str:
        return ""


def trunk_at(
    name: str, host: str, *, media: str = "", sources: tuple[str, ...] = (), transport: Transport = "udp"
) -> ITrunk:
    networks = tuple(ip_network(text) for text in media.split())
    return cast("ITrunk", TrunkAt(name, SignallingPeer(transport, host, 5060), sources, networks))


@pytest.fixture
def rendered() -> Callable[..., Files]:
    """Render the folder of an Asterisk at 10.0.1.5, whose gateway is at 10.0.0.5."""

    def folder(*trunks: ITrunk, advertise: str = "10.0.0.5", gateways: str = "", host: str = "10.0.1.5") -> Files:
        networks = tuple(ip_network(text) for text in gateways.split())
        pbx = AsteriskConfig(
            name="pbx1", ami=f"tcp:{host}:5038", username="exoswitch", secret="s", host=host, gateways=networks
        )
        config = Config(asterisks=(pbx,), rtp=RtpConfig(advertise=advertise))
        return render(config, pbx, trunks, etc_dir="/etc/asterisk")

    return folder
