"""Core: pjsip.conf: what all trunks share, and the sections of each (options of res_pjsip, Asterisk 22.10)."""

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from attrs import evolve

from exoswitch.asterisk.conf import Setting, conf, section
from exoswitch.config.model import AsteriskConfig
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.network.addresses import Address

TIMER_T1_MS = 100
TIMER_B_MS = 64 * TIMER_T1_MS
"""A trunk that answers nothing to an INVITE has failed after 6.4 s, with SIP status 408 (RFC 3261 §17.1.1.2).

With T1 of 500 ms it would be 32 s. T1 is the estimate of the round-trip time, which is below 100 ms within a country.
"""

_REVISION = re.compile(r"^\[(exoswitch\.[0-9a-f]{12})\]$", re.MULTILINE)


# Networks behind a NAT (RFC 1918, RFC 6598, loopback): they see our own address. VPNs of carriers are among them.
_LOCAL = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")


def pjsip_conf(pbx: AsteriskConfig, trunks: Sequence[ITrunk]) -> str:
    """Render pjsip.conf, with its revision."""
    text = conf(
        # Calls are identified by their source address or by the line of a registration, so that no stranger gets in
        # by choosing a name.
        section(
            "global",
            (
                ("type", "global"),
                ("user_agent", "exoswitch"),
                ("endpoint_identifier_order", "ip"),
                ("ignore_uri_user_options", "yes"),  # a number is cut at ;npdi=yes or ;phone-context=… (RFC 3966)
            ),
        ),
        section("system", (("type", "system"), ("timer_t1", TIMER_T1_MS), ("timer_b", TIMER_B_MS))),
        *(section(name, settings) for name, settings in _transports(pbx)),
        *(trunk.pjsip() for trunk in trunks),
    )
    return f"{text}\n{section(_revision(text, pbx.secret), (('type', 'aor'),))}"


def revision_of(pjsip: str) -> str:
    """Read the name of the revision from a rendered pjsip.conf; ``""`` if there is none."""
    found = _REVISION.search(pjsip)
    return found[1] if found else ""


def _revision(text: str, secret: str) -> str:
    """Give the name of an aor that nothing uses; Asterisk's list of aors shows which file Asterisk has read.

    A reload answers Success also for a file that Asterisk cannot read. The name is a keyed hash, because the text
    holds passwords.
    """
    return f"exoswitch.{blake2b(text.encode(), digest_size=6, key=secret.encode()[:64]).hexdigest()}"


def _transports(pbx: AsteriskConfig) -> Iterator[tuple[str, tuple[Setting, ...]]]:
    """Give all transports, used or not: Asterisk takes a new one only when it starts."""
    udp = Address.of(pbx.sip)
    nat = tuple(_behind_nat(pbx.public_address))
    for protocol in ("udp", "tcp"):
        yield protocol, (("type", "transport"), ("protocol", protocol), ("bind", udp), *nat)
    yield (
        "tls",
        (
            ("type", "transport"),
            ("protocol", "tls"),
            ("bind", evolve(udp, port=udp.port + 1)),
            ("method", "tlsv1_2"),
            ("ca_list_file", pbx.sip_ca_file),
            ("verify_server", "yes"),
            ("allow_wildcard_certs", "yes"),
            *nat,
        ),
    )


def _behind_nat(public: str) -> Iterator[Setting]:
    if public:
        yield "external_signaling_address", public
        yield "external_media_address", public
        yield from (("local_net", network) for network in _LOCAL)
