"""Core: how requests about trunks are written for the scripts in Redis, and how the answers are read."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from exoswitch.fleet.redis.codec import answer_text, understood
from exoswitch.fleet.trunks.breaker import Breaker
from exoswitch.fleet.trunks.pace import Pace
from exoswitch.fleet.trunks.record import TrunkRecord
from exoswitch.fleet.trunks.registry import Candidate, Taken
from exoswitch.fleet.trunks.status import DialResult
from exoswitch.fleet.trunks.window import AnswerRatio, Window, counts_of


@frozen(kw_only=True)
class TrunksView:
    """All that Redis knows of trunks; `gateways` are the times in us when their counts lapse, and their calls."""

    now_us: int
    records: dict[str, TrunkRecord]
    gateways: dict[str, tuple[int, Counter[str]]]


# --- What scripts are asked ----------------------------------------------------------------------------------------


def candidate_words(candidates: Sequence[Candidate]) -> list[str | int]:
    """Write the candidates for trunks_take.lua."""
    return [word for one in candidates for word in (one.trunk, one.channels, one.spacing_us)]


def counts_word(counts: Mapping[str, int]) -> str:
    """Write numbers by name."""
    return json.dumps(counts)


def report_words(result: DialResult, dial: int) -> list[str | int]:
    """Write the result of a dial for trunks_report.lua."""
    health = result.health.value if result.health else ""
    return [health, dial, int(result.answered), counts_word(counts_of(result))]


# --- What scripts answer -------------------------------------------------------------------------------------------


@understood
def read_taken(words: Sequence[str], candidates: Sequence[Candidate]) -> tuple[Taken, int] | None:
    """Read 'taken PLACE WAIT DIAL PROBE NOW', or 'full'."""
    match words:
        case ["taken", place, wait, dial, probe, now]:
            trunk = candidates[int(place)].trunk
            return Taken(trunk=trunk, wait_us=int(wait), dial=int(dial), is_probe=probe == "1"), int(now)
        case ["full"]:
            return None
    raise ValueError(words)


@understood
def read_turn(words: Sequence[str]) -> tuple[int, int] | None:
    """Read 'taken WAIT NOW', or 'full'."""
    match words:
        case ["taken", wait, now]:
            return int(wait), int(now)
        case ["full"]:
            return None
    raise ValueError(words)


@understood
def read_trunks(answer: str | bytes) -> TrunksView:
    """Read the JSON list of trunks_renew.lua."""
    now, records, turns, gateways = json.loads(answer_text(answer))
    turn = {trunk: _turn(its) for trunk, its in _pairs(turns)}
    known = {trunk: json.loads(text) for trunk, text in _pairs(records)}
    return TrunksView(
        now_us=int(now),
        records={trunk: _record(known.get(trunk, {}), turn.get(trunk, (0, 0))) for trunk in {**known, **turn}},
        gateways={name: _gateway(json.loads(text)) for name, text in _pairs(gateways)},
    )


def _gateway(told: Any) -> tuple[int, Counter[str]]:
    return 1000 * int(told["expires_ms"]), _counts(told["calls"])


def _turn(text: str) -> tuple[int, int]:
    next_turn_us, set_us = text.split()
    return int(next_turn_us), int(set_us)


def _record(told: Any, turn: tuple[int, int]) -> TrunkRecord:
    if not told:
        return TrunkRecord(pace=Pace(*turn))
    breaker, ratio = told["breaker"], told["ratio"]
    return TrunkRecord(
        dials=int(told["dials"]),
        config_ms=int(told["config_ms"]),
        format_ms=int(told["format_ms"]),
        breaker=Breaker(
            why=str(breaker["why"]),
            opened_dial=int(breaker["opened_dial"]),
            next_probe_ms=int(breaker["next_probe_ms"]),
            probe_ms=int(breaker["probe_ms"]),
            faults=[int(dial) for dial in breaker["faults"] or ()],
        ),
        pace=Pace(*turn),
        window=Window({int(number): _counts(counts) for number, counts in (told["window"]["buckets"] or {}).items()}),
        ratio=AnswerRatio(
            since_ms=int(ratio["since_ms"]),
            dialled=int(ratio["dialled"]),
            answered=int(ratio["answered"]),
            long_dialled=int(ratio["long_dialled"]),
            long_answered=int(ratio["long_answered"]),
            is_odd=ratio["is_odd"] is True,
        ),
    )


def _counts(told: Any) -> Counter[str]:
    """Read counts by name; Lua takes an empty list for an empty set of them."""
    return Counter({name: int(count) for name, count in (told or {}).items()})


def _pairs(flat: Any) -> list[tuple[str, str]]:
    """Read names and texts in turn; Lua's JSON writes an empty list as {}."""
    flat = flat or ()
    return list(zip(flat[::2], flat[1::2], strict=True))
