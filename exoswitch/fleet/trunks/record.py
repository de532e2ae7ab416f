"""Core: all that a fleet knows of one trunk, except for the calls on it."""

from attrs import define, field

from exoswitch.call.attempts import Health
from exoswitch.fleet.trunks.breaker import FAULTS, WHY, Breaker
from exoswitch.fleet.trunks.pace import Pace
from exoswitch.fleet.trunks.status import Alarm, DialResult, TrunkLimits, TrunkStatus, TrunkWindow
from exoswitch.fleet.trunks.window import AnswerRatio, Window, counts_of

ALARM_MS = 300_000
"""An alarm about single calls ends when none has raised it for 5 minutes."""

IDLE_MAX_MS = 7 * 86_400_000
"""A trunk that no call wants for a week is forgotten: perhaps no file names it any more."""

WRONG_NUMBERS_MIN = 5
WRONG_NUMBERS_SHARE = 5
"""The format alarm: five wrong numbers, and more than a fifth of the window's results."""


@define
class TrunkRecord:
    """The number of the last dial, and the parts of a trunk; `config_ms` and `format_ms` are those of the alarms."""

    dials: int = 0
    config_ms: int = 0
    format_ms: int = 0
    breaker: Breaker = field(factory=Breaker)
    pace: Pace = field(factory=Pace)
    window: Window = field(factory=Window)
    ratio: AnswerRatio = field(factory=AnswerRatio)

    def dial(self, wait: int, spacing: int, now_us: int, *, is_probe: bool) -> int:
        """Take a turn for a new dial; return its number."""
        now_ms = now_us // 1000
        self.pace.take(wait, spacing, now_us)
        self.dials += 1
        self.window.add(now_ms, dialled=1)
        self.ratio.dial(now_ms)
        if is_probe:
            self.breaker.probe((now_us + wait) // 1000)
        return self.dials

    def report(self, result: DialResult, dial: int, now_us: int) -> tuple[str, ...]:
        """Take the result of a dial, 0 for an unknown one; return the events: opened, closed, and new alarms."""
        now_ms = now_us // 1000
        self.window.add(now_ms, **counts_of(result))
        was_odd = self.ratio.is_odd
        self.ratio.report(now_ms, answered=result.answered)
        events = []
        if result.health is not None:
            totals = self.window.totals(now_ms)
            events.append(self.breaker.report(result.health, dial, self.dials, totals, now_ms))
            events += self._alarms(result.health, totals, now_ms)
        if self.ratio.is_odd and not was_odd:
            events.append(Alarm.ANSWER_RATIO.value)
        return tuple(event for event in events if event)

    def _alarms(self, health: Health, totals: dict[str, int], now_ms: int) -> list[str]:
        raised = []
        if health is Health.CONFIG:
            if not self._stands(self.config_ms, now_ms):
                raised.append(Alarm.CONFIG.value)
            self.config_ms = now_ms
        wrong = totals[Health.WRONG_NUMBER.value]
        results = sum(totals[one.value] for one in Health)
        if health is Health.WRONG_NUMBER and wrong >= WRONG_NUMBERS_MIN and WRONG_NUMBERS_SHARE * wrong > results:
            if not self._stands(self.format_ms, now_ms):
                raised.append(Alarm.FORMAT.value)
            self.format_ms = now_ms
        return raised

    def is_kept(self, now_ms: int) -> bool:
        """Tell whether a call has wanted the trunk lately; a time far ahead is from before the clock was put back."""
        changed_ms = max(self.window.changed_ms, self.pace.set_us // 1000)
        return abs(now_ms - changed_ms) <= IDLE_MAX_MS

    def faults(self, now_ms: int) -> int:
        """Count the faults of the window."""
        totals = self.window.totals(now_ms)
        return sum(totals[health.value] for health in FAULTS)

    def status(self, limits: TrunkLimits, busy: int, busy_here: int, now_us: int) -> TrunkStatus:
        """Show the trunk."""
        now_ms = now_us // 1000
        alarms = {
            Alarm.CONFIG: self._stands(self.config_ms, now_ms),
            Alarm.FORMAT: self._stands(self.format_ms, now_ms),
            Alarm.ANSWER_RATIO: self.ratio.is_odd,
        }
        return TrunkStatus(
            circuit=self.breaker.circuit(now_ms),
            why=WHY.get(self.breaker.why, self.breaker.why),
            alarms=frozenset(alarm for alarm, stands in alarms.items() if stands),
            busy=busy,
            busy_here=busy_here,
            limits=limits,
            window=self._window(now_ms),
            answer_ratio=self.ratio.long_run,
        )

    def _window(self, now_ms: int) -> TrunkWindow:
        totals = self.window.totals(now_ms)
        delays = totals["post_dials"]
        return TrunkWindow(
            dialled=totals["dialled"],
            answered=totals["answered"],
            health={health: totals[health.value] for health in Health if totals[health.value]},
            sip_statuses={int(name): count for name, count in sorted(totals.items()) if name.isdecimal()},
            post_dial_s=totals["post_dial_ms"] / delays / 1000 if delays else None,
        )

    @staticmethod
    def _stands(raised_ms: int, now_ms: int) -> bool:
        return 0 <= now_ms - raised_ms < ALARM_MS and raised_ms > 0
