"""Root: a run of `exoswitch certify`: all its scenarios, then the report."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import LoopingCall

from exoswitch import __version__
from exoswitch.call.bot_address import is_resolver, parse_address, parse_resolver
from exoswitch.certify.catalogue import CONNECTS, catalogue
from exoswitch.certify.judge import judge, judge_messages, pass_over
from exoswitch.certify.scenario import Scenario, Terms
from exoswitch.certify.scenario_calls import ScenarioCalls
from exoswitch.certify.screen import Screen
from exoswitch.certify.verdict import Report, Result, Verdict

_PROGRESS_S = 0.1
_SKIPPED_TICKS = 25  # half a second of the whole run
_BUSY = "This machine was too busy: findings about audio and times may be wrong. Run it again on an idle machine."
_UNREACHABLE = "not tried: the bot cannot be reached"
_INTERRUPTED = "Interrupted: the results are incomplete."


@define(eq=False)
class Certification:
    """One run against one bot."""

    _reactor: Any
    _terms: Terms
    _screen: Screen
    _scenarios: Sequence[Scenario]
    _results: list[Result] = field(factory=list, init=False)
    _calls: ScenarioCalls = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._calls = ScenarioCalls(self._reactor, self._terms)

    async def run(self) -> Report:
        """Run the scenarios. A cancelled run reports the results so far."""
        bot, began_at = name_of(self._terms.url), self._reactor.seconds()
        date = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self._screen.began(bot, len(self._scenarios))
        unfinished = ""
        self._calls.start()
        try:
            for scenario in self._scenarios:
                if self._is_unreachable:
                    self._results.append(pass_over(scenario, _UNREACHABLE))
                else:
                    await self._run_one(scenario)
        except CancelledError:
            unfinished = _INTERRUPTED
        finally:
            await self._calls.stop()
        tapes = tuple(self._calls.tapes.values())
        if any(tape.opened_at is not None for tape in tapes):
            self._add(judge_messages(tapes, self._terms))
        if self._calls.ticker.skipped > _SKIPPED_TICKS:
            self._screen.say(_BUSY)
        report = Report(
            bot=bot,
            version=__version__,
            began_at=date,
            seed=self._terms.seed,
            took_s=self._reactor.seconds() - began_at,
            results=tuple(self._results),
            unfinished=unfinished,
            is_whole=len(self._scenarios) == len(catalogue(self._terms)),
            conversation=next((tape.kept for tape in tapes if tape.kept), None),
        )
        self._screen.ended(report)
        return report

    async def _run_one(self, scenario: Scenario) -> None:
        if scenario.unless:
            self._add(pass_over(scenario, scenario.unless))
            return
        began_at = self._reactor.seconds()

        def show() -> None:
            self._screen.progress(scenario.name, scenario.shows, self._reactor.seconds() - began_at)

        progress = LoopingCall(show)
        progress.clock = self._reactor
        showing = progress.start(_PROGRESS_S)
        try:
            tapes = await self._calls.carry_out(scenario)
        finally:
            progress.stop()
            await showing
        self._add(judge(scenario, tapes, self._terms, self._reactor.seconds() - began_at))

    @property
    def _is_unreachable(self) -> bool:
        return any(result.name == CONNECTS and result.verdict is Verdict.FAIL for result in self._results)

    def _add(self, result: Result) -> None:
        self._results.append(result)
        self._screen.result(result)


def name_of(url: str) -> str:
    """Give a bot's name: its URL without secrets.

    Raises:
        InvalidValue: the URL is neither a bot's nor a resolver's.
    """
    return str(parse_resolver(url) if is_resolver(url) else parse_address(url))


def certify(reactor: Any, terms: Terms, screen: Screen, scenarios: Sequence[Scenario]) -> Deferred[Report]:
    """Run scenarios against a bot. If the reactor stops, hang up and report the results so far."""
    running: Deferred[Report] = Deferred.fromCoroutine(Certification(reactor, terms, screen, scenarios).run())
    reactor.addSystemEventTrigger("before", "shutdown", _interrupt, running)
    return running


def _interrupt(running: Deferred[Report]) -> Deferred[Report]:
    """Cancel the run; the reactor waits for its end."""
    running.cancel()
    return running
