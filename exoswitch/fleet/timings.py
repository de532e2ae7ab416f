"""Core: the times that the gateways of a fleet keep."""

from attrs import frozen


@frozen(kw_only=True)
class FleetTimings:
    """How often a gateway gives a sign of life, and what follows from how long ago the last one was.

    The callers of a gateway that was killed hear nothing for up to `silent_s` and a little more; a gateway that is
    busy, and not dead, must get a sign out within it. After `settle_s` every gateway that lives has found its way
    back to a Redis that was away: it is longer than a link waits for an answer, and then until it tries to connect
    again. Where there is no heir for a call, one is looked for again after `again_s`. What the two books say is
    compared every `compare_s`.
    """

    beat_s: float = 0.15
    silent_s: float = 0.6
    keep_s: float = 30.0
    settle_s: float = 4.0
    again_s: float = 0.2
    compare_s: float = 3.0


USUAL = FleetTimings()
