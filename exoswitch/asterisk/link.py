"""Core: a sample of the private link between the servers: both ends of a WireGuard tunnel, without keys.

The addresses are those of the configuration: `asterisks[].host`, and `gateways` or `rtp.advertise`.
"""

from collections.abc import Sequence

from exoswitch.asterisk.carriers import Network
from exoswitch.config.model import AsteriskConfig

INTERFACE = "exo0"
PORT = 51820  # WireGuard's own examples

_TEXT = """\
# A sample of `exoswitch render-asterisk`. Copy it to /etc/wireguard/{interface}.conf on {place}, with
# mode 0600, and fill in what is written in capitals. The key is made there, as root, and stays there:
#     (umask 077; wg genkey > /etc/wireguard/{interface}.key); wg pubkey < /etc/wireguard/{interface}.key
# prints the public key, which goes to the other end. Then: systemctl enable --now wg-quick@{interface}
[Interface]
Address = {address}
ListenPort = {port}
PostUp = wg set %i private-key /etc/wireguard/%i.key
{peers}"""

_PEER = """
[Peer]
# {who}
PublicKey = PUBLIC-KEY-OF-{capitals}
AllowedIPs = {address}
# One end must know the other one's address; delete the line at an end that does not.
Endpoint = ADDRESS-OF-{capitals}:{port}
# The tunnel stays open through NAT, and comes back by itself.
PersistentKeepalive = 5
"""


def asterisk_end(pbx: AsteriskConfig, gateways: Sequence[Network]) -> str:
    """Render the end at Asterisk's server, with a peer for each gateway."""
    peers = [(f"gateway {network}", f"GATEWAY-{number}", str(network)) for number, network in enumerate(gateways, 1)]
    return _end("Asterisk's server", f"{pbx.host}/32", peers)


def gateway_end(address: str, asterisks: Sequence[AsteriskConfig]) -> str:
    """Render the end at a gateway's server, with a peer for each Asterisk."""
    peers = [
        (f"Asterisk {pbx.name}", f"ASTERISK-{number}", f"{pbx.host}/32") for number, pbx in enumerate(asterisks, 1)
    ]
    return _end("the gateway's server", f"{address}/32", peers)


def _end(place: str, address: str, peers: Sequence[tuple[str, str, str]]) -> str:
    texts = (_PEER.format(who=who, capitals=capitals, address=net, port=PORT) for who, capitals, net in peers)
    return _TEXT.format(interface=INTERFACE, place=place, address=address, port=PORT, peers="".join(texts))
