"""Root: `exoswitch calls`: a table of live and recent calls, from the session store."""

import argparse
import datetime as dt
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field

from exoswitch.call.attempts import Attempt
from exoswitch.call.session import Session
from exoswitch.commands.stored_sessions import read_only
from exoswitch.config.loader import load
from exoswitch.config.model import Config
from exoswitch.errors import CorruptRecord
from exoswitch.printable import in_columns, printable, utc
from exoswitch.sessions.notes import Note
from exoswitch.tasks.deferred import deferred
from exoswitch.telephony.numbers import mask
from exoswitch.trunks.registry import SETTINGS

_HEADINGS = ("SID", "DIRECTION", "NUMBER", "STATUS", "START", "DURATION", "TRUNK", "APP", "REASON")


def run(options: argparse.Namespace) -> int:
    """Print the calls; give the exit status.

    Raises:
        ConfigError: the file cannot be used, or keeps no calls.
        BackendUnavailable: the session store cannot be read.
    """
    from exoswitch.commands.reactor import run as run_reactor

    config = load(options.file, SETTINGS, os.environ)
    return run_reactor(lambda reactor: _print(config, options, reactor))


@deferred
async def _print(config: Config, options: argparse.Namespace, reactor: Any) -> int:
    records = await _recent(config, options.limit, reactor)
    sessions = [record.session for record in records if isinstance(record, Note)]
    listing = Listing(app_names(config), time.time(), shows_numbers=options.numbers)
    print(listing.as_json(sessions) if options.json else listing.as_table(sessions))
    if len(sessions) < len(records) and not options.json:
        print(f"{len(records) - len(sessions)} more calls cannot be read: see exoswitch doctor")
    return 0


async def _recent(config: Config, limit: int, reactor: Any) -> list[Note | CorruptRecord]:
    database = read_only(config, reactor)
    try:
        await database.open()
        return await database.recent(limit)
    finally:
        database.close()


def app_names(config: Config) -> dict[str, str]:
    """Give the name of the app for each bot's URL."""
    return {app.url: name for name, app in config.apps.items()}


@define
class Listing:
    """Calls as a person or a program reads them; `now` is in seconds since the epoch, `apps` are names by URL."""

    apps: Mapping[str, str]
    now: float
    shows_numbers: bool = field(default=False, kw_only=True)

    def as_table(self, sessions: Iterable[Session]) -> str:
        """Give a line for each call, live calls first, under headings; that of a second phone is indented."""
        listed = in_order(sessions)
        if not listed:
            return "no calls yet"
        sids = {session.call_sid for session in listed}
        rows = (self._shown_row(session, session.parent_call_sid in sids) for session in listed)
        return in_columns(_HEADINGS, rows)

    def as_json(self, sessions: Iterable[Session]) -> str:
        """Give a JSON list of objects; times are in UTC."""
        return json.dumps([self._facts(session) for session in in_order(sessions)], indent=2)

    def _shown_row(self, session: Session, is_indented: bool) -> tuple[str, ...]:
        sid, *others = map(printable, self._row(session))
        return (f"  {sid}" if is_indented else sid, *others)

    def _row(self, session: Session) -> tuple[str, ...]:
        duration_s = self._duration_s(session)
        return (
            session.call_sid,
            session.direction.value,
            self._number(session),
            session.status.value,
            dt.datetime.fromtimestamp(session.created_at).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            "" if duration_s is None else str(dt.timedelta(seconds=round(duration_s))),
            session.trunk or "",
            self._app(session),
            "" if session.ending is None else session.ending.reason,
        )

    def _facts(self, session: Session) -> dict[str, Any]:
        return {
            "sid": session.call_sid,
            "parent_sid": session.parent_call_sid,
            "account": session.account,
            "direction": session.direction.value,
            "number": self._number(session),
            "exophone": session.exophone,
            "status": session.status.value,
            "started_at": _utc(session.created_at),
            "answered_at": _utc(session.answered_at),
            "ended_at": _utc(session.ended_at),
            "duration_s": self._duration_s(session),
            "app": self._app(session),
            "gateway": session.gateway,
            "trunk": session.trunk,
            "cost": None if session.charge is None or session.charge.amount is None else f"{session.charge.amount:f}",
            "currency": None if session.charge is None else session.charge.currency,
            "attempts": [_attempt(attempt) for attempt in session.attempts],
            "reason": None if session.ending is None else session.ending.reason,
        }

    def _number(self, session: Session) -> str:
        return session.customer if self.shows_numbers else mask(session.customer)

    def _app(self, session: Session) -> str:
        """Name the app; a bot that a dialer named by its URL has none, and is named by its host."""
        if session.bot is None:
            return ""
        url = session.bot.url
        return session.app or self.apps.get(url) or _host(url)

    def _duration_s(self, session: Session) -> float | None:
        """Give the seconds since the answer: until the end, or until now; None for a call that waits."""
        if session.ended_at is not None:
            return session.duration_s
        return None if session.answered_at is None else max(0.0, self.now - session.answered_at)


def in_order(sessions: Iterable[Session]) -> Sequence[Session]:
    """Order calls: live ones first, then the newest ones; that of a second phone follows that of the first."""
    by_sid = {session.call_sid: session for session in sessions}

    def place(session: Session) -> tuple[bool, float, str, bool]:
        first = by_sid.get(session.parent_call_sid or "", session)
        return (first.ended_at is not None, -first.created_at, first.call_sid, first is not session)

    return sorted(by_sid.values(), key=place)


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "trunk": attempt.trunk,
        "shown": attempt.shown,
        "dialled_at": _utc(attempt.dialled_at),
        "sip_status": attempt.sip_status,
        "rang": attempt.has_rung,
        "reason": attempt.reason,
    }


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _utc(moment: float | None) -> str | None:
    return None if moment is None else utc(moment)
