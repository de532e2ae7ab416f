"""Core: the question of Exotel's Passthru applet, which tells how a bot's stream has ended (spec §5).

It is a GET: all facts are in the query. Those of the stream have one key each, or are one key with JSON; receivers
must understand both.
"""

import datetime as dt
import json
from email.utils import format_datetime
from urllib.parse import urlencode, urlsplit

from exoswitch.call.passthru import Passthru
from exoswitch.call.session import BotTarget, Direction, Ending, Flow, Session, StreamStatus
from exoswitch.telephony.indian_time import INDIA, written_time
from exoswitch.telephony.numbers import written

_DIRECTIONS = {Direction.INBOUND: "incoming", Direction.OUTBOUND: "outbound-dial"}
_NO_END = "1970-01-01 05:30:00"  # the end of a call that is not over, always, at Exotel
_NULL = "null"


def question(session: Session, passthru: Passthru, now: float, recording_url: str = "") -> str:
    """Give the URL that is asked about a call's last stream: the query of the passthru's own URL stays as it is.

    `recording_url` is where the recording of the call is or will be; it is left out if it is empty.
    """
    facts, of_stream = call_parameters(session, now), stream_parameter if passthru.is_json else stream_parameters
    facts |= of_stream(session, recording_url)
    query = urlencode(facts)
    if "?" not in passthru.url:
        return f"{passthru.url}?{query}"
    return passthru.url + query if passthru.url.endswith(("?", "&")) else f"{passthru.url}&{query}"


def call_parameters(session: Session, now: float) -> dict[str, str]:
    """Give the keys that describe the call; `now` is in seconds since the epoch, and times are Indian."""
    style = "national" if session.bot is None else session.bot.options.numbers
    customer, exophone = written(session.customer, style), written(session.exophone, style)
    caller, called = (customer, exophone) if session.direction is Direction.INBOUND else (exophone, customer)
    facts = {
        "CallSid": session.call_sid,
        "CallFrom": caller,
        "CallTo": called,
        "Direction": _DIRECTIONS[session.direction],
        "ForwardedFrom": _NULL,
        "Created": _dated(session.created_at),
        "StartTime": written_time(session.created_at),
        "CurrentTime": written_time(now),
        "EndTime": _NO_END,
        "CallType": _call_type(session),
        "CallStatus": session.status.value,
        "ProcessStatus": _NULL,
        "flow_id": session.app or "",
        "tenant_id": session.account,
        "From": caller,
        "To": called,
    }
    if session.flow is not None and session.flow.digits:
        facts["digits"] = f'"{session.flow.digits}"'  # Exotel sends the quotes, and receivers remove them
    return facts if session.custom_field is None else facts | {"CustomField": session.custom_field}


def stream_parameters(session: Session, recording_url: str = "") -> dict[str, str]:
    """Give the keys ``Stream[…]`` of a stream that has ended, in Exotel's order; empty if there was none."""
    return {f"Stream[{name}]": value for name, value in _facts(session, recording_url).items()}


def stream_parameter(session: Session, recording_url: str = "") -> dict[str, str]:
    """Give the same facts as one key ``Stream``, in JSON."""
    facts = _facts(session, recording_url)
    return {"Stream": json.dumps(facts, separators=(",", ":"))} if facts else {}


def _facts(session: Session, recording_url: str) -> dict[str, str]:
    ending, bot = _stream_ending(session), session.bot
    if ending is None or ending.stream_status is None or bot is None:
        return {}
    facts = {
        "StreamSID": session.stream_sid,
        "Status": ending.stream_status.value,
        "Duration": str(_duration_s(session, ending)),
        "StreamUrl": _without_credentials(bot),
        **({"RecordingUrl": recording_url} if recording_url else {}),
        "DisconnectedBy": ending.disconnected_by.value,
    }
    return facts if ending.stream_error is None else facts | {"Error": ending.stream_error}


def _stream_ending(session: Session) -> Ending | None:
    """Give how the last stream ended: before the call, or with it."""
    flow = session.flow
    return session.ending if flow is None or flow.ended is None else flow.ended


def _duration_s(session: Session, ending: Ending) -> int:
    """Give the length of the stream, counted from the answer or the last hop: the bot connects milliseconds later."""
    if ending.stream_status is StreamStatus.FAILED:
        return 0
    flow = session.flow or Flow()
    ended_s = session.duration_s or 0.0 if flow.ended is None else flow.ended_s
    return round(max(0.0, ended_s - flow.began_s))


def _call_type(session: Session) -> str:
    """Give Exotel's word: a conversation happened, or none did."""
    ending = _stream_ending(session)
    return "call-attempt" if ending is None or ending.stream_status is StreamStatus.FAILED else "completed"


def _dated(moment: float) -> str:
    """Write a moment as mail does (RFC 5322), without a zone."""
    return format_datetime(dt.datetime.fromtimestamp(moment, INDIA)).rpartition(" ")[0]


def _without_credentials(bot: BotTarget) -> str:
    parts = urlsplit(bot.url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
