"""Core: pjsip.conf: what all trunks share, and the sections of each (options of res_pjsip, Asterisk 22.10)."""

from collections.abc import Iterator, Sequence

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


def pjsip_conf(pbx: AsteriskConfig, trunks: Sequence[ITrunk]) -> str:
    """Render pjsip.conf."""
    return conf(
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


def _transports(pbx: AsteriskConfig) -> Iterator[tuple[str, tuple[Setting, ...]]]:
    """Give all transports, used or not: Asterisk takes a new one only when it starts."""
    udp = Address.of(pbx.sip)
    for protocol in ("udp", "tcp"):
        yield protocol, (("type", "transport"), ("protocol", protocol), ("bind", udp))
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
        ),
    )
