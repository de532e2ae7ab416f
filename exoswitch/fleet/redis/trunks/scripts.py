"""Adapter: the scripts that count a fleet's trunks in Redis, and the keys that all of them work on."""

from exoswitch.fleet.redis.link import Script

# in the order of trunks.lua; the last one is that of answers.lua
KEYS = tuple(f"exoswitch:{part}" for part in ("trunks", "trunk_turns", "trunk_gateways", "unreadable"))


def _scripts(names: str, *before: str) -> tuple[Script, ...]:
    return tuple(Script.read("answers.lua", "trunks.lua", *before, f"trunks_{name}.lua") for name in names.split())


REGISTER, TURN, REPORT = _ANYBODY = _scripts("register turn report")
RENEW, TAKE, COUNT, LEAVE = _MEMBERS = _scripts("renew take count leave", "trunks_member.lua")
ALL = _ANYBODY + _MEMBERS
