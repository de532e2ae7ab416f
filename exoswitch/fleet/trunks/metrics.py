"""Adapter: what is measured of a pool of trunks."""

from collections.abc import Iterator

from exoswitch.fleet.trunks.pool import ITrunkPool
from exoswitch.fleet.trunks.status import Circuit
from exoswitch.interfaces.metrics import Reading


def readings(pool: ITrunkPool) -> Iterator[Reading]:
    """Give the use and the limits of each trunk, and its breaker: 1 for the state that it is in, 0 for the others."""
    for trunk, status in pool.statuses().items():
        yield Reading("trunk_channels_in_use", status.busy_here, {"trunk": trunk})
        yield Reading("trunk_channels_limit", status.limits.channels, {"trunk": trunk})
        yield Reading("trunk_cps_limit", status.limits.cps, {"trunk": trunk})
        for circuit in Circuit:
            labels = {"trunk": trunk, "state": circuit.value}
            yield Reading("trunk_circuit_state", circuit is status.circuit, labels)
