"""Core: a session as text, as databases and journals keep it: JSON that says in which version it was written.

A reader passes over what it does not know, and gives what is missing its default: a store outlives many versions
of the program, and a fleet may run two at once.
"""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import asdict, fields_dict

from exoswitch.call.session import (
    BotTarget,
    CallStatus,
    Direction,
    DisconnectedBy,
    Ending,
    Session,
    StreamStatus,
)
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import RemoteProtocolError

VERSION = 2
"""Version 1 called `customer` caller, and `trace` transcript; it had our own number a second time, as callee."""


def to_tree(session: Session) -> dict[str, Any]:
    """Give a session as JSON's own kinds of value."""
    return {
        "version": VERSION,
        **asdict(session, recurse=False),
        "direction": session.direction.value,
        "bot": {"url": session.bot.url, "options": asdict(session.bot.options, recurse=False)},
        **_changes(session),
    }


def from_tree(tree: object) -> Session:
    """Read a session back.

    Raises:
        RemoteProtocolError: this is no session.
    """
    try:
        return _session(tree)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RemoteProtocolError(f"this is no session as exoswitch writes one: {type(error).__name__}") from None


def to_text(session: Session) -> str:
    """Give a session as one line of ASCII."""
    return json.dumps(to_tree(session), separators=(",", ":"))


def from_text(text: str) -> Session:
    """Read a session that `to_text` has written.

    Raises:
        RemoteProtocolError: this is no session.
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise RemoteProtocolError("a session is not written in JSON") from None
    return from_tree(tree)


def event_text(session: Session) -> str:
    """Give what may have changed with an event, as one line of ASCII; all else is the same for all of a call."""
    return json.dumps({"version": VERSION, **_changes(session)}, separators=(",", ":"))


def _changes(session: Session) -> dict[str, Any]:
    ending = session.ending
    return {
        "status": session.status.value,
        "stream_sid": session.stream_sid,
        "trunk": session.trunk,
        "asterisk": session.asterisk,
        "gateway": session.gateway,
        "channel_id": session.channel_id,
        "updated_at": session.updated_at,
        "answered_at": session.answered_at,
        "ended_at": session.ended_at,
        "ending": None if ending is None else asdict(ending, value_serializer=_plain),
    }


def _plain(_owner: object, _attribute: object, value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _session(tree: Any) -> Session:
    known = _known(Session, {"customer": tree.get("caller"), **tree})
    bot = _known(BotTarget, known["bot"])
    options = bot.get("options", {})
    bot["options"] = StreamOptions(**_known(StreamOptions, {"trace": options.get("transcript", "off"), **options}))
    ending = known.get("ending")
    return Session(
        **{
            **known,
            "direction": Direction(known["direction"]),
            "status": CallStatus(known["status"]),
            "bot": BotTarget(**bot),
            "ending": None if ending is None else _ending(ending),
        }
    )


def _ending(tree: Any) -> Ending:
    known = _known(Ending, tree)
    stream_status = known.get("stream_status")
    return Ending(
        **{
            **known,
            "status": CallStatus(known["status"]),
            "stream_status": None if stream_status is None else StreamStatus(stream_status),
            "disconnected_by": DisconnectedBy(known.get("disconnected_by", DisconnectedBy.NONE)),
        }
    )


def _known(cls: type[Any], tree: Mapping[str, Any]) -> dict[str, Any]:
    fields = fields_dict(cls)
    return {name: value for name, value in tree.items() if name in fields}
