"""Core: the sections of one trunk in pjsip.conf (options of res_pjsip, Asterisk 22.10)."""

from collections.abc import Iterator

from exoswitch.ami.names import DIALLED_HEADER_VARIABLE, INBOUND_CONTEXT, NO_CONTEXT, PILOT_VARIABLE
from exoswitch.asterisk.conf import Setting, section
from exoswitch.config.sip_trunk import SipTrunkConfig
from exoswitch.network.addresses import Address

SILENT_RTP_S = 60
"""Asterisk ends a call whose trunk sends no RTP for this time, as after an outage of its network."""

# A registration ends for good with the default values after one stale nonce, one 403, or some minutes of an outage
# (measured on 22.10). RFC 3261 §10.2 says that a 403 is not to be repeated at once: hence 30 s.
_NEVER_ENDING: tuple[Setting, ...] = (
    ("retry_interval", 10),
    ("forbidden_retry_interval", 30),
    ("fatal_retry_interval", 30),
    ("max_retries", 1_000_000),
    ("auth_rejection_permanent", "no"),
    ("max_random_initial_delay", 0),
)

_AS_A_WORD = {True: "yes", False: "no"}


def trunk_sections(trunk: SipTrunkConfig) -> str:
    """Write the sections of a trunk; all have its name."""
    return "\n".join(section(trunk.name, settings) for settings in _sections(trunk))


def _sections(trunk: SipTrunkConfig) -> Iterator[tuple[Setting, ...]]:
    yield (*_signalling(trunk), *_identity(trunk), *_media(trunk), *_SAFE, *_inbound(trunk))
    yield tuple(_aor(trunk))
    if trunk.password:
        yield tuple(_auth(trunk))
    if trunk.register:
        yield (*_registration(trunk), *_NEVER_ENDING)
    yield (
        ("type", "identify"),
        ("endpoint", trunk.name),
        *(("match", source) for source in trunk.source_hosts),
        ("srv_lookups", "no"),
    )


def _signalling(trunk: SipTrunkConfig) -> Iterator[Setting]:
    yield "type", "endpoint"
    yield "transport", trunk.transport
    yield "context", INBOUND_CONTEXT
    yield "aors", trunk.name
    yield "identify_by", "ip"
    if trunk.password:
        yield "outbound_auth", trunk.name
    yield from _outbound_proxy(trunk)
    yield "timers", _AS_A_WORD[trunk.timers]
    yield "100rel", _AS_A_WORD[trunk.prack]


def _identity(trunk: SipTrunkConfig) -> Iterator[Setting]:
    if trunk.from_domain:
        yield "from_domain", trunk.from_domain
    if trunk.from_user:
        yield "from_user", trunk.from_user
    elif trunk.contact_user:
        yield "contact_user", trunk.contact_user
    if trunk.identity == "pai" and not trunk.identity_host:
        yield "send_pai", "yes"
    if trunk.identity == "rpid":
        yield "send_rpid", "yes"
    if trunk.user_phone:
        yield "user_eq_phone", "yes"
    yield "trust_id_inbound", "yes"
    yield "trust_connected_line", "no"  # else the far end's own text gets into AMI's events during the call


def _media(trunk: SipTrunkConfig) -> Iterator[Setting]:
    yield "disallow", "all"
    yield "allow", ",".join(trunk.codecs)
    yield "media_encryption", "sdes" if trunk.srtp else "no"
    yield "direct_media", "no"
    yield "rtp_symmetric", "yes"
    yield "rtp_timeout", SILENT_RTP_S
    yield "dtmf_mode", trunk.dtmf  # auto: RFC 4733 if offered, else tones in the audio
    yield "tos_audio", "ef"
    yield "ignore_183_without_sdp", "yes"
    yield "sdp_session", "-"  # s=- (RFC 4566 §5.3); the default names Asterisk, and some carriers refuse it


_SAFE: tuple[Setting, ...] = (
    ("max_audio_streams", 1),
    ("max_video_streams", 0),
    ("allow_overlap", "no"),
    ("send_diversion", "no"),
    ("allow_subscribe", "no"),
    ("allow_transfer", "no"),
    # A 302 would begin a call to a number of its choice, as if somebody had called in; now it ends the call.
    ("set_var", f"FORWARD_CONTEXT={NO_CONTEXT}"),
)


def _inbound(trunk: SipTrunkConfig) -> Iterator[Setting]:
    """Tell the dialplan where a call to the registered number has the number that was dialled."""
    if trunk.register:
        yield "set_var", f"{PILOT_VARIABLE}={trunk.contact_user}"
        yield "set_var", f"{DIALLED_HEADER_VARIABLE}={trunk.inbound_number}"


def _aor(trunk: SipTrunkConfig) -> Iterator[Setting]:
    yield "type", "aor"
    yield "contact", f"sip:{_request_uri(trunk)}"
    yield from _outbound_proxy(trunk)
    if trunk.options is None:
        yield "qualify_frequency", 0
    else:
        yield "qualify_frequency", trunk.options.every_s
        yield "qualify_timeout", f"{trunk.options.timeout_s:g}"


def _auth(trunk: SipTrunkConfig) -> Iterator[Setting]:
    yield "type", "auth"
    yield "auth_type", "digest"
    yield "username", trunk.auth_username or trunk.username
    yield "password", trunk.password
    if trunk.realm:
        yield "realm", trunk.realm


def _registration(trunk: SipTrunkConfig) -> Iterator[Setting]:
    yield "type", "registration"
    yield "transport", trunk.transport
    yield "server_uri", f"sip:{_request_uri(trunk)}"
    yield "client_uri", f"sip:{trunk.username}@{trunk.from_domain}"
    yield "contact_user", trunk.contact_user
    if trunk.password:
        yield "outbound_auth", trunk.name
    yield from _outbound_proxy(trunk)
    yield "expiration", trunk.expires
    # A call to us is told by the parameter `line` of the registered contact.
    yield "line", "yes"
    yield "endpoint", trunk.name


def _request_uri(trunk: SipTrunkConfig) -> str:
    """Give the host of request URIs; behind a proxy it has no port, and need not be in DNS."""
    target = trunk.request_host
    host = _host(target) if trunk.is_proxied else str(target)
    return host + _transport(trunk)


def _outbound_proxy(trunk: SipTrunkConfig) -> Iterator[Setting]:
    """Endpoint, aor and registration need it each: with one alone, other messages take another way."""
    if trunk.is_proxied:
        yield "outbound_proxy", f"sip:{trunk.next_hop}{_transport(trunk)};lr"


def _transport(trunk: SipTrunkConfig) -> str:
    return "" if trunk.transport == "udp" else f";transport={trunk.transport}"


def _host(address: Address) -> str:
    return f"[{address.host}]" if ":" in address.host else address.host
