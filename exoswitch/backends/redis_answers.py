"""Core: what the scripts in Redis answer, read into the vocabulary of nodes."""

import json
from collections.abc import Iterator, Sequence

from exoswitch.nodes import AsteriskStanding, FleetView, GatewayView, Lease, Standing


def read_leases(answer: str) -> tuple[Lease, ...]:
    """Read a list of token, gateway, asterisk, call_sid, and so on."""
    parts = iter(json.loads(answer))
    return tuple(
        Lease(token=token, gateway=gateway, asterisk=asterisk, call_sid=call_sid)
        for token, gateway, asterisk, call_sid in zip(parts, parts, parts, parts, strict=True)
    )


def read_fallen(words: Sequence[str], gateway: str) -> tuple[Lease, ...]:
    """Read 'ok', and token, asterisk, call_sid of each lease that fell to a gateway."""
    _, *parts = words
    return tuple(
        Lease(token=token, gateway=gateway, asterisk=asterisk, call_sid=call_sid)
        for token, asterisk, call_sid in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )


def read_view(answer: str) -> FleetView:
    """Read what view.lua tells: now, gateways, until when each lives, used, leases."""
    now_ms, gateways, signs, used, leases = json.loads(answer)
    lives_until = dict(_pairs(signs))
    counts = {node: int(count) for node, count in _pairs(used)}
    return FleetView(
        gateways={
            name: GatewayView(
                standing=_standing(text.partition(" ")[2]),
                used=counts.get(f"gateway:{name}", 0),
                alive=float(lives_until[name]) > now_ms,
            )
            for name, text in _pairs(gateways)
        },
        asterisks={
            node.removeprefix("asterisk:"): count for node, count in counts.items() if node.startswith("asterisk:")
        },
        leases=tuple(_lease(token, text) for token, text in _pairs(leases)),
    )


def _standing(text: str) -> Standing:
    told = json.loads(text)
    asterisks = {name: AsteriskStanding(**its) for name, its in told["asterisks"].items()}
    return Standing(capacity=told["capacity"], draining=told["draining"], asterisks=asterisks)


def _lease(token: str, text: str) -> Lease:
    _, gateway, asterisk, call_sid = text.split(" ")
    return Lease(token=token, gateway=gateway, asterisk=asterisk, call_sid=call_sid)


def _pairs(flat: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give a hash that Redis tells as a list; Lua's JSON has {} for an empty one."""
    flat = flat or ()
    return zip(flat[::2], flat[1::2], strict=True)
