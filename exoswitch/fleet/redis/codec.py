"""Core: how leases, quotas and statuses are written for the scripts in Redis, and how the scripts' answers are read.

The quotas of a lease are one word, which is never empty: ``[account%2Facme1,trunk%2Fsip1]``, or ``[]``.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, unquote

import attrs

from exoswitch.errors import BackendUnavailable, QuotaReached
from exoswitch.fleet.leases import AsteriskStatus, FleetView, GatewayView, Lease, NodeStatus

_Arguments = ParamSpec("_Arguments")
_Read = TypeVar("_Read")

_MALFORMED = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


def understood(read: Callable[_Arguments, _Read]) -> Callable[_Arguments, _Read]:
    """Let an answer of a wrong form count as no answer.

    Raises:
        BackendUnavailable: the answer cannot be read.
    """

    @wraps(read)
    def reading(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> _Read:
        try:
            return read(*arguments, **named)
        except _MALFORMED as problem:
            raise BackendUnavailable(f"Redis gave an answer that cannot be read ({type(problem).__name__})") from None

    return reading


# --- What scripts are asked ----------------------------------------------------------------------------------------


def quota_word(name: str) -> str:
    """Write the name of a quota as a word without separators."""
    return quote(name, safe="")


def quotas_word(names: Iterable[str]) -> str:
    """Write the names of quotas as one word."""
    return f"[{','.join(map(quota_word, names))}]"


def limit_words(quotas: Mapping[str, int]) -> list[str | int]:
    """Write quotas, each with its limit."""
    return [word for name, limit in quotas.items() for word in (quota_word(name), limit)]


def lease_words(lease: Lease) -> tuple[str, ...]:
    """Write a lease for register.lua."""
    return lease.token, lease.gateway, lease.asterisk, lease.call_sid, quotas_word(lease.quotas)


def status_word(status: NodeStatus) -> str:
    """Write the status of a gateway as JSON."""
    return json.dumps(attrs.asdict(status))


def milliseconds(seconds: float) -> int:
    """Give a duration in ms."""
    return round(1000 * seconds)


# --- What scripts answer -------------------------------------------------------------------------------------------


def read_quotas(word: str) -> tuple[str, ...]:
    """Read the names of quotas; an empty text has none."""
    return tuple(unquote(name) for name in word[1:-1].split(",") if name)


@understood
def read_words(answer: str | bytes) -> list[str]:
    """Read an answer in one line."""
    words = answer_text(answer).split()
    if not words:
        raise ValueError("no words")
    return words


@understood
def read_ok(words: Sequence[str]) -> list[str]:
    """Read the words after 'ok'."""
    if words[0] != "ok":
        raise ValueError(words[0])
    return list(words[1:])


@understood
def read_usage(words: Sequence[str]) -> dict[str, int]:
    """Read the answer of renew.lua: 'ok', and the name and the used places of each Asterisk."""
    return {name: int(used) for name, used in _groups(read_ok(words), 2)}


@understood
def read_unreadable(answer: str | bytes) -> dict[str, str]:
    """Read the JSON list of unreadable.lua: the kind and the name of each record, and its text."""
    return {str(name): str(text) for name, text in _pairs(_loads(answer))}


@understood
def read_leases(answer: str | bytes) -> tuple[Lease, ...]:
    """Read the JSON list of reap.lua: token, gateway, asterisk, call_sid, quotas of each lease."""
    return tuple(_lease(*parts) for parts in _groups(_loads(answer), 5))


@understood
def read_adoptions(words: Sequence[str], gateway: str) -> tuple[Lease, ...]:
    """Read the answer of adopt.lua: 'ok', and token, asterisk, call_sid, quotas of each lease."""
    return tuple(_lease(token, gateway, *parts) for token, *parts in _groups(read_ok(words), 4))


@understood
def read_counts(answer: str | bytes) -> dict[str, int]:
    """Read the JSON list of quotas.lua: the number of calls on each quota."""
    return {unquote(name): count for name, count in _counts(_loads(answer)).items()}


def refusal(words: Sequence[str], quotas: Mapping[str, int]) -> QuotaReached | BackendUnavailable:
    """Give the error for an answer other than 'taken' and 'full': a quota is reached, or the answer is unknown."""
    for name, limit in quotas.items():
        if [*words] == ["reached", quota_word(name)]:
            return QuotaReached(name, limit)
    return BackendUnavailable(f"Redis answered {words!r}")


@understood
def read_view(answer: str | bytes) -> FleetView:
    """Read the JSON list of view.lua: now, gateways, heartbeats, used, quotas, leases.

    Records that cannot be read are left out; the next script that needs one sets it aside.
    """
    now_ms, gateways, heartbeats, used, quotas, leases = _loads(answer)
    expires_at = dict(_pairs(heartbeats))
    counts = _counts(used)

    def gateway_view(name: str, text: str) -> GatewayView:
        return GatewayView(
            status=_status(text.partition(" ")[2]),
            used=counts.get(f"gateway:{name}", 0),
            alive=float(expires_at.get(name, 0)) > now_ms,
        )

    return FleetView(
        gateways=dict(_readable(gateways, gateway_view)),
        asterisks={
            node.removeprefix("asterisk:"): count for node, count in counts.items() if node.startswith("asterisk:")
        },
        quotas={unquote(name): count for name, count in _counts(quotas).items()},
        leases=tuple(
            lease for _, lease in _readable(leases, lambda token, text: _lease(token, *text.split(" ")[1:]))
        ),
    )


def answer_text(answer: object) -> str:
    """Give the text of an answer; the client gives bytes if it is not valid UTF-8."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, bytes):
        return answer.decode(errors="replace")
    raise TypeError(f"{type(answer).__name__} is no text")


def _loads(answer: str | bytes) -> Any:
    return json.loads(answer_text(answer))


def _readable(flat: Sequence[str], read: Callable[[str, str], _Read]) -> Iterator[tuple[str, _Read]]:
    """Read records, names and texts in turn; leave out those that cannot be read."""
    for name, text in _pairs(flat):
        try:
            yield name, read(name, text)
        except _MALFORMED:
            continue


def _status(text: str) -> NodeStatus:
    told = json.loads(text)
    asterisks = {
        name: AsteriskStatus(
            capacity=int(its["capacity"]), healthy=its.get("healthy") is True, draining=its.get("draining") is True
        )
        for name, its in told["asterisks"].items()
    }
    return NodeStatus(capacity=int(told["capacity"]), draining=told.get("draining") is True, asterisks=asterisks)


def _lease(token: str, gateway: str, asterisk: str, call_sid: str, quotas: str) -> Lease:
    return Lease(token=token, gateway=gateway, asterisk=asterisk, call_sid=call_sid, quotas=read_quotas(quotas))


def _counts(flat: Sequence[str]) -> dict[str, int]:
    return dict(_readable(flat, lambda _, count: int(count)))


def _pairs(flat: Sequence[str]) -> Iterator[tuple[str, str]]:
    flat = flat or ()
    return zip(flat[::2], flat[1::2], strict=True)


def _groups(flat: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Split a list into groups; Lua's JSON writes an empty list as {}."""
    return zip(*[iter(flat or ())] * size, strict=True)
