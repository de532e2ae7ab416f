"""Core: pjsip.conf and rtp.conf: SIP towards the trunks, and the ports that audio takes."""

from collections.abc import Sequence

from exoswitch.asterisk.conf import conf, section
from exoswitch.config.endpoints import Address
from exoswitch.config.model import AsteriskConfig
from exoswitch.interfaces.trunk import ITrunk


def pjsip_conf(pbx: AsteriskConfig, trunks: Sequence[ITrunk]) -> str:
    """Render pjsip.conf: one UDP transport, and each trunk's own sections."""
    return conf(
        # Calls are known by where they come from, so a stranger cannot get in by choosing a name.
        section("global", (("type", "global"), ("user_agent", "exoswitch"), ("endpoint_identifier_order", "ip"))),
        section("udp", (("type", "transport"), ("protocol", "udp"), ("bind", Address.of(pbx.sip)))),
        *(trunk.pjsip() for trunk in trunks),
    )


def rtp_conf(pbx: AsteriskConfig) -> str:
    """Render rtp.conf; ICE is for browsers, and would cost each call its gathering of candidates."""
    ports = pbx.rtp_ports
    return conf(
        section(
            "general",
            (("rtpstart", ports.start), ("rtpend", ports[-1]), ("strictrtp", "yes"), ("icesupport", "no")),
        ),
    )
