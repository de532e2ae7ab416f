"""Runs every check and every test there is, and ends with what passed, what failed, and what was not run and why.

This is `make test`. The parts are the commands of tox.ini's three environments; the real Asterisk that one of them
needs is built first, once a machine, in a cache folder outside this tree.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / ".tox" / "results"
PARTS = {  # of each environment, in the order of its commands in tox.ini
    "check": ("style", "formatting", "types", "imports", "news"),
    "test": ("installed", "unit", "loopback", "e2e", "fleet"),
    "pipecat": ("pipecat",),
}
MISSABLE = {"pipecat": "pip could not install pipecat-ai; what it said is above"}  # environments we can do without
DEBIAN_PACKAGES = {  # a command, and the package that has it
    "mmdebstrap": "mmdebstrap",
    "sipp": "sip-tester",
    "redis-server": "redis-server",
    "pg_ctlcluster": "postgresql",
    "ip": "iproute2",
}


@dataclass(frozen=True)
class Outcome:
    """What became of one part; `note` says why where it was not run, or not to its end."""

    part: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""

    def __str__(self) -> str:
        """Give one line of the closing table."""
        counts = f"{self.passed} passed, {self.failed} failed"
        if self.skipped:
            counts += f", {self.skipped} skipped"
        if not (self.passed or self.failed):
            return f"  {self.part:<11} not run: {self.note}"
        state = "FAILED" if self.failed else "passed"
        return f"  {self.part:<11} {state}  {counts} in {self.seconds:.0f} s" + (
            f" ({self.note})" if self.note else ""
        )


def prepare_asterisk() -> None:
    """Get ready what the tests with a real Asterisk need; where that fails, they say themselves what is missing."""
    missing = [package for command, package in DEBIAN_PACKAGES.items() if not shutil.which(command)]
    if missing:
        subprocess.run([ROOT / "tools" / "apt-install", *missing], check=False)
    if os.geteuid() == 0:
        subprocess.run([sys.executable, "-m", "tests.harness.e2e.asterisk_root"], cwd=ROOT, check=False)


def run_tox() -> dict[str, Any]:
    """Run all environments and give tox's own report of each."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    report = RESULTS / "tox.json"
    command = [sys.executable, "-m", "tox", "run", "-e", ",".join(PARTS), "--result-json", str(report)]
    subprocess.run(command, cwd=ROOT, check=False)
    environments: dict[str, Any] = json.loads(report.read_text())["testenvs"] if report.exists() else {}
    return environments


def outcomes(environments: dict[str, Any]) -> Iterator[Outcome]:
    """Tell what became of each part."""
    for environment, parts in PARTS.items():
        commands = environments.get(environment, {}).get("test", [])
        for index, part in enumerate(parts):
            if index < len(commands):
                yield outcome(part, int(commands[index]["retcode"]), float(commands[index]["elapsed"]))
            elif environment in MISSABLE:
                yield Outcome(part, note=MISSABLE[environment])
            else:
                yield Outcome(part, failed=1, note=f"tox could not make the environment {environment}")


def outcome(part: str, status: int, seconds: float) -> Outcome:
    """Join a command's exit status with the counts that pytest left, where the part is pytest's."""
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


def main() -> int:
    """Run everything; 1 if any part failed."""
    began = time.monotonic()
    print("make test installs, before it runs", ", ".join(part for parts in PARTS.values() for part in parts) + ":")
    print("  into .tox: exoswitch's wheel, and the libraries and tools for its tests, by pip (pipecat-ai: 600 MB)")
    print("  onto this machine: such Debian packages as are missing of", ", ".join(DEBIAN_PACKAGES.values()))
    print("  into the user's cache folder, as root only: a root file system with Asterisk", flush=True)
    prepare_asterisk()
    results = list(outcomes(run_tox()))
    passed, failed, skipped = (
        sum(getattr(one, field) for one in results) for field in ("passed", "failed", "skipped")
    )
    print(f"\nmake test took {time.monotonic() - began:.0f} s:")
    print("\n".join(map(str, results)))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
