"""Adapter: the scripts that count a fleet's places in Redis, and the keys that all of them work on."""

from exoswitch.fleet.redis.link import Script

# in the order of registry.lua
_PARTS = (
    "gateways",
    "heartbeats",
    "leases",
    "used",
    "quotas",
    "lease_index",
    "adoptions",
    "transfers",
    "adoption_pause",
    "unreadable",
)
KEYS = tuple(f"exoswitch:{part}" for part in _PARTS)


def _scripts(names: str, *before: str) -> tuple[Script, ...]:
    return tuple(Script.read("answers.lua", "registry.lua", *before, f"{name}.lua") for name in names.split())


REGISTER, RELEASE, REAP, VIEW, QUOTAS, UNREADABLE = _ANYBODY = _scripts(
    "register release reap view quotas unreadable"
)
RENEW, HOLD, TRANSFER, ACKNOWLEDGE, HELD = _MEMBERS = _scripts("renew hold transfer acknowledge held", "member.lua")
ALLOCATE, RECEIVE, ADOPT, HAND_OFF, LEAVE = _CHOOSING = _scripts(
    "allocate receive adopt hand_off leave", "member.lua", "choice.lua"
)
ALL = _ANYBODY + _MEMBERS + _CHOOSING
