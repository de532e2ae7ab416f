"""Adapter: the conditions of trunks: kept for the choice of a trunk, logged when they change, and measured."""

from collections.abc import Iterator

from attrs import define, field
from twisted.logger import Logger

from exoswitch.call import events as ev
from exoswitch.gateway.rules import CurrentRules
from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.interfaces.switch import ISwitch
from exoswitch.trunks.conditions import TrunkConditions, is_up


@define(eq=False)
class TrunkWatch:
    """What the Asterisks tell of their trunks.

    All is kept, because a reload may bring a trunk back. Only configured trunks are logged and measured: Asterisk
    may have other endpoints.
    """

    _metrics: IMetrics
    _rules: CurrentRules
    conditions: TrunkConditions = field(factory=TrunkConditions, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.trunks"), init=False)

    def __attrs_post_init__(self) -> None:
        """Let the conditions be measured."""
        self._metrics.read_from(self._readings)

    def seen(self, switch: ISwitch, condition: ev.TrunkCondition) -> None:
        """Take the condition of a trunk at an Asterisk."""
        before = self.conditions.note(switch.name, condition)
        is_change = before is None or is_up(before) is not is_up(condition)
        if is_change and self._is_configured(condition):
            self._tell(switch.name, condition, is_new=before is None)

    def lost(self, switch: ISwitch) -> None:
        """Forget the conditions at an Asterisk: nobody tells when they change."""
        self.conditions.forget(switch.name)

    def _tell(self, asterisk: str, condition: ev.TrunkCondition, *, is_new: bool) -> None:
        if is_up(condition) is False:
            self._log.warn(
                "trunk {trunk} is {signs} at Asterisk {asterisk}: calls try other trunks first",
                trunk=condition.trunk,
                signs=_signs(condition),
                asterisk=asterisk,
            )
        elif not is_new:
            self._log.info(
                "trunk {trunk} is {signs} at Asterisk {asterisk}",
                trunk=condition.trunk,
                signs=_signs(condition),
                asterisk=asterisk,
            )

    def _is_configured(self, condition: ev.TrunkCondition) -> bool:
        return condition.trunk in self._rules.now.routing.trunks

    def _readings(self) -> Iterator[Reading]:
        for asterisk, condition in self.conditions.all():
            if not self._is_configured(condition):
                continue
            labels = {"asterisk": asterisk, "trunk": condition.trunk}
            up = is_up(condition)
            if up is not None:
                yield Reading("trunk_up", up, labels)
            if condition.registered is not None:
                yield Reading("trunk_registered", condition.registered, labels)
            if condition.reachable and condition.rtt_s is not None:
                yield Reading("trunk_qualify_rtt_seconds", condition.rtt_s, labels)


def _signs(condition: ev.TrunkCondition) -> str:
    """Name what is wrong, and nothing else, if something is."""
    told = {"registered": condition.registered, "reachable": condition.reachable}
    wrong = [f"not {sign}" for sign, holds in told.items() if holds is False]
    return " and ".join(wrong or [sign for sign, holds in told.items() if holds]) or "in an unknown condition"
