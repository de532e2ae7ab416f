"""Core: pjsip.conf, and the sections that trunks put into it (options of res_pjsip, Asterisk 22)."""

from collections.abc import Sequence

from exoswitch.ami.names import INBOUND_CONTEXT
from exoswitch.asterisk.conf import conf, section
from exoswitch.config.endpoints import Address
from exoswitch.config.model import AsteriskConfig
from exoswitch.interfaces.trunk import ITrunk

QUALIFY_S = 30
"""Asterisk sends OPTIONS to a trunk this often, and does not dial a trunk that gives no answer.

A call then fails over at once, and not after the 32 s of INVITE retransmissions (RFC 3261 §17.1.1.2).
"""


def pjsip_conf(pbx: AsteriskConfig, trunks: Sequence[ITrunk]) -> str:
    """Render pjsip.conf: one UDP transport, and the sections of each trunk."""
    return conf(
        # Calls are identified by their source address only, so that no stranger gets in by choosing a name.
        section("global", (("type", "global"), ("user_agent", "exoswitch"), ("endpoint_identifier_order", "ip"))),
        section("udp", (("type", "transport"), ("protocol", "udp"), ("bind", Address.of(pbx.sip)))),
        *(trunk.pjsip() for trunk in trunks),
    )


def endpoint(name: str, codecs: tuple[str, ...]) -> str:
    """Write a trunk's endpoint; its media always passes through Asterisk."""
    return section(
        name,
        (
            ("type", "endpoint"),
            ("transport", "udp"),
            ("context", INBOUND_CONTEXT),
            ("disallow", "all"),
            ("allow", ",".join(codecs)),
            ("aors", name),
            ("identify_by", "ip"),
            ("trust_id_inbound", "yes"),
            ("direct_media", "no"),
            ("dtmf_mode", "auto"),  # RFC 4733 if offered, else tones in the audio
            ("tos_audio", "ef"),
            ("allow_subscribe", "no"),
        ),
    )


def aor(name: str, contact: str) -> str:
    """Write a trunk's contact, and how often Asterisk checks that it answers."""
    return section(name, (("type", "aor"), ("contact", contact), ("qualify_frequency", QUALIFY_S)))


def identify(name: str, host: str) -> str:
    """Write how a call of this trunk is identified: by the source address of its INVITE."""
    return section(name, (("type", "identify"), ("endpoint", name), ("match", host)))
