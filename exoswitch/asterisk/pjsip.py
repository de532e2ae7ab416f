"""Core: what every trunk's sections of pjsip.conf have in common (options of res_pjsip, Asterisk 22)."""

from ipaddress import IPv6Address

from exoswitch.ami.names import INBOUND_CONTEXT
from exoswitch.asterisk.conf import Setting, section

# Codecs that telephone networks speak and that Asterisk transcodes with what every distribution ships.
CODECS = ("alaw", "ulaw", "g722", "gsm")

# Asterisk asks a trunk for OPTIONS this often. A trunk that does not answer (any answer will do) is dialled no more
# until it does, so a call fails over at once instead of after the 32 s that an INVITE is retransmitted for.
QUALIFY_S = 30


def sip_uri(host: str, port: int) -> str:
    """Give the URI of a SIP peer; an IPv6 address goes into brackets (RFC 3261 section 25.1)."""
    return f"sip:[{host}]:{port}" if is_ipv6(host) else f"sip:{host}:{port}"


def is_ipv6(host: str) -> bool:
    """Whether a host is written as an IPv6 address."""
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def endpoint(name: str, codecs: tuple[str, ...], *further: Setting) -> str:
    """Write a trunk's endpoint: whom its calls lead to, its codecs, and media that always passes through Asterisk."""
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
            ("dtmf_mode", "auto"),  # RFC 4733 where it is offered, else the tones themselves
            ("tos_audio", "ef"),
            ("allow_subscribe", "no"),
            *further,
        ),
    )


def aor(name: str, contact: str) -> str:
    """Write where a trunk is found, and how often Asterisk sees whether it is there."""
    return section(name, (("type", "aor"), ("contact", contact), ("qualify_frequency", QUALIFY_S)))


def identify(name: str, host: str) -> str:
    """Write how a call of this trunk is known: by the address that its INVITE comes from."""
    return section(name, (("type", "identify"), ("endpoint", name), ("match", host)))
