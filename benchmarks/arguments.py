"""Arguments of a benchmark's command line."""

import argparse


def at_least_one(text: str) -> int:
    """Read a count of at least one."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on (it is {text!r})")
    return int(text)


def duration_s(text: str) -> float:
    """Read a duration of at least one second."""
    try:
        wanted = float(text)
    except ValueError:
        wanted = 0.0
    if not 1.0 <= wanted <= 3600.0:
        raise argparse.ArgumentTypeError(f"must be seconds, from 1 to 3600 (it is {text!r})")
    return wanted
