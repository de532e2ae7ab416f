"""Feeds each fuzz target of tests/security with inputs that atheris makes; `make fuzz` runs this.

    python tools/fuzz.py [--seconds 60] [--seed 1] [--at-once 2] [--keep] [TARGET ...]

A target is a module tests/security/fuzz_TARGET.py with `SEEDS`, some inputs to begin with, and `one_input`, which
raises for a fault. tests/security/corpus/TARGET has the inputs that reach different code; --keep adds new ones.
An input that shows a fault is written to fuzz-faults/: make it a seed, and mend the fault. With --seed the inputs are
the same in every run, as far as the time allows.
Targets run only while no other program wants the processor (SCHED_IDLE), so that tests can run beside them.
"""

import argparse
import hashlib
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[1]
TARGETS = ROOT / "tests" / "security"
CORPUS = TARGETS / "corpus"
FAULTS = ROOT / "fuzz-faults"
KEPT_BYTES = 2000
MAX_BYTES = 70_000  # more than any bound of one message but that of media
# A program that rarely gets the processor must not hold a lock of the disk: a database would wait for it.
MEMORY = Path("/dev/shm")  # noqa: S108 - TemporaryDirectory makes a private folder there
INPUT_S, MEMORY_MB = 30, 2000  # of the processor: other programs may go first for long
STUCK_S = 300  # by the clock
STATISTICS = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+)")


def targets() -> list[str]:
    """Name all targets."""
    return sorted(path.stem.removeprefix("fuzz_") for path in TARGETS.glob("fuzz_*.py"))


def bounded(one_input: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Let an input that takes too much of the processor be a fault."""

    def too_long(_signal: int, _frame: object) -> NoReturn:
        raise TimeoutError(f"one input takes over {INPUT_S} s of the processor")

    def run_one(data: bytes) -> None:
        signal.setitimer(signal.ITIMER_PROF, INPUT_S)
        one_input(data)
        signal.setitimer(signal.ITIMER_PROF, 0)

    signal.signal(signal.SIGPROF, too_long)
    return run_one


def fuzz(target: str, folders: list[str], flags: list[str]) -> None:
    """Run one target in this process, which ends with it; inputs go into the first folder."""
    import atheris  # noqa: PLC0415 - the parent does without it

    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["exoswitch"]):
        module = importlib.import_module(f"tests.security.fuzz_{target}")
    for seed in module.SEEDS:
        (Path(folders[0]) / hashlib.sha1(seed).hexdigest()).write_bytes(seed)  # noqa: S324 - libFuzzer's own names
    limits = {
        "max_len": MAX_BYTES,
        "timeout": STUCK_S,
        "rss_limit_mb": MEMORY_MB,
        "artifact_prefix": f"{FAULTS}/{target}-",
    }
    flags += [f"-{name}={value}" for name, value in limits.items()]
    atheris.Setup([sys.argv[0], *flags, *folders], bounded(module.one_input))
    atheris.Fuzz()


def child(target: str, flags: list[str], *folders: str) -> "subprocess.CompletedProcess[str]":
    """Run libFuzzer on one target in a process of its own, with the kept corpus as its last folder."""
    kept = CORPUS / target
    words = [*(f"--child={flag}" for flag in flags), target, *folders, *([str(kept)] if kept.exists() else [])]
    command = [sys.executable, __file__, *words]
    environ = os.environ | {"PYTHONHASHSEED": "0"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, errors="replace", check=False)


def run(target: str, seconds: int, seed: int, keep: bool) -> bool:
    """Fuzz one target, and print a line; False if it found a fault."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as new:
        ended = child(target, [f"-max_total_time={seconds}", f"-seed={seed}"], new)
        found = STATISTICS.findall(ended.stderr)
        inputs, branches = found[-1] if found else (0, 0)
        if ended.returncode:
            print(f"{target}: a fault after {inputs} inputs; the input is in {FAULTS}\n{ended.stdout}{ended.stderr}")
            return False
        print(f"{target}: {int(inputs):,} inputs in {seconds} s, {branches} branches, no fault", flush=True)
        if keep:
            keep_small(target, new)
    return True


def keep_small(target: str, new: str) -> None:
    """Add the inputs that reached new code to the corpus, if they are small."""
    kept = CORPUS / target
    kept.mkdir(parents=True, exist_ok=True)
    for path in Path(new).iterdir():
        if path.stat().st_size <= KEPT_BYTES:
            shutil.copy(path, kept)


def main() -> int:
    """Run the targets; 1 if any has a fault."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--seed", type=int, default=0, help="the same inputs in every run; 0: others in each")
    options.add_argument("--at-once", type=int, default=2)
    options.add_argument("--keep", action="store_true", help="add inputs that reach new code to the corpus")
    options.add_argument("--child", metavar="FLAG", action="append", help=argparse.SUPPRESS)
    options.add_argument("names", nargs="*", metavar="TARGET")
    chosen = options.parse_args()
    FAULTS.mkdir(exist_ok=True)
    if chosen.child:
        target, *folders = chosen.names
        fuzz(target, folders, chosen.child)
        return 0
    names = chosen.names or targets()
    with ThreadPoolExecutor(chosen.at_once) as pool:
        good = list(pool.map(lambda name: run(name, chosen.seconds, chosen.seed, chosen.keep), names))
    if not any(FAULTS.iterdir()):
        FAULTS.rmdir()
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
