"""Port: the rules between the values of a configuration; each is a generator of problems.

`unread` holds the paths of values that could not be read; rules that need such a value are skipped.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import pairwise
from pathlib import Path

from exoswitch.call.passthru import HANG_UP, Hop
from exoswitch.config import processes
from exoswitch.config.addresses import is_same_server, sqlite_path
from exoswitch.config.files import check_certificates, read_sound
from exoswitch.config.kinds import Unreadable, nearest
from exoswitch.config.model import RTP_PORTS_PER_CALL, AppConfig, Config, CostConfig, StreamConfig, TrunkConfig
from exoswitch.errors import Problem
from exoswitch.network.addresses import Endpoint

_OF_PROCESSES = {"gateway.processes", "gateway.capacity", "cluster", "sessions", "http", "metrics"}


def broken_rules(config: Config, unread: AbstractSet[str]) -> list[Problem]:
    """List every broken rule."""
    return [
        *_unique_names("asterisks", [asterisk.name for asterisk in config.asterisks]),
        *_unique_names("trunks", [trunk.name for trunk in config.trunks]),
        *_app_references(config),
        *_number_references(config),
        *_passthrus(config),
        *_trunks(config, unread),
        *_costs(config, unread),
        *_gateway_ports(config, unread),
        *([] if unread & _OF_PROCESSES else processes.broken_rules(config)),
        *_media_tick(config, unread),
        *_metrics_port(config, unread),
        *_asterisk_ports(config, unread),
        *_session_store(config.sessions),
        *_file("calls.waiting_sound", config.calls.waiting_sound, read_sound),
        *_streams(config, unread),
    ]


def _unique_names(section: str, names: list[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        first = names.index(name)
        if name and first < index:
            yield Problem(f"{section}[{index}].name", f"{name!r} is also the name of {section}[{first}]; rename one")


def _app_references(config: Config) -> Iterator[Problem]:
    for app_id, app in config.apps.items():
        yield from _reference(f"apps.{app_id}.account", app.account, "accounts", config.accounts)


def _number_references(config: Config) -> Iterator[Problem]:
    for number, entry in config.numbers.items():
        path = f"numbers.{number}"
        yield from _reference(f"{path}.account", entry.account, "accounts", config.accounts)
        yield from _reference(f"{path}.app", entry.app, "apps", config.apps)
        app = config.apps.get(entry.app)
        if app and app.account and entry.account and app.account != entry.account:
            yield Problem(
                f"{path}.app",
                f"app {entry.app!r} belongs to account {app.account!r}, but the number to {entry.account!r}; "
                "give both the same account",
            )


def _passthrus(config: Config) -> Iterator[Problem]:
    for app_id, app in config.apps.items():
        if app.passthru is None:
            continue
        path = f"apps.{app_id}.passthru"
        ways = {"on_200": app.passthru.on_200, "on_302": app.passthru.on_302, "otherwise": app.passthru.otherwise}
        for key, hop in ways.items():
            if isinstance(hop, Hop):
                yield from _hop(f"{path}.{key}", hop, app, config)
            if app.passthru.async_ and key != "on_200" and hop != HANG_UP:
                yield Problem(f"{path}.{key}", "is never used: with async the call goes on as on_200 says; remove it")


def _hop(path: str, hop: Hop, app: AppConfig, config: Config) -> Iterator[Problem]:
    """Check one way on from an app: it stays within the account."""
    if hop.app is not None:
        yield from _reference(path, hop.app, "apps", config.apps)
        following = config.apps.get(hop.app)
        if following and following.account and app.account and following.account != app.account:
            yield Problem(
                path,
                f"app {hop.app!r} belongs to account {following.account!r}, but this app to {app.account!r}; "
                "give both the same account",
            )
    account = config.accounts.get(app.account)
    if hop.number is not None and account and not hop.number.startswith(account.dial_prefixes):
        yield Problem(
            path,
            f"account {app.account!r} may not dial this number; add its beginning to "
            f"accounts.{app.account}.dial_prefixes",
        )


def _reference(path: str, name: str, section: str, known: Iterable[str]) -> Iterator[Problem]:
    if name and name not in known:
        guess = nearest(name, known) or f"; add it under {section}:"
        yield Problem(path, f"there is no {name!r} under {section}:{guess}")


def _trunks(config: Config, unread: AbstractSet[str]) -> Iterator[Problem]:
    for index, trunk in enumerate(config.trunks):
        for problem in _rules_of(trunk):
            path = f"trunks[{index}].{problem.path}"
            if not any(name == path or name.startswith((f"{path}.", f"{path}[")) for name in unread):
                yield Problem(path, problem.text)
        for place, account in enumerate(trunk.accounts):
            yield from _reference(f"trunks[{index}].accounts[{place}]", account, "accounts", config.accounts)


def _rules_of(trunk: TrunkConfig) -> Iterator[Problem]:
    """Give the broken rules of a trunk; the provider may be another package's, and fail."""
    try:
        yield from trunk.broken_rules()
    except Exception as error:  # noqa: BLE001 - an operator cannot read a traceback
        text = f"{trunk.provider!r} fails with {type(error).__name__}: {error}"
        yield Problem("provider", f"{text}; install another version of its package, or ask its author")


def _costs(config: Config, unread: AbstractSet[str]) -> Iterator[Problem]:
    """Check that on each day at most one price of a trunk is valid, and that no days are left out between two."""
    for index, trunk in enumerate(config.trunks):
        path = f"trunks[{index}].cost"
        if any(name.startswith(path) for name in unread):
            continue
        for entry in trunk.cost:
            if entry.from_ and entry.until and entry.until <= entry.from_:
                yield Problem(
                    path, f"is valid from {entry.from_} until {entry.until}: until is the day after the last one"
                )
        for earlier, later in pairwise(sorted(trunk.cost, key=lambda entry: entry.from_ or dt.date.min)):
            yield from _follow(path, earlier, later)


def _follow(path: str, earlier: CostConfig, later: CostConfig) -> Iterator[Problem]:
    """Check two prices that follow each other; one without `until` is valid until the next one begins."""
    if later.from_ is None or later.from_ == earlier.from_:
        yield Problem(
            path, f"has two prices from {later.from_ or 'the beginning'} on; give each a day of its own in from"
        )
    elif earlier.until and earlier.until > later.from_:
        yield Problem(path, f"has two prices from {later.from_} until {earlier.until}; write until: {later.from_}")
    elif earlier.until and earlier.until < later.from_:
        yield Problem(path, f"has no price from {earlier.until} until {later.from_}; write until: {later.from_}")


def _gateway_ports(config: Config, unread: AbstractSet[str]) -> Iterator[Problem]:
    """Check the range of each process: a port for each call, and those in quarantine at the highest rate of calls."""
    if unread & {"gateway.capacity", "gateway.processes", "rtp.ports", "rtp.quarantine_s"}:
        return
    count = config.gateway.processes
    capacity, available = math.ceil(config.gateway.capacity / count), len(config.rtp.ports) // count
    in_quarantine = math.ceil(config.rtp.quarantine_s * sum(trunk.cps for trunk in config.trunks))
    if available < capacity + in_quarantine:
        whose = "" if count == 1 else f" for each of {count} processes"
        calls = f"gateway.capacity {capacity}" if count == 1 else f"its share of gateway.capacity, {capacity},"
        yield Problem(
            "rtp.ports",
            f"has {available} ports{whose}, but {calls} needs {capacity + in_quarantine}: "
            f"one for each call, and {in_quarantine} in quarantine; widen the range or lower the capacity",
        )


def _media_tick(config: Config, unread: AbstractSet[str]) -> Iterator[Problem]:
    """Refuse a thread for the media plane in Python; only an install knows what `auto` is."""
    if config.rtp.tick == "thread" and config.rtp.plane == "python" and not unread & {"rtp.tick", "rtp.plane"}:
        yield Problem(
            "rtp.tick",
            "is thread, and rtp.plane is python: only the compiled media plane runs in a thread; write "
            "tick: auto, or plane: auto",
        )


def _metrics_port(config: Config, unread: AbstractSet[str]) -> Iterator[Problem]:
    """Check that no process listens for metrics where it listens for HTTP."""
    if unread & {"http", "metrics", "gateway.processes"}:
        return
    for number, process in processes.processes(config):
        if process.metrics and is_same_server(process.http, process.metrics):
            whose = "" if config.gateway.processes == 1 else f" of process {number}"
            port = Endpoint.of(config.http).value("port")
            yield Problem("metrics", f"its port{whose} is {port}, which http has; choose another one")


def _asterisk_ports(config: Config, unread: AbstractSet[str]) -> Iterator[Problem]:
    """Check each Asterisk's range; Asterisk 22.9.0 crashed when it had no port left (asterisk#1757)."""
    for index, asterisk in enumerate(config.asterisks):
        path = f"asterisks[{index}]"
        if asterisk.rtp_calls < asterisk.capacity and not unread & {f"{path}.capacity", f"{path}.rtp_ports"}:
            yield Problem(
                f"{path}.rtp_ports",
                f"has {len(asterisk.rtp_ports)} ports for {asterisk.rtp_calls} calls ({RTP_PORTS_PER_CALL} a call, "
                f"from an even port on), but capacity is {asterisk.capacity}; widen the range or lower the capacity",
            )


def _session_store(address: str) -> Iterator[Problem]:
    path = sqlite_path(address)
    if path and not Path(path).parent.is_dir():
        yield Problem("sessions", f"the folder {Path(path).parent} does not exist; create it")


def _file(key: str, path: str, check: Callable[[str], object]) -> Iterator[Problem]:
    """Check the file at a path; an empty path names none."""
    try:
        if path:
            check(path)
    except Unreadable as error:
        yield Problem(key, f"the file {path} cannot be used: {error}")


def _streams(config: Config, unread: AbstractSet[str]) -> Iterator[Problem]:
    """Check `streams`, and each app that differs from it."""
    common = config.streams
    yield from _stream("streams", common, config, unread)
    for app_id, app in config.apps.items():
        if (app.ca_file, app.trace) != (common.ca_file, common.trace):
            yield from _stream(f"apps.{app_id}", app, config, unread)


def _stream(path: str, stream: StreamConfig, config: Config, unread: AbstractSet[str]) -> Iterator[Problem]:
    yield from _file(f"{path}.ca_file", stream.ca_file, check_certificates)
    if stream.trace != "off" and not config.traces.folder and "traces.folder" not in unread:
        yield Problem(f"{path}.trace", "needs traces.folder, the folder for traces; add it")
