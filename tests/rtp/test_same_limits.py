"""The limits of the compiled plane are those of the plane in Python, whose modules are the specification."""

import re
from ast import literal_eval
from importlib import import_module
from math import prod
from pathlib import Path

import pytest

import exoswitch

PYTHON = Path(exoswitch.__file__).parent
NATIVE = Path(__file__).parents[2] / "native"
VALUE = re.compile(r"\b([A-Z][A-Z0-9_]+) = ([0-9][0-9A-Fx.]*(?: \* \w+)*)[ ,;}]")

# A Python module, its limit, the C file, and the name in C if it differs by more than an underscore in front.
TIED = (
    ("audio.concealment", "_FADE_FRAMES", "audio/concealment.c", ""),
    ("audio.frames", "FRAME_BYTES", "audio/frames.h", ""),
    ("audio.frames", "SAMPLE_RATE_HZ", "audio/frames.h", ""),
    ("audio.frames", "FRAME_MS", "audio/frames.h", ""),
    ("audio.frames", "FRAME_SAMPLES", "audio/frames.h", ""),
    ("audio.resample", "REACH_SAMPLES", "audio/resample.h", ""),
    ("audio.resample", "_KAISER_BETA", "audio/resample.c", ""),
    ("audio.resample", "_PIECE_SAMPLES", "audio/resample.c", ""),
    ("audio.resample", "_UNITY_BITS", "audio/filter.h", "FILTER_UNITY_BITS"),
    ("rtp.endpoint", "MAX_DATAGRAM_BYTES", "rtp/packet.h", "RTP_MAX_BYTES"),
    ("rtp.inbound", "_AT_ONCE", "rtp/inbound.c", ""),
    ("rtp.inbound", "_MAX_SURPLUS", "rtp/plane.c", ""),
    ("rtp.inbound", "_SHARE", "rtp/inbound.c", ""),
    ("rtp.jitter", "_LOUD_DROP_FRAMES", "rtp/jitter.c", ""),
    ("rtp.jitter", "_REVIEW_FRAMES", "rtp/jitter.c", ""),
    ("rtp.message_encoder", "_HELD_AT_MOST_MS", "rtp/message_encoder.c", ""),
    ("rtp.plane", "_PAUSE_S", "rtp/plane.c", ""),
    ("rtp.playout", "_MARKS_AT_ONCE", "rtp/playout.h", ""),
    ("rtp.playout", "_MARKS_MAX", "rtp/playout.h", ""),
    ("rtp.reception", "_MAX_DROPOUT", "rtp/reception.c", ""),
    ("rtp.reception", "_MAX_MISORDER", "rtp/reception.c", ""),
    ("rtp.tape", "FRAME_S", "rtp/tape.c", ""),
    ("rtp.tape", "_FRAMES", "rtp/tape.h", "TAPE_FRAMES"),
    ("rtp.tape", "_LATE_S", "rtp/tape.c", ""),
    ("rtp.ticker", "_MAX_TICKS_AT_ONCE", "rtp/ticking.c", ""),
)

FACTS = {"rtp.packet"}  # its numbers are those of RFC 3550


def values_in_c(file):
    """Give the constants of a C file: products of numbers and of the constants before them."""
    values: dict[str, float] = {}
    for name, value in VALUE.findall((NATIVE / file).read_text()):
        factors = value.split(" * ")
        if all(factor in values or factor[0].isdigit() for factor in factors):
            values[name] = prod(values[factor] if factor in values else literal_eval(factor) for factor in factors)
    return values


@pytest.mark.parametrize(("module", "name", "file", "name_in_c"), TIED)
def test_a_limit_is_the_same_in_python_and_in_c(module, name, file, name_in_c):
    ours = getattr(import_module(f"exoswitch.{module}"), name)
    assert values_in_c(file)[name_in_c or name.removeprefix("_")] == ours


def test_every_limit_that_a_c_file_shares_with_the_module_of_its_name_is_tied():
    tied = {(module, name) for module, name, _, _ in TIED}
    for path in sorted(NATIVE.glob("*/*.[ch]")):
        module = f"{path.parent.name}.{path.stem}"
        if module in FACTS or not (PYTHON / f"{module.replace('.', '/')}.py").exists():
            continue
        python = vars(import_module(f"exoswitch.{module}"))
        for name in values_in_c(path.relative_to(NATIVE)):
            for same in {name, f"_{name}"} & python.keys():
                assert (module, same) in tied, f"{path.name} and {module} both have {name}"
