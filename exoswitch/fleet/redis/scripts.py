"""Adapter: the scripts by which a fleet's places are counted in Redis, and the keys that they all work on."""

from exoswitch.fleet.redis.link import Script

PARTS = (
    "gateways",
    "heartbeats",
    "leases",
    "used",
    "quotas",
    "lease_index",
    "adoptions",
    "transfers",
    "adoption_pause",
)  # as in registry.lua
KEYS = tuple(f"exoswitch:{part}" for part in PARTS)


def _script(name: str, *before: str) -> Script:
    return Script.read("registry.lua", *before, f"{name}.lua")


ALLOCATE, RECEIVE, ADOPT, HAND_OFF, LEAVE = _CHOOSING = tuple(
    _script(name, "choice.lua") for name in ("allocate", "receive", "adopt", "hand_off", "leave")
)
REGISTER, RENEW, RELEASE, HOLD, TRANSFER, ACKNOWLEDGE, HELD, REAP, VIEW, QUOTAS = _PLAIN = tuple(
    _script(name)
    for name in ("register", "renew", "release", "hold", "transfer", "acknowledge", "held", "reap", "view", "quotas")
)
ALL = _CHOOSING + _PLAIN
