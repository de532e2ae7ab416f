"""Trials of a benchmark, as tests need them."""

from exoswitch.bench.measured import Delays, Measured, Way

SOUND = Way(sent=1000, arrived=1000, delays=Delays(10.0, 18.0, 20.0, 21.0, 22.0))


def trial(kind="exoswitch", **changes):
    """Give a trial of 100 calls at a tenth of a core, with sound audio."""
    figures = {
        "kind": kind,
        "calls": 100,
        "chunk_ms": 20,
        "seconds": 5.0,
        "cpu": 0.1,
        "to_bot": SOUND,
        "to_phone": SOUND,
        "carried": 1.0,
        "memory_kb": 60.0,
        "descriptors": 9,
        "descriptors_call": 2.0,
        "load_cpu": 0.1,
        "load_late": Delays(),
        "counts": {},
    }
    return Measured(**{**figures, **changes})
