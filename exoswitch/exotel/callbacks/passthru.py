"""Core: the parameters of Exotel's Passthru applet that describe a stream that has ended (spec §5.2).

Exotel sends them in the query of a GET, one key each or one key with JSON; receivers must understand both.
"""

import json
from urllib.parse import urlsplit

from exoswitch.call.session import Ending, Session, StreamStatus


def stream_parameters(session: Session) -> dict[str, str]:
    """Give the keys ``Stream[…]`` of a call that has ended, in Exotel's order; empty if it never had a stream."""
    return {f"Stream[{name}]": value for name, value in _facts(session).items()}


def stream_parameter(session: Session) -> dict[str, str]:
    """Give the same facts as one key ``Stream``, in JSON."""
    facts = _facts(session)
    return {"Stream": json.dumps(facts, separators=(",", ":"))} if facts else {}


def _facts(session: Session) -> dict[str, str]:
    ending = session.ending
    if ending is None or ending.stream_status is None or session.bot is None:
        return {}
    facts = {
        "StreamSID": session.stream_sid,
        "Status": ending.stream_status.value,
        "Duration": str(_duration_s(session, ending)),
        "StreamUrl": _without_credentials(session.bot.url),
        "DisconnectedBy": ending.disconnected_by.value,
    }
    return facts if ending.stream_error is None else facts | {"Error": ending.stream_error}


def _duration_s(session: Session, ending: Ending) -> int:
    """Give the length of the stream, counted from the answer: the bot connects milliseconds later."""
    return 0 if ending.stream_status is StreamStatus.FAILED else round(session.duration_s or 0.0)


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
