"""Root: `exoswitch report`: what calls cost in some days, from the session store."""

import argparse
import datetime as dt
import os
import time
from collections.abc import Iterator
from typing import Any

from exoswitch.billing.report import Report, Summary
from exoswitch.billing.report_text import as_csv, as_json, as_table
from exoswitch.commands import outputs
from exoswitch.commands.compare import compare
from exoswitch.commands.stored_sessions import ledger
from exoswitch.config.loader import load
from exoswitch.config.model import Config
from exoswitch.configured import terms
from exoswitch.errors import InvalidValue
from exoswitch.tasks.deferred import deferred
from exoswitch.telephony.indian_time import day_of, start_of
from exoswitch.trunks.registry import SETTINGS

_LONGEST = 1000  # days; each is a question to the database


def run(options: argparse.Namespace) -> int:
    """Print the report, and draw it if wanted; give the exit status.

    Raises:
        ConfigError: the file cannot be used, or keeps no calls.
        InvalidValue: the days are in the wrong order, or matplotlib is missing for the picture.
        BackendUnavailable: the session store cannot be read.
        OSError: the carrier's file cannot be read.
    """
    from exoswitch.commands.reactor import run as run_reactor

    config = load(options.file, SETTINGS, os.environ)
    if options.carrier_cdr:
        options.carrier_cdr.open("rb").close()  # an error here is one of the command line
        return run_reactor(lambda reactor: compare(config, options, reactor))
    days = list(_days(options, day_of(time.time())))
    if options.plot:
        outputs.check_drawing()
    return run_reactor(lambda reactor: _print(config, options, days, reactor))


@deferred
async def _print(config: Config, options: argparse.Namespace, days: list[dt.date], reactor: Any) -> int:
    report = await _report(config, options, days, reactor)
    if options.plot:
        from exoswitch.billing.plot import draw

        draw(report, options.plot)
    form = as_json if options.json else as_csv if options.csv else as_table
    print(form(report))
    return 0


async def _report(config: Config, options: argparse.Namespace, days: list[dt.date], reactor: Any) -> Report:
    """Sum up day by day: each question reads the calls of one day, and nothing grows with their number."""
    summary = Summary(by=options.by, terms=terms(config), currency=config.billing.currency)
    source = ledger(config, reactor)
    try:
        await source.open()
        for day in days:
            summary.add(day, await source.usage(start_of(day), start_of(day + dt.timedelta(days=1)), options.by))
    finally:
        source.close()
    return summary.report()


def _days(options: argparse.Namespace, today: dt.date) -> Iterator[dt.date]:
    """Give the days of the report, by default those of this month up to today."""
    last = options.last or today
    first = options.first or min(last, today).replace(day=1)
    count = (last - first).days + 1
    if count < 1:
        raise InvalidValue(f"--to: {last} is before --from, {first}; write the earlier day with --from")
    if count > _LONGEST:
        raise InvalidValue(f"--from: {first} to {last} are {count} days; report at most {_LONGEST} at once")
    return (first + dt.timedelta(days=number) for number in range(count))
