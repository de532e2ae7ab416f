"""Core: the condition of each trunk, as each Asterisk sees it.

Asterisk knows a trunk by two signs: its registration, and its answers to OPTIONS. A trunk that does not register is
judged by its answers alone, and one that is not asked by its registration alone. A trunk without a known sign may be
well: it is not down.
"""

from collections.abc import Iterator

from attrs import define, field

from exoswitch.call.events import TrunkCondition


def is_up(condition: TrunkCondition) -> bool | None:
    """Whether a trunk can be dialled in this condition; None if there is no sign."""
    signs = [sign for sign in (condition.registered, condition.reachable) if sign is not None]
    return all(signs) if signs else None


@define(eq=False)
class TrunkConditions:
    """The last known condition of each trunk at each Asterisk."""

    _known: dict[str, dict[str, TrunkCondition]] = field(factory=dict, init=False)

    def note(self, asterisk: str, condition: TrunkCondition) -> TrunkCondition | None:
        """Take the condition of a trunk; give the one before."""
        here = self._known.setdefault(asterisk, {})
        before = here.get(condition.trunk)
        here[condition.trunk] = condition
        return before

    def forget(self, asterisk: str) -> None:
        """Forget the conditions at an Asterisk that cannot be heard."""
        self._known.pop(asterisk, None)

    def down(self, asterisk: str) -> frozenset[str]:
        """Name the trunks that cannot be dialled at an Asterisk."""
        here = self._known.get(asterisk, {})
        return frozenset(name for name, condition in here.items() if is_up(condition) is False)

    def all(self) -> Iterator[tuple[str, TrunkCondition]]:
        """Give every known condition, with the name of its Asterisk."""
        for asterisk, here in self._known.items():
            for condition in here.values():
                yield asterisk, condition
