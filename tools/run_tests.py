"""Runs the checks and the tests: `make check` runs the quick parts, `make test` runs all parts.

tox.ini holds the command of each part. tox makes the environments, the later ones while the first parts run; this
program runs the commands with tox's variables, several at a time. The output of a part is kept in .tox/results and
printed whole when the part ends. Parts that mostly wait run side by side. The part that measures delays runs alone,
after all others.
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
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class Outcome:
    """The result of one part; `note` says why the part was not run, or why it ended early."""

    part: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""

    def __str__(self) -> str:
        """Give one line of the closing table."""
        if not (self.passed or self.failed or self.skipped):
            return f"  {self.part:<11} not run: {self.note}"
        counts = f"{self.passed} passed, {self.failed} failed"
        if self.skipped:
            counts += f", {self.skipped} skipped"
        state = "FAILED" if self.failed else "passed" if self.passed else "skipped"
        return f"  {self.part:<11} {state:<7} {counts} in {self.seconds:.0f} s" + (
            f" ({self.note})" if self.note else ""
        )


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


def run_part(part: str, command: Command) -> Outcome:
    """Run one part, and keep its output in its log."""
    began = time.monotonic()
    with (RESULTS / f"{part}.log").open("wb") as log:
        try:
            status = subprocess.run(
                command.words,
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
    return outcome(part, status, time.monotonic() - began)


def outcome(part: str, status: int, seconds: float) -> Outcome:
    """Join a command's exit status with pytest's counts, if the part has any."""
    counts = RESULTS / f"{part}.xml"
    ended = f"ended with status {status}" if status else ""
    if not counts.exists():
        return Outcome(part, passed=int(not status), failed=int(bool(status)), seconds=seconds, note=ended)
    suite = ET.parse(counts).getroot()[0]
    failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    skipped = int(suite.attrib["skipped"])
    passed = int(suite.attrib["tests"]) - failed - skipped
    if status and not failed:
        return Outcome(part, passed, 1, skipped, seconds, ended)
    reason = suite.find(".//skipped")
    note = reason.attrib.get("message", "") if reason is not None else ""
    return Outcome(part, passed, failed, skipped, seconds, note)


def run_parts(made: "Mapping[str, Future[dict[str, Command]]]") -> Iterator[Outcome]:
    """Run the parts step by step, as soon as their environments are made; print the log of each when it ends."""
    for parts, at_once in STEPS:
        needed = [future for name, future in made.items() if not set(parts).isdisjoint(PARTS[name])]
        ready = {part: command for future in needed for part, command in future.result().items()}
        chosen = [part for part in parts if part in ready]
        if not chosen:
            continue
        print(f"\nRunning {', '.join(chosen)}, {min(at_once, len(chosen))} at a time", flush=True)
        with ThreadPoolExecutor(at_once) as pool:
            for ended in as_completed(pool.submit(run_part, part, ready[part]) for part in chosen):
                result = ended.result()
                print(f"\n{'=' * 30} {result.part}: {shlex.join(ready[result.part].words)}")
                print((RESULTS / f"{result.part}.log").read_text(errors="replace"), end="", flush=True)
                yield result


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
    passed, failed, skipped = (sum(getattr(one, field) for one in table) for field in ("passed", "failed", "skipped"))
    print(f"\nmake {target} took {time.monotonic() - began:.0f} s:")
    print("\n".join(map(str, table)))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
