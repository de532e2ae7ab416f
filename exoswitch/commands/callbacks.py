"""Root: `exoswitch callbacks`: the status callbacks that wait or have failed; the failed ones can be sent again."""

import argparse
import json
import os
import time
from collections.abc import Iterable, Sequence
from typing import Any

from exoswitch.commands.stored_sessions import read_only_callbacks, writable_callbacks
from exoswitch.config.loader import load
from exoswitch.config.model import Config
from exoswitch.errors import CorruptRecord
from exoswitch.outbox.rows import Kept
from exoswitch.printable import in_columns, printable, utc
from exoswitch.sessions.document import from_text
from exoswitch.tasks.deferred import deferred
from exoswitch.telephony.numbers import mask
from exoswitch.trunks.registry import SETTINGS

_HEADINGS = ("SID", "EVENT", "STATE", "RECEIVER", "NUMBER", "SINCE", "ATTEMPTS", "NEXT", "WHY")


def run(options: argparse.Namespace) -> int:
    """Print the callbacks, or send the failed ones again; give the exit status.

    Raises:
        ConfigError: the file cannot be used.
        BackendUnavailable: the session store cannot be reached.
    """
    from exoswitch.commands.reactor import run as run_reactor

    config = load(options.file, SETTINGS, os.environ)
    work = _resend if options.resend else _print
    return run_reactor(lambda reactor: work(config, options, reactor))


@deferred
async def _print(config: Config, options: argparse.Namespace, reactor: Any) -> int:
    outbox = read_only_callbacks(config, reactor)
    try:
        await outbox.open()
        kept = await outbox.kept(["failed"] if options.failed else ["failed", "waiting"], options.limit)
    finally:
        outbox.close()
    print(as_json(kept) if options.json else as_table(kept, time.time(), is_failed_only=options.failed))
    return 0


@deferred
async def _resend(config: Config, options: argparse.Namespace, reactor: Any) -> int:
    outbox = writable_callbacks(config, reactor)
    try:
        await outbox.open()
        count = await outbox.resend(options.call or None)
    finally:
        outbox.close()
    print(resent(count, options.call))
    return 0


def resent(count: int, call_sids: Sequence[str]) -> str:
    """Tell how many failed callbacks are sent again: of these calls, or of all if none is named."""
    if count:
        return f"{count} callbacks are sent again by a running gateway, as if never tried"
    of_calls = f" of call {printable(' or '.join(call_sids))}" if call_sids else ""
    return f"no callbacks{of_calls} have failed: nothing is sent again"


def as_table(kept: Iterable[Kept], now: float, *, is_failed_only: bool) -> str:
    """Give a line for each callback under headings; of its URL only the host is shown."""
    rows = [_row(one, now) for one in kept]
    if not rows:
        return "no callbacks have failed" if is_failed_only else "no callbacks wait or have failed"
    return in_columns(_HEADINGS, rows)


def as_json(kept: Iterable[Kept]) -> str:
    """Give a JSON list of objects; times are in UTC."""
    return json.dumps([_facts(one) for one in kept], indent=2)


def _facts(one: Kept) -> dict[str, Any]:
    account, _, receiver = one.receiver.partition(" ")
    return {
        "call_sid": one.call_sid,
        "event": one.event,
        "leg": one.leg,
        "state": one.state,
        "account": account,
        "receiver": receiver,
        "number": _number(one),
        "since": None if one.since is None else utc(one.since),
        "attempts": one.attempts,
        "next_attempt": utc(one.due_at) if one.state == "waiting" else None,
        "why": one.why,
    }


def _row(one: Kept, now: float) -> tuple[str, ...]:
    facts = _facts(one)
    event = one.event if one.leg == 1 else f"{one.event} {one.leg}"
    due_in_s = max(0, round(one.due_at - now))
    following = f"in {due_in_s} s" if one.state == "waiting" else "-"
    told = (one.call_sid, event, one.state, facts["receiver"], facts["number"], facts["since"] or "-")
    return tuple(map(printable, (*told, str(one.attempts), following, one.why or "-")))


def _number(one: Kept) -> str:
    try:
        return mask(from_text(one.document).customer)
    except CorruptRecord:
        return "?"
