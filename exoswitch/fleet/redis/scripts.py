"""Adapter: the scripts that count a fleet's places in Redis, and the keys that all of them work on."""

from exoswitch.fleet.redis.link import Script

KEYS = tuple(
    f"exoswitch:{part}"  # in the order of registry.lua
    for part in (
        "gateways",
        "heartbeats",
        "leases",
        "used",
        "quotas",
        "lease_index",
        "adoptions",
        "transfers",
        "adoption_pause",
    )
)


def _script(name: str, *before: str) -> Script:
    return Script.read("registry.lua", *before, f"{name}.lua")


ALLOCATE, RECEIVE, ADOPT, HAND_OFF, LEAVE = _CHOOSING = tuple(
    _script(name, "choice.lua") for name in ("allocate", "receive", "adopt", "hand_off", "leave")
)
REGISTER, RENEW, RELEASE, HOLD, TRANSFER, ACKNOWLEDGE, HELD, REAP, VIEW, QUOTAS = _PLAIN = tuple(
    _script(name)
    for name in (
        "register",
        "renew",
        "release",
        "hold",
        "transfer",
        "acknowledge",
        "held",
        "reap",
        "view",
        "quotas",
    )
)
ALL = _CHOOSING + _PLAIN
