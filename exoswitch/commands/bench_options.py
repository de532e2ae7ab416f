"""Core: the options of `exoswitch bench`."""

import argparse
from argparse import ArgumentTypeError
from pathlib import Path

from exoswitch.commands import values

_CHUNKS_MS = range(20, 201, 20)
_SECONDS = (1.0, 600.0)
DESIGNS = ("plain", "python")
PLANES = ("auto", "compiled", "python")
TICKS = ("auto", "reactor", "thread")
_MOST_SET_UPS = 200.0
_MOST_LIMIT_MS = 1000.0


def numbers_of_calls(text: str) -> list[int]:
    """Read numbers of calls: ``100,400,1000``."""
    return [values.count(part.strip()) for part in text.split(",")]


def designs(text: str) -> list[str]:
    """Read what to compare with: ``plain``, ``python``, or both."""
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        if part not in DESIGNS:
            raise ArgumentTypeError(f"{part!r} is no design: write {' or '.join(DESIGNS)}")
    return parts


def chunks_ms(text: str) -> list[int]:
    """Read lengths of messages: ``20,100``."""
    known = {str(length): length for length in _CHUNKS_MS}
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        if part not in known:
            raise ArgumentTypeError(f"{part!r} is no length of a message: write a multiple of 20 ms, from 20 to 200")
    return [known[part] for part in parts]


def _between(text: str, least: float, most: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise ArgumentTypeError(f"{text!r} is no {what}: write a number from {least:g} to {most:g}")
    return value


def _duration(text: str) -> float:
    return _between(text, *_SECONDS, "duration")


def _set_ups(text: str) -> float:
    return _between(text, 0, _MOST_SET_UPS, "number of calls a second")


def _limit_ms(text: str) -> float:
    return _between(text, 1, _MOST_LIMIT_MS, "delay")


def _percent(text: str) -> float:
    return _between(text, 0, 100, "share")


def add_bench_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to its parser."""
    parser.add_argument(
        "--calls",
        type=numbers_of_calls,
        metavar="N,…",
        help="measure with these numbers of calls only (without it: look for the most for 2 minutes, with each "
        "length of messages and each design, then measure 70 %% of them)",
    )
    parser.add_argument(
        "--chunk-ms", type=chunks_ms, default=[20], metavar="MS,…", help="the length of a media message (20)"
    )
    parser.add_argument(
        "--seconds", type=_duration, default=5.0, help="how long to measure each (5); 3 at most in a search"
    )
    parser.add_argument("--wss", action="store_true", help="bots over TLS 1.3; the floor uses OpenSSL")
    parser.add_argument(
        "--compare",
        type=designs,
        default=[],
        metavar="DESIGN,…",
        help="measure these too: plain (a plain Twisted gateway), python (exoswitch's media plane in Python)",
    )
    _add_plane(parser)
    parser.add_argument(
        "--set-ups",
        type=_set_ups,
        default=0.0,
        metavar="N",
        help="beside the calls, begin and end this many short calls a second (0)",
    )
    _add_limits(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and the machine as JSON")
    parser.add_argument("--plot", type=values.picture, metavar="FILE", help="draw a picture: *.svg or *.png")


def _add_plane(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plane", choices=PLANES, default="auto", help="the media plane (auto)")
    parser.add_argument(
        "--tick", choices=TICKS, default="auto", help="where the media plane ticks, as `rtp: {tick: …}` says (auto)"
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit-ms", type=_limit_ms, default=40.0, metavar="MS", help="the limit of the delay's p99, each way (40)"
    )
    parser.add_argument(
        "--limit-loss", type=_percent, default=0.1, metavar="PERCENT", help="the limit of lost audio (0.1)"
    )
