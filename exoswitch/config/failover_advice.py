"""Port: warnings about trunks whose calls the other trunks cannot carry if one fails, or never get.

Calls a second are the narrower limit: a failed trunk of 20 calls a second hands 17 % of them to one of 3.33.
"""

from collections.abc import Iterator, Sequence
from math import isclose

from exoswitch.config.model import Config, TrunkConfig
from exoswitch.errors import Problem

Calls = frozenset[tuple[str, str]]
"""Kinds of call: the name of an account, and the beginning of the number that it dials."""


def failover_warnings(config: Config) -> Iterator[Problem]:
    """List every warning about failover."""
    yield from _overloaded(config)
    yield from _never_left(config)


def _overloaded(config: Config) -> Iterator[Problem]:
    """Warn about each trunk that calls try first, if the others for the same calls carry less than it."""
    for index, trunk in enumerate(config.trunks):
        calls = _calls_of(trunk, config)
        others = [other for other in config.trunks if other is not trunk and _takes_all(other, calls)]
        if calls and others and _is_first(trunk, others, config):
            lacking = list(_lacking(others, *_share(trunk, config)))
            if lacking:
                names = " and ".join(other.name for other in others)
                yield Problem(
                    f"trunks[{index}]",
                    f"if {trunk.name} fails, {names} can carry at most {' and '.join(lacking)}; "
                    "add a trunk, or have their limits raised",
                )


def _never_left(config: Config) -> Iterator[Problem]:
    """Warn about each trunk that calls do not leave while it is silent: no time would be left for another one."""
    budget_s = config.routing.budget_s
    if len(config.trunks) == 1 or config.routing.attempts == 1:
        return
    for index, trunk in enumerate(config.trunks):
        if trunk.post_dial_s >= budget_s:
            yield Problem(
                f"trunks[{index}].post_dial_s",
                f"is {trunk.post_dial_s:g} s, and routing.budget_s is {budget_s:g} s: a call does not leave "
                f"{trunk.name} while it is silent; write a post_dial_s below budget_s",
            )


def _calls_of(trunk: TrunkConfig, config: Config) -> Calls:
    """Give the kinds of call that a trunk takes."""
    return frozenset(
        (name, max(dialled, taken, key=len))
        for name, account in config.accounts.items()
        if not trunk.accounts or name in trunk.accounts
        for dialled in account.dial_prefixes
        for taken in trunk.prefixes or ("",)
        if dialled.startswith(taken) or taken.startswith(dialled)
    )


def _takes_all(trunk: TrunkConfig, calls: Calls) -> bool:
    """Whether a trunk takes all calls of these kinds."""
    return all(
        (not trunk.accounts or account in trunk.accounts)
        and (not trunk.prefixes or prefix.startswith(trunk.prefixes))
        for account, prefix in calls
    )


def _is_first(trunk: TrunkConfig, others: Sequence[TrunkConfig], config: Config) -> bool:
    """Whether calls try a trunk before all others that take them; by price, each trunk may be the cheapest one."""
    if config.routing.strategy == "cost":
        return True
    if config.routing.strategy == "weight":
        return trunk.weight > 0 and all(trunk.order <= other.order for other in others)
    ranked = sorted(config.trunks, key=lambda one: one.order)
    return all(ranked.index(trunk) < ranked.index(other) for other in others)


def _share(trunk: TrunkConfig, config: Config) -> tuple[float, float]:
    """Give the calls a second and the channels that are the trunk's share, when the first trunk is at its limit."""
    if config.routing.strategy != "weight":
        return trunk.cps, trunk.channels
    group = [other for other in config.trunks if other.order == trunk.order and other.weight]
    return (
        trunk.weight * min(other.cps / other.weight for other in group),
        trunk.weight * min(other.channels / other.weight for other in group),
    )


def _lacking(others: Sequence[TrunkConfig], cps: float, channels: float) -> Iterator[str]:
    """Describe the limits of the others that are too low: ``17 % of its calls a second (3.3 of 20)``."""
    limits = {
        "calls a second": (sum(other.cps for other in others), cps),
        "channels": (sum(other.channels for other in others), channels),
    }
    for name, (available, needed) in limits.items():
        if available < needed and not isclose(available, needed):
            yield f"{100 * available / needed:.0f} % of its {name} ({available:g} of {needed:g})"
