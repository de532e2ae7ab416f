"""Core: the files for the systems of both servers, beside Asterisk's own: its unit, firewall, routes and link."""

from collections.abc import Sequence
from ipaddress import ip_network

from exoswitch.asterisk.carriers import Carrier, Network, collapsed, swallowed
from exoswitch.asterisk.firewall import asterisk_rules, gateway_rules
from exoswitch.asterisk.link import INTERFACE, asterisk_end, gateway_end
from exoswitch.asterisk.routes import carrier_routes
from exoswitch.asterisk.unit import asterisk_unit
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import ConfigError

SYSTEM = "system"
ASTERISK, GATEWAY = f"{SYSTEM}/asterisk", f"{SYSTEM}/gateway"
UNIT = f"{ASTERISK}/asterisk.service"
ROUTES = f"{ASTERISK}/carrier-routes"


def system_files(
    config: Config, pbx: AsteriskConfig, carriers: Sequence[Carrier], *, etc_dir: str, state_dir: str | None
) -> dict[str, str]:
    """Give the files by their paths in the rendered folder; Asterisk reads none of them.

    Raises:
        ConfigError: a carrier's networks contain the link between the servers.
    """
    gateways = gateways_of(config, pbx)
    is_both = config.rtp.advertise == pbx.host
    hosts = collapsed(ip_network(asterisk.host) for asterisk in config.asterisks)
    if problems := tuple(swallowed(carriers, (*gateways, *hosts))):
        raise ConfigError(problems)
    return {
        UNIT: asterisk_unit(pbx, etc_dir=etc_dir, state_dir=state_dir),
        ROUTES: carrier_routes(carriers),
        f"{ASTERISK}/exoswitch-asterisk.nft": asterisk_rules(pbx, gateways, carriers, is_gateway=is_both),
        f"{ASTERISK}/{INTERFACE}.conf": asterisk_end(pbx, gateways),
        f"{GATEWAY}/exoswitch-gateway.nft": gateway_rules(config.rtp.ports, hosts, is_asterisk=is_both),
        f"{GATEWAY}/{INTERFACE}.conf": gateway_end(config.rtp.advertise, config.asterisks),
    }


def gateways_of(config: Config, pbx: AsteriskConfig) -> tuple[Network, ...]:
    """Give the addresses of the gateways of an Asterisk."""
    return collapsed(pbx.gateways) or (ip_network(config.rtp.advertise),)
