"""Adapter: the scripts by which a fleet's places are counted in Redis, and the keys that they all work on."""

from exoswitch.fleet.redis.link import Script

BOOK = (
    "gateways",
    "signs",
    "leases",
    "used",
    "quotas",
    "places",
    "heirs",
    "entrusted",
    "pause",
)  # as in registry.lua
KEYS = tuple(f"exoswitch:{part}" for part in BOOK)


def _script(name: str, *before: str) -> Script:
    return Script.read("registry.lua", *before, f"{name}.lua")


ALLOCATE, RECEIVE, ADOPT, BEQUEATH, LEAVE = _CHOOSING = tuple(
    _script(name, "choice.lua") for name in ("allocate", "receive", "adopt", "bequeath", "leave")
)
REGISTER, RENEW, RELEASE, HOLD, ENTRUST, LEARN, HELD, REAP, VIEW, QUOTAS = _PLAIN = tuple(
    _script(name)
    for name in ("register", "renew", "release", "hold", "entrust", "learn", "held", "reap", "view", "quotas")
)
ALL = _CHOOSING + _PLAIN
