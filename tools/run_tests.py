"""Runs the checks and the tests: `make check` runs the quick parts, `make test` runs all parts.

tox.ini holds the command of each part. tox makes the environments, the later ones while the first parts run; this
program runs the commands with tox's variables, several at a time. The output of a part is kept in .tox/results and
printed whole when the part ends. Parts that mostly wait run side by side. The part that measures delays runs alone,
after all others. At the end, failed tests that talk in real time run again, alone; the last lines name them.
"""

import fnmatch
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from test_results import Outcome, closing_words, read_outcome

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / ".tox" / "results"
PARTS = {  # of each environment, in the order of its commands in tox.ini
    "check": ("style", "formatting", "types", "imports", "news", "unit"),
    "test": ("installed", "loopback", "e2e", "fleet", "delays"),
    "fuzz": ("fuzz",),
    "pipecat": ("pipecat",),
}
ENVIRONMENTS = {"check": ("check",), "test": ("check", "test", "fuzz", "pipecat")}  # of each command of make
STEPS = (  # parts that may run at the same time, the longest first, and how many of them
    (("unit", "types", "style", "formatting", "imports", "news"), 2),  # they use a whole core each
    (("loopback", "fuzz", "pipecat", "installed"), 4),  # they wait for much of their time; fuzz takes only idle time
    (("e2e", "fleet"), 2),  # they need a server's answer in time, which the floods of loopback would delay
    (("delays",), 1),  # other parts would change the delays
)
PART_TIMEOUT_S = 600
ON_REAL_TIME = ("installed", "loopback", "e2e", "fleet", "delays", "pipecat")  # a late process can fail their tests
MOST_SECOND_TRIES = 6  # of one part; more failures than this are no accident
MISSABLE = {  # optional environments
    "fuzz": "pip could not install atheris, which needs x86-64 and Python 3.11 to 3.13; the error of pip is above",
    "pipecat": "pip could not install pipecat-ai; the error of pip is above",
}
DEBIAN_PACKAGES = {  # a command, and the package that has it
    "mmdebstrap": "mmdebstrap",
    "sipp": "sip-tester",
    "redis-server": "redis-server",
    "pg_ctlcluster": "postgresql",
    "ip": "iproute2",
    "nft": "nftables",
    "wg": "wireguard-tools",
    "wireguard-go": "wireguard-go",
}


def prepare_machine() -> None:
    """Install the Debian packages and Asterisk for the tests; a test that misses one of them says so itself."""
    print("make test installs, before it runs the parts:")
    print("  into .tox: exoswitch's wheel, and the libraries and tools for its tests, by pip (pipecat-ai: 600 MB)")
    print("  onto this machine: the missing ones of", ", ".join(DEBIAN_PACKAGES.values()))
    print("  into the user's cache folder, as root only: a root file system with Asterisk", flush=True)
    missing = [package for command, package in DEBIAN_PACKAGES.items() if not shutil.which(command)]
    if missing:
        subprocess.run([ROOT / "tools" / "apt-install", *missing], check=False)
    if os.geteuid() == 0:
        subprocess.run([sys.executable, "-m", "tests.harness.e2e.asterisk_root"], cwd=ROOT, check=False)


def tox(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run tox; its messages go to our standard error."""
    return subprocess.run(
        [sys.executable, "-m", "tox", *arguments], cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True
    )


@dataclass(frozen=True)
class Command:
    """The command of one part, and the variables that tox gives it."""

    words: list[str]
    variables: Mapping[str, str]


def begin_to_make(names: tuple[str, ...]) -> "dict[str, Future[dict[str, Command]]]":
    """Begin to make the environments, one after the other; each result has the commands of its parts."""
    keys = ("commands", "env_bin_dir", "pass_env", "set_env")
    settings = json.loads(tox("config", "-e", ",".join(names), "--format", "json", "-k", *keys).stdout)["env"]
    with_one_worker = ThreadPoolExecutor(1)
    made = {name: with_one_worker.submit(make, name, settings[name]) for name in names}
    with_one_worker.shutdown(wait=False)
    return made


def make(name: str, of_tox: Mapping[str, Any]) -> dict[str, Command]:
    """Make one environment, and give the commands of its parts; none if it cannot be made."""
    print(f"Preparing the environment {name}", flush=True)
    made = tox("run", "--notest", "-e", name)
    if made.returncode:
        print(made.stdout, flush=True)
        return {}
    variables = _variables(of_tox)
    texts = zip(PARTS[name], of_tox["commands"], strict=True)
    return {part: Command(shlex.split(text), variables) for part, text in texts}


def _variables(of_tox: Mapping[str, Any]) -> dict[str, str]:
    passed = {
        name: value
        for name, value in os.environ.items()
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in of_tox["pass_env"])
    }
    return {**passed, **of_tox["set_env"], "PATH": f"{of_tox['env_bin_dir']}:{os.environ['PATH']}"}


def run_part(part: str, command: Command, *tests: str) -> Outcome:
    """Run one part, or some tests of it alone; print its output when it ends, and keep it in its log."""
    name = f"{part}-again" if tests else part
    counts = RESULTS / f"{name}.xml"
    alone = ["-n", "0", f"--junitxml={counts}", *tests] if tests else []
    began = time.monotonic()
    with (RESULTS / f"{name}.log").open("wb") as log:
        try:
            status = subprocess.run(
                [*command.words, *alone],
                cwd=ROOT,
                env=dict(command.variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=PART_TIMEOUT_S,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            log.write(b"\nkilled: the part took too long\n")
            status = -9
    told = (RESULTS / f"{name}.log").read_text(errors="replace")
    # One write: another part may end at the same time.
    print(f"\n{'=' * 30} {name}: {shlex.join([*command.words, *alone])}\n{told}", end="", flush=True)
    return read_outcome(part, counts, status, time.monotonic() - began)


def run_parts(made: "Mapping[str, Future[dict[str, Command]]]") -> Iterator[Outcome]:
    """Run the parts step by step, as soon as their environments are made; then give failed tests a second try."""
    results: dict[str, Outcome] = {}
    commands: dict[str, Command] = {}
    for parts, at_once in STEPS:
        needed = [future for name, future in made.items() if not set(parts).isdisjoint(PARTS[name])]
        commands |= {part: command for future in needed for part, command in future.result().items()}
        chosen = [part for part in parts if part in commands]
        if not chosen:
            continue
        print(f"\nRunning {', '.join(chosen)}, {min(at_once, len(chosen))} at a time", flush=True)
        with ThreadPoolExecutor(at_once) as pool:
            ended = as_completed(pool.submit(run_part, part, commands[part]) for part in chosen)
            results |= {future.result().part: future.result() for future in ended}
    for part, result in results.items():
        yield second_try(result, commands[part]) if part in ON_REAL_TIME else result


def second_try(result: Outcome, command: Command) -> Outcome:
    """Run a part's failed tests again, alone: other parts may have kept the processors from them."""
    if not 0 < len(result.failures) <= MOST_SECOND_TRIES:
        return result
    print(f"\nRunning the failed tests of {result.part} again, alone", flush=True)
    return result.after_second_try(run_part(result.part, command, *(test for test, _ in result.failures)))


def missing(environment: str, part: str, chosen: tuple[str, ...]) -> Outcome:
    """Say why a part was not run."""
    if environment not in chosen:
        return Outcome(part, note="make test runs it")
    if environment in MISSABLE:
        return Outcome(part, note=MISSABLE[environment])
    return Outcome(part, failed=1, note=f"tox could not make the environment {environment}")


def main(target: str) -> int:
    """Run the parts of `make TARGET`; 1 if any of them failed."""
    began = time.monotonic()
    # A shell starts background commands with SIGINT ignored, and tests would inherit that; some of them send SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    if target == "test":
        prepare_machine()
    results = {result.part: result for result in run_parts(begin_to_make(ENVIRONMENTS[target]))}
    table = [
        results.get(part) or missing(environment, part, ENVIRONMENTS[target])
        for environment, parts in PARTS.items()
        for part in parts
    ]
    print(f"\nmake {target} took {time.monotonic() - began:.0f} s:")
    print(closing_words(table))
    return 1 if any(outcome.failed for outcome in table) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
