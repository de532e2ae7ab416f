"""Core: nftables rules for both servers: who may send what to which port.

Each file has a table of its own, so it can be loaded again at any time, and leaves other tables alone. A packet that
one table drops is dropped, whatever the others say. Ports that have nothing to do with calls stay as they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network

from exoswitch.asterisk.carriers import Carrier, Network, collapsed
from exoswitch.config.model import AsteriskConfig
from exoswitch.network.addresses import Address, Endpoint

_TEXT = """\
#!/usr/sbin/nft -f
# Written by `exoswitch render-asterisk`. Do not edit: change exoswitch.yaml and render again.
# {title}
# Rules of your own, such as one for another service: {own}
table inet {table} {{}}
delete table inet {table}

table inet {table} {{
    chain input {{
        type filter hook input priority filter; policy accept;
        iifname "lo" accept
        ct state established,related accept
        meta l4proto {{ icmp, ipv6-icmp }} accept
        include "{own}"
{rules}
    }}{more}
}}
"""

_FORWARD = """

    chain forward {{
        type filter hook forward priority filter; policy accept;
        # A carrier reaches nothing behind this server, and nothing behind it reaches a carrier.
{rules}
    }}"""


def asterisk_rules(
    pbx: AsteriskConfig, gateways: Sequence[Network], carriers: Sequence[Carrier], *, is_gateway: bool
) -> str:
    """Render the rules for Asterisk's server; if it also is a gateway, other gateways may send more to it."""
    networks = collapsed(network for carrier in carriers for network in carrier.networks)
    forward = [f"{_set(part, key)} counter drop" for key in ("saddr", "daddr") for part in _families(networks)]
    return _TEXT.format(
        title=f"For the server of Asterisk {pbx.name}.",
        own="/etc/nftables.d/asterisk-*.nft",
        table="exoswitch_asterisk",
        rules=_indented(_asterisk_input(pbx, gateways, carriers, () if is_gateway else gateways)),
        more=_FORWARD.format(rules=_indented(forward)) if forward else "",
    )


def gateway_rules(rtp_ports: range, asterisks: Sequence[Network], *, is_asterisk: bool) -> str:
    """Render the rules for a gateway's server; if it also is an Asterisk, other ones may send more to it."""
    return _TEXT.format(
        title="For the server of a gateway.",
        own="/etc/nftables.d/gateway-*.nft",
        table="exoswitch_gateway",
        rules=_indented(_gateway_input(rtp_ports, asterisks, () if is_asterisk else asterisks)),
        more="",
    )


def _asterisk_input(
    pbx: AsteriskConfig, gateways: Sequence[Network], carriers: Sequence[Carrier], bound: Sequence[Network]
) -> Iterator[str]:
    ami, sip = Endpoint.of(pbx.ami).address.port, Address.of(pbx.sip).port
    tls = sip + 1  # as pjsip.conf has it
    audio = f"udp dport {_ports(pbx.rtp_ports)}"
    yield "# The address of a gateway on another interface than that of its route is forged."
    for part in _families(gateways):
        yield f"{_set(part)} fib saddr . iif oif missing counter drop"
    yield "# The gateways: AMI, audio, and SSH, because this server may have no other way in."
    for part in _families(gateways):
        yield f"{_set(part)} tcp dport {{ 22, {ami} }} accept"
        yield f"{_set(part)} {audio} accept"
    for carrier in carriers:
        yield f"# Trunk {carrier.name}: SIP, audio."
        for part in _families(carrier.signalling):
            yield f"{_set(part)} {_sip(carrier.peer.transport, sip, tls)} accept"
        for part in _families(carrier.audio):
            yield f"{_set(part)} {audio} accept"
    yield "# Nothing else from them, and nothing from others to these ports."
    networks = collapsed((*bound, *(network for carrier in carriers for network in carrier.networks)))
    for part in _families(networks):
        yield f"{_set(part)} counter drop"
    yield f"tcp dport {{ {ami}, {sip}, {tls} }} counter drop"
    yield f"udp dport {{ {sip}, {_ports(pbx.rtp_ports)} }} counter drop"


def _gateway_input(rtp_ports: range, asterisks: Sequence[Network], bound: Sequence[Network]) -> Iterator[str]:
    yield "# Asterisk: audio. Its AMI and its answers are connections that this server opens."
    for part in _families(asterisks):
        yield f"{_set(part)} udp dport {_ports(rtp_ports)} accept"
    yield "# Nothing else from it, and nothing from others to these ports."
    for part in _families(bound):
        yield f"{_set(part)} counter drop"
    yield f"udp dport {_ports(rtp_ports)} counter drop"


def _sip(transport: str, port: int, tls_port: int) -> str:
    return {"udp": f"udp dport {port}", "tcp": f"tcp dport {port}", "tls": f"tcp dport {tls_port}"}[transport]


def _families(networks: Iterable[Network]) -> Iterator[tuple[Network, ...]]:
    """Give the networks of IPv4, then those of IPv6; a rule has addresses of one kind."""
    given = tuple(networks)
    for version in (4, 6):
        if part := tuple(network for network in given if network.version == version):
            yield part


def _set(networks: Sequence[Network], key: str = "saddr") -> str:
    texts = (str(n.network_address) if n.prefixlen == n.max_prefixlen else str(n) for n in networks)
    return f"{'ip' if isinstance(networks[0], IPv4Network) else 'ip6'} {key} {{ {', '.join(texts)} }}"


def _ports(ports: range) -> str:
    return f"{ports.start}-{ports[-1]}"


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"        {line}" for line in lines)
