"""Core: every metric that there is. `python tools/write_metrics.py` writes docs/metrics.md from it.

A label never holds a number, a SID or a URL: its values are listed here, or are names of the configuration file.
"""

from exoswitch import __version__
from exoswitch.telemetry.metric import Kind, Label, Metric
from exoswitch.telephony.causes import CAUSES
from exoswitch.telephony.sip_statuses import FINAL_ANSWERS

LABELS = {
    "action": "the AMI action",
    "asterisk": "the name of an Asterisk under `asterisks:`",
    "by": "the side that closed the connection, or lost it",
    "code_class": "the WebSocket close code: `1000` and `1001` are a normal end, `none` is a connection without one",
    "event": "the event of the call that was told",
    "dir": "`in` is from the person on the phone, `out` to the person",
    "direction": "`inbound` or `outbound`",
    "ended_by": "the side that ended the call",
    "kind": "what was wrong",
    "limit": "the limit that was reached",
    "op": "the question to the store",
    "outcome": "what became of it",
    "plane": "the media plane; [operator.md](operator.md) tells how to choose it",
    "reason": "why",
    "result": "how it went",
    "cause": "the Q.850 cause of the hang-up, a number; [operator.md](operator.md) has the common ones. "
    "Of a failover: the SIP status, or a word",
    "scheme": "the scheme of the bot's URL; `http` and `https` are resolvers",
    "stage": "how far the call came",
    "state": "`open`: calls go to other trunks; `half-open`: one call tries the trunk",
    "status": "Exotel's final status of the call",
    "from": "the name of the trunk that failed",
    "to": "the name of the trunk that was dialled next",
    "version": "the version of exoswitch",
    "tick": "where the media plane works: in the `reactor`, or in a `thread` of its own",
    "trunk": "the name of a trunk under `trunks:`; empty for a call without one",
}
"""The labels that a metric may have. Before you add one, be sure that it has few values."""

FROM_CONFIGURATION = frozenset({"asterisk", "trunk", "from", "to"})
"""The labels whose values are names of the configuration file."""

_ASTERISK = Label("asterisk")
_TRUNK = Label("trunk")
_DIRECTION = Label("direction", ("inbound", "outbound"))
_DIR = Label("dir", ("in", "out"))
_STATUS = Label("status", ("completed", "failed", "busy", "no-answer", "canceled"))
_ENDED_BY = Label("ended_by", ("user", "bot", "network", "gateway"))
_FAULT = Label("kind", ("binary", "early", "ignored", "malformed"))

_ACTION = Label(
    "action",
    (
        *("AGI", "Challenge", "CoreShowChannels", "Filter", "Getvar", "Hangup", "Login", "Originate", "Ping"),
        *("Redirect", "Setvar"),
    ),
)
_OP = Label(
    "op",
    (
        *("open", "write", "recall", "newest_call_at", "unfinished", "undialled", "claim", "tidy"),
        *("search", "live_bots", "costs"),
    ),
)
_CODE_CLASS = Label("code_class", ("1000", "1001", "1xxx", "3xxx", "4xxx", "none"))
_VERSION = Label("version", (__version__,))
_PLANE = Label("plane", ("compiled", "python"))
_TICK = Label("tick", ("reactor", "thread"))
_BY = Label("by", ("gateway", "bot"))
_STAGE = Label("stage", ("ringing", "answer"))
_CAUSE = Label("cause", tuple(map(str, CAUSES)))
_FAILOVER_CAUSE = Label("cause", ("silence", "no-channel", "other", *map(str, FINAL_ANSWERS)))
_EVENT = Label("event", ("ringing", "answered", "terminal", "passthru"))
_CALLBACK_OUTCOME = Label("outcome", ("delivered", "retry", "dropped", "refused", "ssrf"))
_SCHEME = Label("scheme", ("ws", "wss", "http", "https"))

_DURATION_S = (1, 5, 15, 30, 60, 180, 600, 1800, 3600, 14400)
_SETUP_S = (0.1, 0.25, 0.5, 1, 2, 4, 6, 8, 10, 15, 20, 30, 60)
_ANSWER_TO_START_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
_FIRST_AUDIO_S = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10)
_CPS_WAIT_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)
_CONNECT_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_PASSTHRU_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
_ACTION_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_ALLOCATION_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
_STORE_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_QUEUE_S = (0.02, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
_CALLBACK_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
_LATENESS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25)
_REACTOR_S = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_LOSS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_JITTER_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)


def _counter(name: str, text: str, *labels: Label) -> Metric:
    return Metric(name=name, kind=Kind.COUNTER, help=text, labels=labels)


def _tally(name: str, text: str, *labels: Label) -> Metric:
    """Describe a counter that its owner keeps."""
    return Metric(name=name, kind=Kind.COUNTER, help=text, labels=labels, is_read=True)


def _gauge(name: str, text: str, *labels: Label) -> Metric:
    return Metric(name=name, kind=Kind.GAUGE, help=text, labels=labels, is_read=True)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: Label) -> Metric:
    return Metric(name=name, kind=Kind.HISTOGRAM, help=text, labels=labels, buckets=buckets)


SECTIONS: dict[str, tuple[Metric, ...]] = {
    "Gateway": (
        _gauge(
            "build_info",
            "1, for the version of exoswitch, the media plane that runs, and where it ticks.",
            *(_VERSION, _PLANE, _TICK),
        ),
        _histogram(
            "reactor_lateness_seconds",
            "How late the reactor runs a call that is due; it does not delay ticks in a thread.",
            _REACTOR_S,
        ),
    ),
    "Calls": (
        _gauge("calls_active", "Calls that are not over.", _DIRECTION, _TRUNK),
        _counter("calls_total", "Calls that ended on this gateway.", _DIRECTION, _TRUNK, _STATUS, _ENDED_BY),
        _counter("hangup_cause_total", "Hang-up causes that Asterisk gave for calls that ended.", _TRUNK, _CAUSE),
        _counter("short_calls_total", "Calls that ended less than 6 s after the answer.", _TRUNK),
        _histogram("call_duration_seconds", "From the answer to the end of a call.", _DURATION_S, _DIRECTION),
        _histogram("call_setup_seconds", "From the dial to the ringing or to the answer.", _SETUP_S, _TRUNK, _STAGE),
        _histogram(
            "answer_to_start_seconds",
            "From the answer until the bot was told `start`.",
            _ANSWER_TO_START_S,
            _SCHEME,
        ),
        _histogram("first_bot_audio_seconds", "From the answer to the bot's first audio.", _FIRST_AUDIO_S),
        _counter(
            "refused_total",
            "Calls that were refused before they began. Each gateway that hears of an inbound call counts it.",
            Label("reason", ("quota", "capacity", "draining", "no_trunk", "unavailable", "unknown_number")),
        ),
        _counter(
            "takeovers_total",
            "Calls of other gateways, or of an earlier process, that came to this gateway.",
            Label("result", ("resumed", "ended")),
        ),
    ),
    "Trunks": (
        _counter(
            "trunk_attempts_total",
            "Dials on a trunk that ended or were answered.",
            _TRUNK,
            Label("result", ("answered", "busy", "no-answer", "failed", "canceled")),
        ),
        _counter(
            "trunk_failovers_total",
            "Calls whose trunk failed before the phone rang, and that were dialled on another one.",
            Label("from"),
            Label("to"),
            _FAILOVER_CAUSE,
        ),
        _gauge("trunk_channels_in_use", "Channels of a trunk that calls of this gateway use.", _TRUNK),
        _gauge("trunk_channels_limit", "Channels of a trunk that are configured.", _TRUNK),
        _gauge("trunk_cps_limit", "Calls a second that a trunk takes, as configured.", _TRUNK),
        _gauge(
            "trunk_circuit_state",
            "The state of a trunk's breaker, for the whole fleet: 1 for the one that it is in.",
            _TRUNK,
            Label("state", ("closed", "open", "half-open")),
        ),
        _histogram("trunk_cps_wait_seconds", "The wait of a call for the trunk's turn to dial.", _CPS_WAIT_S, _TRUNK),
        _gauge(
            "trunk_up",
            "Whether a trunk is registered and reachable, as far as Asterisk knows; without a sign, no value.",
            _ASTERISK,
            _TRUNK,
        ),
        _gauge("trunk_registered", "Whether Asterisk is registered at a trunk.", _ASTERISK, _TRUNK),
        _gauge("trunk_qualify_rtt_seconds", "How long a trunk took to answer OPTIONS.", _ASTERISK, _TRUNK),
    ),
    "Media": (
        _histogram("tick_lateness_seconds", "How late the 20 ms tick of all calls began.", _LATENESS_S),
        _tally("ticks_skipped_total", "Ticks that were left out: the process was too slow, or hung."),
        _tally("rtp_packets_total", "RTP packets of calls: received and counted, or sent.", _DIR),
        _tally("rtp_lost_total", "RTP packets that never came."),
        _tally("rtp_late_total", "RTP packets that came after their tick; most are still played."),
        _tally("rtp_reordered_total", "RTP packets that came after a later one."),
        _tally("rtp_duplicates_total", "RTP packets that came twice."),
        _tally("rtp_malformed_total", "Datagrams that are no RTP, or RTP of another codec than G.711."),
        _tally(
            "rtp_foreign_total",
            "Datagrams of other senders than the call's. Once a call is heard, the kernel drops them uncounted.",
        ),
        _tally(
            "rtp_flooded_ticks_total",
            "Ticks in which a call had more datagrams than its share, at most 512; the rest waited, or was dropped.",
        ),
        _tally("rtp_unsent_total", "RTP packets that the kernel refused to send."),
        _tally(
            "media_events_lost_total",
            "Marks, messages and other events of calls that did not fit into the queue of the compiled media plane.",
        ),
        _counter("rtp_failures_total", "Ticks of calls that failed through an error in exoswitch."),
        _histogram("rtp_loss_ratio", "The share of a call's RTP packets that never came, at its end.", _LOSS),
        _histogram("rtp_jitter_seconds", "The interarrival jitter (RFC 3550) of a call at its end.", _JITTER_S),
        _gauge("rtp_ports_in_use", "RTP ports of live calls."),
        _gauge("rtp_ports_size", "RTP ports that are configured."),
        _counter("rtp_port_failures_total", "RTP ports that could not be bound."),
        _tally("concealed_seconds_total", "Audio of callers that was missing, and replaced."),
        _histogram("playout_queue_seconds", "The longest queue of a bot's audio in a call, at its end.", _QUEUE_S),
        _tally("playout_underruns_total", "Times that a bot's queued audio came to its end."),
        _tally("playout_dropped_seconds_total", "Audio of bots that was dropped because the queue was full."),
    ),
    "Recordings": (
        _gauge("recordings_active", "Calls that are being recorded."),
        _gauge("recordings_bytes", "The size of all recordings in the folder, at its last look-through."),
        _gauge("recordings_unwritten_bytes", "Audio of recordings that waits to be encoded and written."),
        _histogram("recordings_write_seconds", "To encode and write half a second of all recorded calls.", _STORE_S),
        _counter(
            "recordings_ended_early_total",
            "Recordings that ended before their call.",
            Label("reason", ("disk_full", "not_writable", "too_slow", "no_encoder", "fault")),
        ),
        _tally(
            "recording_lost_seconds_total",
            "Audio that is silence in recordings, because more than a minute of a call waited for the gateway.",
        ),
        _counter("recordings_deleted_total", "Recordings that were deleted.", Label("reason", ("age", "size"))),
    ),
    "Bots": (
        _gauge("streams_active", "Calls with a bot that is connected."),
        _histogram(
            "stream_connect_seconds",
            "An attempt to reach a bot: resolver, name, TCP, TLS and the WebSocket handshake together.",
            _CONNECT_S,
            Label("result", ("opened", "failed")),
        ),
        _counter("stream_closes_total", "Open connections to bots that ended.", _CODE_CLASS, _BY),
        _tally(
            "marks_total",
            "Marks of bots: `played` after their audio, `cleared` by the bot, or `lost` with the stream.",
            Label("outcome", ("played", "cleared", "lost")),
        ),
        _tally("clears_total", "Clears of bots."),
        _counter("stream_losses_total", "Streams that were lost and are to be made again."),
        _counter(
            "passthru_requests_total",
            "Questions to passthrus: the status of the answer, or `failed` for none.",
            Label("result", ("200", "302", "other", "failed")),
        ),
        _histogram("passthru_seconds", "The time of an answer of a passthru.", _PASSTHRU_S),
        _counter("app_hops_total", "Calls that went on to another app after a passthru."),
        _counter(
            "bot_faults_total",
            "Messages of bots that could not be used: binary ones, ones before `start` was sent, unknown events, and "
            "ones that are not Exotel's JSON.",
            _FAULT,
        ),
        _counter("caller_audio_dropped_seconds_total", "Audio of callers that bots did not read in time."),
    ),
    "HTTP": (
        _gauge("http_connections", "Connections of HTTP clients."),
        _counter("http_connections_refused_total", "Connections that found no room; some took an idle one's place."),
        _counter(
            "http_requests_refused_total",
            "Requests that were refused before they were read: malformed (400), too slow (408) or too large (413).",
            Label("status", ("400", "408", "413")),
        ),
        _counter(
            "http_rate_limited_total",
            "Requests beyond an account's limit a minute: for a call, or to read.",
            Label("limit", ("call", "read")),
        ),
        _counter("logins_failed_total", "Requests with wrong credentials."),
    ),
    "Sessions": (
        _gauge("store_up", "Whether sessions can be stored: 1, else 0."),
        _histogram("store_seconds", "The time of an answer of the store.", _STORE_S, _OP),
        _gauge("journal_pending", "Calls with a change that is not in the store yet."),
        _counter("session_notes_total", "Changes of sessions to be written."),
        _counter("session_batches_total", "Transactions that wrote sessions."),
        _counter("session_outages_total", "Times that the session store was lost."),
        _counter("session_records_corrupt_total", "Times that a session in the store could not be read."),
        _counter("session_notes_journalled_total", "Changes of sessions that went to the journal."),
        _counter("session_notes_replayed_total", "Changes of sessions that came from the journal into the store."),
        _counter("session_lines_damaged_total", "Lines of the journal that cannot be read; they are set aside."),
        _counter("session_notes_set_aside_total", "Notes that could not be stored or read, in `set-aside.jsonl`."),
        _counter("journal_lost_total", "Changes of sessions that were lost: neither store nor journal took them."),
    ),
    "Callbacks": (
        _counter(
            "callback_deliveries_total",
            "Attempts to deliver a status callback. `retry`: it failed, and is made again. `dropped`: the last one "
            "failed. `refused`: the receiver did not want the event, three times. `ssrf`: the address is not public, "
            "and not permitted. Callbacks that failed in the end are kept: see `exoswitch callbacks`.",
            _EVENT,
            _CALLBACK_OUTCOME,
        ),
        _histogram("callback_seconds", "From the beginning of an attempt to its end.", _CALLBACK_S),
        _gauge("callback_outbox_depth", "Callbacks that wait, in the whole fleet; counted every 15 s."),
        _gauge("callback_oldest_seconds", "How long the oldest of them has waited."),
    ),
    "Asterisk": (
        _gauge("ami_connected", "Whether the gateway is logged in and Asterisk is ready: 1, else 0.", _ASTERISK),
        _tally("ami_events_total", "Events of Asterisk that the gateway uses.", _ASTERISK),
        _tally(
            "ami_refused_total",
            "Messages of Asterisk that are not believed: a caller may have written them.",
            _ASTERISK,
        ),
        _tally(
            "sip_strangers_total",
            "SIP requests from addresses of no trunk that Asterisk refused. Each gateway of an Asterisk counts them.",
            _ASTERISK,
        ),
        _gauge("ami_queue", "Actions that wait for their answer.", _ASTERISK),
        _histogram("ami_action_seconds", "From an action to its answer.", _ACTION_S, _ASTERISK, _ACTION),
    ),
    "Fleet": (
        _gauge("redis_up", "Whether Redis counts the calls of this gateway: 1, else 0."),
        _counter(
            "allocations_total",
            "Questions for the place of a new outbound call.",
            Label("result", ("taken", "full", "unavailable")),
        ),
        _histogram("allocation_seconds", "The time until the place of a call was known.", _ALLOCATION_S),
        _counter(
            "leases_reaped_total", "Places of dead gateways that were freed, because no gateway took their calls."
        ),
        _counter("jobs_sent_total", "Calls that were handed to another gateway to dial."),
        _counter("jobs_taken_total", "Calls that came from another gateway to be dialled here."),
        _counter("jobs_failed_total", "Calls from another gateway whose dialling failed through an error."),
        _counter("jobs_malformed_total", "Jobs in Redis that cannot be read; they are dropped."),
        _counter("redis_records_unreadable_total", "Records in Redis that could not be read; they are set aside."),
        _counter("places_taken_without_redis_total", "Places for calls that were taken while Redis was away."),
    ),
}

METRICS = {metric.name: metric for section in SECTIONS.values() for metric in section}


def kept(name: str, kind: Kind) -> Metric:
    """Find a metric of this kind whose number the code adds to.

    Raises:
        LookupError: there is none.
    """
    found = _find(name)
    if found.is_read:
        raise LookupError(f"metric {name} is read from its owner: give a Reading of it")
    if found.kind is not kind:
        raise LookupError(f"metric {name} is a {found.kind.value}")
    return found


def read(name: str) -> Metric:
    """Find a metric that is read from its owner.

    Raises:
        LookupError: there is none.
    """
    found = _find(name)
    if not found.is_read:
        raise LookupError(f"metric {name} is not read from its owner: add to it")
    return found


def _find(name: str) -> Metric:
    if name not in METRICS:
        raise LookupError(
            f"there is no metric {name!r}: add its row to exoswitch/telemetry/catalogue.py, "
            "then run `python tools/write_metrics.py`"
        )
    return METRICS[name]
