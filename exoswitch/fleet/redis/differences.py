"""Core: where two books of leases differ for so long that no request under way explains it."""

from attrs import define


@define
class Differences:
    """What one of two books had, and the other had not, when they were compared the last time."""

    _only_here: frozenset[str] = frozenset()
    _only_there: frozenset[str] = frozenset()
    _epoch: str = ""

    def lasting(
        self, here: frozenset[str], there: frozenset[str], epoch: str
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Compare; give what only `here` has, and what only `there` has, now and at the last time in this epoch."""
        only_here, only_there = here - there, there - here
        lasting = only_here & self._only_here, only_there & self._only_there
        is_same_epoch = epoch == self._epoch
        self._only_here, self._only_there, self._epoch = only_here, only_there, epoch
        return lasting if is_same_epoch else (frozenset(), frozenset())
