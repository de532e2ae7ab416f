"""Core: the periods and time-outs of a fleet."""

from attrs import frozen


@frozen(kw_only=True)
class FleetTimings:
    """How often a gateway sends a heartbeat, and when the others act on a missing one.

    A gateway without a heartbeat for `silent_s` is dead; its callers hear nothing for a little longer than that. A
    busy gateway must get a heartbeat out within `silent_s`. After an outage of Redis, all live gateways reconnect
    within `settle_s`: it exceeds the answer time-out plus the longest pause between two attempts to connect. If no
    gateway can adopt a call, the fleet tries again after `retry_s`. The leases of a dead gateway are freed `keep_s`
    later. Each gateway compares its local registry with Redis every `compare_s`.
    """

    heartbeat_s: float = 0.15
    silent_s: float = 0.6
    keep_s: float = 30.0
    settle_s: float = 4.0
    retry_s: float = 0.2
    compare_s: float = 3.0


DEFAULTS = FleetTimings()
