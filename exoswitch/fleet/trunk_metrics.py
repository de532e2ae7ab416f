"""Adapter: what is measured of a pool of trunks."""

from collections.abc import Iterator

from exoswitch.fleet.trunk_pool import ITrunkPool
from exoswitch.fleet.trunk_status import Circuit
from exoswitch.interfaces.metrics import Reading


def circuit_readings(pool: ITrunkPool) -> Iterator[Reading]:
    """Give the state of each trunk's breaker: 1 for the one that it is in, 0 for the others."""
    for trunk, status in pool.statuses().items():
        for circuit in Circuit:
            labels = {"trunk": trunk, "state": circuit.value}
            yield Reading("trunk_circuit_state", circuit is status.circuit, labels)
