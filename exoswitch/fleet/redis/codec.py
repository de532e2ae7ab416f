"""Core: how leases, quotas and statuses are written for the scripts in Redis, and how the scripts' answers are read.

The quotas of a lease are one word, which is never empty: ``[account%2Facme1,trunk%2Fsip1]``, or ``[]``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

import attrs

from exoswitch.errors import BackendUnavailable, QuotaReached
from exoswitch.fleet.leases import AsteriskStatus, FleetView, GatewayView, Lease, NodeStatus

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


def read_leases(answer: str) -> tuple[Lease, ...]:
    """Read the JSON list of reap.lua: token, gateway, asterisk, call_sid, quotas of each lease."""
    return tuple(_lease(*parts) for parts in _groups(json.loads(answer), 5))


def read_adoptions(words: Sequence[str], gateway: str) -> tuple[Lease, ...]:
    """Read the answer of adopt.lua: 'ok', and token, asterisk, call_sid, quotas of each lease."""
    return tuple(_lease(token, gateway, *parts) for token, *parts in _groups(words[1:], 4))


def read_counts(answer: str) -> dict[str, int]:
    """Read the JSON list of quotas.lua: the number of calls on each quota."""
    return _counts(json.loads(answer))


def refusal(words: Sequence[str], quotas: Mapping[str, int]) -> QuotaReached | BackendUnavailable:
    """Give the error for an answer other than 'taken' and 'full': a quota is reached, or the answer is unknown."""
    for name, limit in quotas.items():
        if [*words] == ["reached", quota_word(name)]:
            return QuotaReached(name, limit)
    return BackendUnavailable(f"Redis answered {words!r}")


def read_view(answer: str) -> FleetView:
    """Read the JSON list of view.lua: now, gateways, heartbeats, used, quotas, leases."""
    now_ms, gateways, heartbeats, used, quotas, leases = json.loads(answer)
    expires_at = dict(_pairs(heartbeats))
    counts = {node: int(count) for node, count in _pairs(used)}
    return FleetView(
        gateways={
            name: GatewayView(
                status=_status(text.partition(" ")[2]),
                used=counts.get(f"gateway:{name}", 0),
                alive=float(expires_at[name]) > now_ms,
            )
            for name, text in _pairs(gateways)
        },
        asterisks={
            node.removeprefix("asterisk:"): count for node, count in counts.items() if node.startswith("asterisk:")
        },
        quotas=_counts(quotas),
        leases=tuple(_lease(token, *text.split(" ")[1:]) for token, text in _pairs(leases)),
    )


def _status(text: str) -> NodeStatus:
    told = json.loads(text)
    asterisks = {name: AsteriskStatus(**its) for name, its in told["asterisks"].items()}
    return NodeStatus(capacity=told["capacity"], draining=told["draining"], asterisks=asterisks)


def _lease(token: str, gateway: str, asterisk: str, call_sid: str, quotas: str) -> Lease:
    return Lease(token=token, gateway=gateway, asterisk=asterisk, call_sid=call_sid, quotas=read_quotas(quotas))


def _counts(flat: Sequence[str]) -> dict[str, int]:
    return {unquote(name): int(count) for name, count in _pairs(flat)}


def _pairs(flat: Sequence[str]) -> Iterator[tuple[str, str]]:
    flat = flat or ()
    return zip(flat[::2], flat[1::2], strict=True)


def _groups(flat: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Split a list into groups; Lua's JSON writes an empty list as {}."""
    return zip(*[iter(flat or ())] * size, strict=True)
