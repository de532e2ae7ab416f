"""Adapter: the health of a number: whether a trunk that may carry its calls works now."""

from collections.abc import Collection, Mapping

from exoswitch.fleet.trunks.status import Circuit, TrunkStatus
from exoswitch.interfaces.calls import NumberHealth
from exoswitch.interfaces.routing import Routing
from exoswitch.trunks.conditions import TrunkConditions


def number_health(
    number: str,
    routing: Routing,
    conditions: TrunkConditions,
    statuses: Mapping[str, TrunkStatus],
    ready: Collection[str],
) -> NumberHealth:
    """Give the health of a number (E.164); `ready` names the Asterisks that are logged in to.

    A trunk works if a ready Asterisk does not see it down. An open breaker keeps outbound calls off it.
    """
    down = {asterisk: conditions.down(asterisk) for asterisk in ready}
    carrying = [name for name, trunk in routing.trunks.items() if not trunk.numbers or number in trunk.numbers]
    working = [name for name in carrying if any(name not in names for names in down.values())]
    dialled = [name for name in working if name not in statuses or statuses[name].circuit is not Circuit.OPEN]
    return NumberHealth(incoming=number in routing.routes and bool(working), outgoing=bool(dialled))
