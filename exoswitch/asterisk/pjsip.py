"""Core: pjsip.conf, and the sections that trunks put into it (options of res_pjsip, Asterisk 22)."""

from collections.abc import Sequence

from exoswitch.ami.names import INBOUND_CONTEXT, NO_CONTEXT
from exoswitch.asterisk.conf import conf, section
from exoswitch.config.model import AsteriskConfig
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.network.addresses import Address

QUALIFY_S = 30
"""Asterisk sends OPTIONS to a trunk this often, and does not dial a trunk that gives no answer.

A call then fails over at once, and not after the 32 s of INVITE retransmissions (RFC 3261 §17.1.1.2).
"""


def pjsip_conf(pbx: AsteriskConfig, trunks: Sequence[ITrunk]) -> str:
    """Render pjsip.conf: one UDP transport, and the sections of each trunk."""
    return conf(
        # Calls are identified by their source address only, so that no stranger gets in by choosing a name.
        section(
            "global",
            (
                ("type", "global"),
                ("user_agent", "exoswitch"),
                ("endpoint_identifier_order", "ip"),
                ("ignore_uri_user_options", "yes"),  # a number is cut at ;npdi=yes or ;phone-context=… (RFC 3966)
            ),
        ),
        section("udp", (("type", "transport"), ("protocol", "udp"), ("bind", Address.of(pbx.sip)))),
        *(trunk.pjsip() for trunk in trunks),
    )


def peer(name: str, *, codecs: tuple[str, ...], host: str, port: int) -> str:
    """Write the sections of a SIP peer at a fixed address.

    Its media always passes through Asterisk. The source address of an INVITE tells that a call is the peer's.
    """
    endpoint = (
        ("type", "endpoint"),
        ("transport", "udp"),
        ("context", INBOUND_CONTEXT),
        ("disallow", "all"),
        ("allow", ",".join(codecs)),
        ("aors", name),
        ("identify_by", "ip"),
        ("trust_id_inbound", "yes"),
        ("trust_connected_line", "no"),  # else the far end's own text gets into AMI's events during the call
        ("direct_media", "no"),
        ("dtmf_mode", "auto"),  # RFC 4733 if offered, else tones in the audio
        ("tos_audio", "ef"),
        ("allow_subscribe", "no"),
        ("allow_transfer", "no"),
        # A 302 would begin a call to a number of its choice, as if somebody had called in; now it ends the call.
        ("set_var", f"FORWARD_CONTEXT={NO_CONTEXT}"),
    )
    aor = (("type", "aor"), ("contact", f"sip:{Address(host, port)}"), ("qualify_frequency", QUALIFY_S))
    identify = (("type", "identify"), ("endpoint", name), ("match", host))
    return "\n".join(section(name, settings) for settings in (endpoint, aor, identify))
