"""Core: asterisk.conf, modules.conf, rtp.conf, and the files that are the same for every Asterisk."""

from exoswitch.asterisk.conf import conf, section
from exoswitch.config.model import AsteriskConfig

# Only the modules that a gateway needs: Asterisk starts six times as fast as with all modules of a distribution, and
# exposes less to attacks. The order matters: UnicastRTP needs res_rtp_multicast before chan_rtp.
_SIP = (
    *("res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_pjproject", "res_pjsip"),
    *("res_pjsip_session", "res_pjsip_sdp_rtp", "res_pjsip_pubsub", "res_pjsip_endpoint_identifier_ip"),
    *("res_pjsip_caller_id", "res_pjsip_nat", "res_pjsip_acl", "res_pjsip_rfc3326", "res_pjsip_dtmf_info"),
    *("res_pjsip_dlg_options", "res_pjsip_authenticator_digest", "res_pjsip_outbound_authenticator_digest"),
    *("res_pjsip_outbound_registration", "res_pjsip_header_funcs", "chan_pjsip"),
)
_MEDIA = (
    *("res_timing_timerfd", "res_srtp", "res_rtp_asterisk", "res_rtp_multicast", "chan_rtp", "bridge_simple"),
    *("codec_ulaw", "codec_alaw", "codec_a_mu", "codec_gsm", "codec_g722", "codec_resample"),
    *("format_gsm", "format_pcm", "format_sln", "format_wav"),
)
_CALLS = (
    *("pbx_config", "app_dial", "app_stack", "app_senddtmf", "app_playback", "app_playtones", "app_chanspy"),
    *(
        "res_speech",
        "res_agi",
        "func_callerid",
        "func_channel",
        "func_cut",
        "func_logic",
        "func_strings",
        "func_timeout",
    ),
)
MODULES = _SIP + _MEDIA + _CALLS

# Keys of asterisk.conf, and folders under the state directory.
_STATE = {
    "astrundir": "run",
    "astlogdir": "log",
    "astspooldir": "spool",
    "astdbdir": "db",
    "astkeydir": "db",
    "astcachedir": "cache",
}
STATE_FOLDERS = tuple(dict.fromkeys(_STATE.values()))

DESCRIPTORS_PER_CALL = 16
"""A bridged call takes nine file descriptors, four of them sockets (measured on Asterisk 22.10)."""

DESCRIPTORS_AT_REST = 1024


def descriptors(pbx: AsteriskConfig) -> int:
    """Give the file descriptors that an Asterisk may open."""
    return DESCRIPTORS_AT_REST + DESCRIPTORS_PER_CALL * pbx.capacity


def asterisk_conf(pbx: AsteriskConfig, *, etc_dir: str, state_dir: str | None) -> str:
    """Render asterisk.conf: its folders, and its own limit of calls, as a guard against wrong counts of gateways."""
    folders = [("astetcdir", etc_dir)]
    if state_dir is not None:
        folders += [(key, f"{state_dir}/{folder}") for key, folder in _STATE.items()]
    options = (
        # Channel ids start with it, so they are unique in a fleet.
        ("systemname", pbx.name),
        # A call above the limit is refused; without RTP ports it could crash Asterisk (asterisk#1757).
        ("maxcalls", pbx.rtp_calls),
        ("maxfiles", descriptors(pbx)),
        ("nocolor", "yes"),
    )
    return conf(section("directories", folders), section("options", options))


def modules_conf() -> str:
    """Render modules.conf: every module by name, in the order in which they are loaded."""
    return conf(section("modules", (("autoload", "no"), *(("load", f"{module}.so") for module in MODULES))))


def rtp_conf(pbx: AsteriskConfig) -> str:
    """Render rtp.conf, without ICE: it is for browsers, and delays each call."""
    ports = pbx.rtp_ports
    return conf(
        section(
            "general",
            (("rtpstart", ports.start), ("rtpend", ports[-1]), ("strictrtp", "yes"), ("icesupport", "no")),
        ),
    )


NO_SOUND = "exoswitch-silence"
"""A sound of 20 ms, which nobody hears; see `features_conf`."""


def features_conf(*, etc_dir: str) -> str:
    """Render features.conf: the sound that Bridge plays to the channel that it takes out of another bridge.

    A sound in linear PCM makes Asterisk build anew what translates audio to the codec of this channel. Otherwise it
    takes the RTP of the second phone for late packets of the gateway's, if its sequence numbers are lower, and
    drops it for minutes (22.10: main/translate.c, `ast_translate`).
    """
    return conf(section("general", (("xfersound", f"{etc_dir}/{NO_SOUND}"),)))


def fixed_files() -> dict[str, str]:
    """Render the files that are the same for every Asterisk: it needs some to exist; some turn off call records."""
    return {
        "logger.conf": conf(
            section("general", (("dateformat", "%F %T.%3q"),)),
            section("logfiles", (("messages.log", "notice,warning,error"),)),
        ),
        "cdr.conf": conf(section("general", (("enable", "no"),))),
        "cel.conf": conf(section("general", (("enable", "no"),))),
        f"{NO_SOUND}.sln": "\0" * 320,
        "udptl.conf": conf(section("general")),
        "stasis.conf": conf(section("taskpool")),
        "pjproject.conf": conf(section("startup", (("type", "startup"),))),
        "acl.conf": conf(),
        "ccss.conf": conf(section("general")),
        "indications.conf": conf(section("general", (("country", "in"),)), section("in", _INDIAN_TONES)),
    }


# Tones of India (ITU-T E.180 supplement 2), as frequency/milliseconds.
_INDIAN_TONES = (
    ("description", "India"),
    ("ringcadence", "400,200,400,2000"),
    ("dial", "400*25"),
    ("busy", "400/750,0/750"),
    ("ring", "400*25/400,0/200,400*25/400,0/2000"),
    ("congestion", "400/250,0/250"),
)
