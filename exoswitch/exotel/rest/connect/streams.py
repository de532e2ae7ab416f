"""Core: the stream of a request: to a bot that talks (Voice AI), or one that listens to two phones (spec §6.2)."""

from typing import Literal, cast, get_args

from exoswitch.call.bot_address import parse_address
from exoswitch.call.session import BotTarget
from exoswitch.call.stream_options import StreamOptions
from exoswitch.call.stream_tap import Begins, StreamTap
from exoswitch.errors import InvalidRequest
from exoswitch.web.parameters import Parameters, naming

MAX_URL = 600
"""A StreamUrl is shorter (Exotel's Connect Voice AI)."""

MAX_NAME = 32
MAX_STREAM_S = 14400
"""The longest call has the longest stream."""

# Documents write "at Leg1Connect"; a client found "atLeg1connect" on the wire.
_BEGINS: dict[str, Begins] = {"atleg1connect": "leg1", "atleg2connect": "leg2"}
_AT_FIRST = "at Leg1Connect"
Direction = Literal["bidirectional", "unidirectional"]
_ONE_WAY: Direction = "unidirectional"
_SHOWN = 20


def read_direction(asked: Parameters) -> Direction | None:
    """Read which way the stream goes; None if the request does not say so. `StreamBegin` is of one-way streams.

    Raises:
        InvalidRequest: `StreamType` has another value.
    """
    kind = asked.text("StreamType")
    if kind is None:
        return None if asked.text("StreamBegin") is None else _ONE_WAY
    for direction in get_args(Direction):
        if kind.lower() == direction:
            return cast("Direction", direction)
    raise InvalidRequest(f"StreamType={kind[:_SHOWN]!r} is not supported: write {' or '.join(get_args(Direction))}")


def read_bot(asked: Parameters, options: StreamOptions) -> BotTarget:
    """Read the bot that `StreamUrl` names.

    Raises:
        InvalidRequest: the text names the parameter, its value and the remedy.
    """
    _read_name(asked)
    return BotTarget(url=_read_url(asked), options=options)


def read_tap(asked: Parameters) -> StreamTap | None:
    """Read the one-way stream of a call between two phones; None if there is no `StreamUrl`.

    Raises:
        InvalidRequest: as `read_bot` does.
    """
    if asked.text("StreamUrl") is None:
        return None
    begins = asked.text("StreamBegin") or _AT_FIRST
    begins_at = _BEGINS.get("".join(begins.split()).lower())
    if begins_at is None:
        raise InvalidRequest(f"StreamBegin={begins[:40]!r} is unknown: write 'at Leg1Connect' or 'at Leg2Connect'")
    return StreamTap(
        url=_read_url(asked),
        name=_read_name(asked),
        begins_at=begins_at,
        timeout_s=asked.seconds("StreamTimeout", MAX_STREAM_S),
    )


def _read_url(asked: Parameters) -> str:
    url = asked.text("StreamUrl") or ""
    if len(url) >= MAX_URL:
        raise InvalidRequest(f"StreamUrl has {len(url)} characters: it must be shorter than {MAX_URL}")
    with naming("StreamUrl"):
        parse_address(url)
    return url


def _read_name(asked: Parameters) -> str:
    name = asked.text("StreamName") or ""
    if len(name) > MAX_NAME:
        raise InvalidRequest(f"StreamName has {len(name)} characters: write at most {MAX_NAME}")
    return name
