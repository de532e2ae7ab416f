"""Root: `exoswitch trunks list`: the trunks as the running gateway sees them."""

import argparse
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from exoswitch.commands.running_gateway import ask_gateway
from exoswitch.config.loader import load
from exoswitch.fleet.trunks.status import Alarm
from exoswitch.printable import in_columns
from exoswitch.trunks.registry import SETTINGS

_ANSWER_S = 10.0
_HEADINGS = (
    *("TRUNK", "PROVIDER", "WHERE", "REGISTERED", "REACHABLE", "CIRCUIT", "CHANNELS", "CPS", "ANSWERED", "WHY"),
)

_ALARMS = {
    Alarm.CONFIG.value: "alarm: it refuses our account, caller id or codecs",
    Alarm.FORMAT.value: "alarm: it refuses many numbers as wrong",
    Alarm.ANSWER_RATIO.value: "alarm: far fewer calls are answered than usual",
}

Facts = Mapping[str, Any]


def run(options: argparse.Namespace) -> int:
    """Print the trunks; give the exit status.

    Raises:
        ConfigError: the file cannot be used.
        BackendUnavailable: no gateway answers.
    """
    path: Path = options.file
    answer = ask_gateway(load(path, SETTINGS, os.environ), path, "trunks", _ANSWER_S)
    if options.json:
        print(json.dumps(answer, indent=2))
        return 0
    print(table(answer["trunks"]))
    if not answer["is_current"]:
        print("the fleet's Redis cannot be reached: channels and circuits are the last known ones")
    return 0


def table(trunks: Iterable[Facts]) -> str:
    """Give a line for each trunk under headings."""
    rows = [_row(trunk) for trunk in trunks]
    if not rows:
        return "no trunk is configured"
    return in_columns(_HEADINGS, rows)


def _row(trunk: Facts) -> Sequence[str]:
    seen: Facts = trunk["asterisks"]
    circuit = trunk.get("circuit")
    return (
        trunk["name"],
        trunk["provider"],
        trunk["where"],
        _at_each({name: _yes_no(signs["registered"]) for name, signs in seen.items()}) if trunk["registers"] else "-",
        _at_each({name: _reached(signs) for name, signs in seen.items()}) if trunk["asks_options"] else "-",
        circuit or "",
        f"{trunk['busy']}/{trunk['channels']}" if circuit else "",
        f"{trunk['cps']:g}" if circuit else "",
        "" if trunk.get("answer_ratio") is None else f"{100 * trunk['answer_ratio']:.0f} %",
        "; ".join(filter(None, (trunk.get("why"), *(_ALARMS[alarm] for alarm in trunk.get("alarms", ()))))),
    )


def _at_each(signs: Mapping[str, str]) -> str:
    """Give what all Asterisks say, or what each one says."""
    if len(set(signs.values())) <= 1:
        return next(iter(signs.values()), "unknown")
    return ", ".join(f"{asterisk}: {sign}" for asterisk, sign in signs.items())


def _yes_no(sign: bool | None) -> str:
    return {True: "yes", False: "NO", None: "unknown"}[sign]


def _reached(signs: Facts) -> str:
    rtt_s = signs["rtt_s"]
    return _yes_no(signs["reachable"]) + (f" ({1000 * rtt_s:.0f} ms)" if signs["reachable"] and rtt_s else "")
