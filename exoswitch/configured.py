"""Root: the configuration as the values that calls, streams and the REST API work with."""

import datetime as dt
from collections.abc import Iterable
from functools import partial
from itertools import zip_longest
from typing import TypeVar

from attrs import evolve

from exoswitch.billing.monthly import Terms
from exoswitch.billing.prices import Prices
from exoswitch.billing.rates import Price, Tariff
from exoswitch.call.limits import CallLimits
from exoswitch.call.recording import RecordingChannels, RecordingWish
from exoswitch.call.session import BotTarget
from exoswitch.config.addresses import is_postgres
from exoswitch.config.changes import reusing
from exoswitch.config.model import AppConfig, Config, CostConfig
from exoswitch.fleet.trunks.status import TrunkLimits
from exoswitch.gateway.rules import Rules
from exoswitch.interfaces.routing import Account, Accounts, InboundRoute, Routing
from exoswitch.network.reach import ReachRules
from exoswitch.outbox.delivery import RetryRules
from exoswitch.trunks.registry import build
from exoswitch.trunks.selection import Selection, TrunkRule

T = TypeVar("T")


def rules(config: Config, before: Rules | None = None) -> Rules:
    """Give all that a reload replaces; an entry that is as `before` is the same object."""
    known = prices(config)
    new = Rules(
        routing=routing(config),
        selection=selection(config, known),
        prices=known,
        accounts=accounts(config),
        reach=reach(config),
        callback_reach=callback_reach(config),
        retries=RetryRules(first_s=config.callbacks.first_retry_s, give_up_s=config.callbacks.give_up_h * 3600.0),
    )
    return new if before is None else _reusing(before, new)


def _reusing(before: Rules, new: Rules) -> Rules:
    return evolve(
        new,
        routing=evolve(new.routing, routes=reusing(before.routing.routes, new.routing.routes)),
        accounts=evolve(new.accounts, by_name=reusing(before.accounts.by_name, new.accounts.by_name)),
        reach=_reusing_reach(before.reach, new.reach),
        callback_reach=_reusing_reach(before.callback_reach, new.callback_reach),
    )


def _reusing_reach(before: ReachRules, new: ReachRules) -> ReachRules:
    return evolve(new, urls=reusing(before.urls, new.urls), hosts=reusing(before.hosts, new.hosts))


def trunk_limits(config: Config) -> dict[str, TrunkLimits]:
    """Give the limits of all trunks."""
    return {trunk.name: TrunkLimits(trunk.channels, trunk.cps) for trunk in config.trunks}


def reach(config: Config) -> ReachRules:
    """Give the rules for the addresses of bots: the URLs of apps are the operator's words, and go anywhere."""
    urls = _of_accounts(config, ((app.account, app.url, None) for app in config.apps.values()))
    return ReachRules(
        urls={name: frozenset(of_account) for name, of_account in urls.items()},
        hosts={name: frozenset(account.stream_hosts) for name, account in config.accounts.items()},
        networks=config.private_networks,
    )


def callback_reach(config: Config) -> ReachRules:
    """Give the rules for the addresses that are told of calls: the URLs of passthrus are the operator's words."""
    urls = _of_accounts(
        config, ((app.account, app.passthru.url, None) for app in config.apps.values() if app.passthru)
    )
    return ReachRules(
        urls={name: frozenset(of_account) for name, of_account in urls.items()},
        hosts={name: frozenset(account.callback_hosts) for name, account in config.accounts.items()},
        networks=config.private_networks,
        key="callback_hosts",
    )


def routing(config: Config) -> Routing:
    """Give what decides where a call goes, and how long it may last."""
    limits = config.calls
    bots = _bots(config)
    return Routing(
        limits=CallLimits(
            ring_s=limits.ring_s,
            handshake_s=limits.handshake_s,
            max_duration_s=limits.max_duration_s,
            attempts=config.routing.attempts,
            budget_s=config.routing.budget_s,
        ),
        concurrency={name: account.concurrency for name, account in config.accounts.items()},
        trunks={trunk.name: build(trunk) for trunk in config.trunks},
        routes={number: InboundRoute(target.account, bots[target.app]) for number, target in config.numbers.items()},
        in_fleet=bool(config.cluster),
        records_wav=config.recordings.format == "wav",
        shares_sessions=bool(config.cluster) and is_postgres(config.sessions),
    )


def selection(config: Config, known: Prices) -> Selection:
    """Give the choice among trunks."""
    trunks = (
        TrunkRule(
            name=trunk.name,
            order=trunk.order,
            weight=trunk.weight,
            prefixes=trunk.prefixes,
            accounts=frozenset(trunk.accounts),
            price_at=partial(known.price_at, trunk.name),
        )
        for trunk in config.trunks
    )
    return Selection(config.routing.strategy, tuple(trunks))


def prices(config: Config) -> Prices:
    """Give the prices of all trunks."""
    baseline = config.billing.baseline
    return Prices(
        tariffs={trunk.name: tariff(trunk.cost) for trunk in config.trunks},
        baseline=Price(
            rate=baseline.rate,
            pulse=baseline.pulse,
            inbound_rate=baseline.inbound_rate,
            currency=config.billing.currency,
        ),
        typical_call_s=config.billing.typical_call_s,
    )


def terms(config: Config) -> dict[str, Terms]:
    """Give what is agreed with the carrier of each trunk, for reports."""
    return {trunk.name: Terms(tariff=tariff(trunk.cost), channels=trunk.channels) for trunk in config.trunks}


def tariff(cost: Iterable[CostConfig]) -> Tariff:
    """Give the prices of a trunk, each valid until the next one begins if its own end is not given."""
    entries = sorted(cost, key=lambda entry: entry.from_ or dt.date.min)
    begins = [entry.from_ for entry in entries[1:]]
    return Tariff(
        tuple(
            Price(
                rate=entry.rate,
                per_s=entry.per_s,
                pulse=entry.pulse,
                connect=entry.connect,
                inbound_rate=entry.inbound_rate,
                currency=entry.currency,
                since=entry.from_,
                until=entry.until or next_begins,
                nearest=entry.round_ == "nearest",
                rental=entry.rental,
                free_minutes=entry.free_minutes,
            )
            for entry, next_begins in zip_longest(entries, begins)
        )
    )


def accounts(config: Config) -> Accounts:
    """Give the accounts, each with its apps and its numbers."""
    bots = _bots(config)
    apps = _of_accounts(config, ((entry.account, app, bots[app]) for app, entry in config.apps.items()))
    numbers = _of_accounts(
        config, ((entry.account, number, bots[entry.app]) for number, entry in config.numbers.items())
    )
    by_name = {
        name: Account(
            name=name,
            api_key=account.api_key,
            api_token=account.api_token,
            apps=apps[name],
            numbers=dict(sorted(numbers[name].items())),  # lists show them: a reload takes no other order of the file
            caller_ids=frozenset(account.caller_ids),
            dial_prefixes=account.dial_prefixes,
            sip_hosts=frozenset(map(str.lower, account.sip_hosts)),
            signing_keys=account.signing_keys,
            calls_per_minute=account.calls_per_minute,
            reads_per_minute=account.reads_per_minute,
        )
        for name, account in config.accounts.items()
    }
    return Accounts(by_name, config.streams.options())


def _of_accounts(config: Config, entries: Iterable[tuple[str, str, T]]) -> dict[str, dict[str, T]]:
    """Give the entries of each account by their names, in one pass: there may be thousands of both."""
    found: dict[str, dict[str, T]] = {name: {} for name in config.accounts}
    for account, name, value in entries:
        found[account][name] = value
    return found


def _bots(config: Config) -> dict[str, BotTarget]:
    return {name: _bot(name, app, config) for name, app in config.apps.items()}


def _bot(name: str, app: AppConfig, config: Config) -> BotTarget:
    passthru = None if app.passthru is None else app.passthru.passthru()
    return BotTarget(url=app.url, options=app.options(), app=name, passthru=passthru, record=_recording(app, config))


def _recording(app: AppConfig, config: Config) -> RecordingWish | None:
    if app.record == "false":
        return None
    channels: RecordingChannels = "dual" if app.record == "dual" else "single"
    return RecordingWish(channels=channels, format=config.recordings.format)
