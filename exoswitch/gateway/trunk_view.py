"""Adapter: the trunks of a running gateway as a command shows them: in JSON, without secrets."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import asdict

from exoswitch.config.model import TrunkConfig
from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.trunks.pool import ITrunkPool
from exoswitch.fleet.trunks.status import TrunkStatus
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.trunks.conditions import TrunkConditions

Facts = dict[str, Any]


async def view(
    settings: Iterable[TrunkConfig], trunks: Mapping[str, ITrunk], pool: ITrunkPool, conditions: TrunkConditions
) -> Facts:
    """Give every trunk with its use, its breaker, and its condition at each Asterisk.

    `is_current` says whether the counts of the whole fleet are those of now; otherwise they are the last known ones.
    """
    try:
        statuses, is_current = await pool.view(), True
    except BackendUnavailable:
        statuses, is_current = pool.statuses(), False
    found = []
    for setting in settings:
        trunk = trunks[setting.name]
        facts = {
            "name": trunk.name,
            "provider": setting.provider,
            "where": trunk.address,
            "registers": trunk.registers,
            "asks_options": trunk.asks_options,
            "asterisks": _seen_by(trunk.name, conditions),
        }
        found.append(facts | _use(statuses.get(trunk.name)))
    return {"trunks": found, "is_current": is_current}


def _seen_by(trunk: str, conditions: TrunkConditions) -> Facts:
    return {
        asterisk: asdict(condition, filter=lambda spec, _: spec.name != "trunk")
        for asterisk, condition in conditions.all()
        if condition.trunk == trunk
    }


def _use(status: TrunkStatus | None) -> Facts:
    if status is None:
        return {}
    return {
        "circuit": status.circuit.value,
        "why": status.why,
        "alarms": sorted(alarm.value for alarm in status.alarms),
        "busy": status.busy,
        "busy_here": status.busy_here,
        "channels": status.limits.channels,
        "cps": status.limits.cps,
        "answer_ratio": status.answer_ratio,
        "dialled_30_s": status.window.dialled,
        "answered_30_s": status.window.answered,
        "post_dial_s": status.window.post_dial_s,
        "sip_statuses_30_s": {str(code): count for code, count in status.window.sip_statuses.items()},
    }
