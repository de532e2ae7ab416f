"""Core: what the scripts in Redis answer, read into the vocabulary of nodes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote

from exoswitch.errors import BackendUnavailable, QuotaReached
from exoswitch.fleet.leases import AsteriskStatus, FleetView, GatewayView, Lease, NodeStatus
from exoswitch.fleet.redis.words import quota_word, read_quotas


def read_leases(answer: str) -> tuple[Lease, ...]:
    """Read a list of token, gateway, asterisk, call_sid, quotas, and so on."""
    parts = iter(json.loads(answer))
    return tuple(
        Lease(token=token, gateway=gateway, asterisk=asterisk, call_sid=call_sid, quotas=read_quotas(quotas))
        for token, gateway, asterisk, call_sid, quotas in zip(*[parts] * 5, strict=True)
    )


def refusal(words: Sequence[str], quotas: Mapping[str, int]) -> QuotaReached | BackendUnavailable:
    """Read why a call was refused, other than for want of a place: a quota is reached, or the answer is unknown."""
    for name, limit in quotas.items():
        if [*words] == ["reached", quota_word(name)]:
            return QuotaReached(name, limit)
    return BackendUnavailable(f"Redis answered {words!r}")


def read_fallen(words: Sequence[str], gateway: str) -> tuple[Lease, ...]:
    """Read 'ok', and token, asterisk, call_sid, quotas of each lease that fell to a gateway."""
    _, *parts = words
    return tuple(
        Lease(token=token, gateway=gateway, asterisk=asterisk, call_sid=call_sid, quotas=read_quotas(quotas))
        for token, asterisk, call_sid, quotas in zip(*[iter(parts)] * 4, strict=True)
    )


def read_counts(answer: str) -> dict[str, int]:
    """Read how many calls there are on each quota, as a list in JSON."""
    return _counts(json.loads(answer))


def read_view(answer: str) -> FleetView:
    """Read what view.lua tells: now, gateways, until when each lives, used, quotas, leases."""
    now_ms, gateways, signs, used, quotas, leases = json.loads(answer)
    expires_at = dict(_pairs(signs))
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
        leases=tuple(_lease(token, text) for token, text in _pairs(leases)),
    )


def _status(text: str) -> NodeStatus:
    told = json.loads(text)
    asterisks = {name: AsteriskStatus(**its) for name, its in told["asterisks"].items()}
    return NodeStatus(capacity=told["capacity"], draining=told["draining"], asterisks=asterisks)


def _lease(token: str, text: str) -> Lease:
    _, gateway, asterisk, call_sid, quotas = text.split(" ")
    return Lease(token=token, gateway=gateway, asterisk=asterisk, call_sid=call_sid, quotas=read_quotas(quotas))


def _counts(flat: Sequence[str]) -> dict[str, int]:
    return {unquote(name): int(count) for name, count in _pairs(flat)}


def _pairs(flat: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give a hash that Redis tells as a list; Lua's JSON has {} for an empty one."""
    flat = flat or ()
    return zip(flat[::2], flat[1::2], strict=True)
