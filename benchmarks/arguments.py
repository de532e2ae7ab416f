"""What a benchmark may be asked for on its command line."""

import argparse


def at_least_one(text: str) -> int:
    """Read how many of something there shall be: one at least."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on (it is {text!r})")
    return int(text)


def duration_s(text: str) -> float:
    """Read for how long something shall last: a second at least."""
    try:
        wanted = float(text)
    except ValueError:
        wanted = 0.0
    if not 1.0 <= wanted <= 3600.0:
        raise argparse.ArgumentTypeError(f"must be seconds, from 1 to 3600 (it is {text!r})")
    return wanted
