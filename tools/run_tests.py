"""Runs every check and every test there is, and ends with what passed, what failed, and what was not run and why.

This is `make test`. Each part is one environment of tox.ini; the real Asterisk that the last one needs is built
first, once a machine, in a cache folder outside this tree.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / ".tox" / "results"
PARTS = ("lint", "types", "arch", "news", "wheel", "unit", "loopback", "e2e")
NEEDS_ASTERISK = "e2e"
DEBIAN_PACKAGES = {"mmdebstrap": "mmdebstrap", "sipp": "sip-tester"}  # command: the package that has it


@dataclass(frozen=True)
class Outcome:
    """What became of one part; `note` says why where it was not run."""

    part: str
    state: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""

    def __str__(self) -> str:
        """Give one line of the closing table."""
        if self.state == "not run":
            return f"{self.part:<10} not run: {self.note}"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        counts = f"{self.passed} passed, {self.failed} failed{skipped}"
        note = f": {self.note}" if self.note else f" in {self.seconds:.0f} s"
        return f"{self.part:<10} {self.state:<8} {counts}{note}"


def announce() -> list[str]:
    """Say what will be installed where; give the Debian packages that are missing."""
    missing = [package for command, package in DEBIAN_PACKAGES.items() if not shutil.which(command)]
    print("make test runs:", ", ".join(PARTS))
    print("  into .tox: exoswitch's wheel, and the tools and libraries that its tests need, by pip")
    if missing and os.geteuid() == 0:
        print(f"  onto this machine: the Debian packages {', '.join(missing)}")
    print(
        "  into the user's cache folder, once: a root file system with Debian's Asterisk (about 340 MB)", flush=True
    )
    return missing


def prepare_asterisk(missing: list[str]) -> Outcome | None:
    """Get ready what the tests with a real Asterisk need; an outcome tells why they cannot run."""
    if os.geteuid() != 0:
        return Outcome(NEEDS_ASTERISK, "not run", note="needs root, for chroot; try sudo make test")
    if missing and subprocess.run([ROOT / "tools" / "apt-install", *missing], check=False).returncode:
        return Outcome(NEEDS_ASTERISK, "failed", failed=1, note=f"{', '.join(missing)} could not be installed")
    if subprocess.run([sys.executable, "-m", "tests.e2e.asterisk_root"], cwd=ROOT, check=False).returncode:
        return Outcome(NEEDS_ASTERISK, "failed", failed=1, note="Asterisk's root file system could not be built")
    return None


def run_tox(parts: list[str]) -> dict[str, Outcome]:
    """Run the parts, one after the other whatever becomes of each."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    report = RESULTS / "tox.json"
    report.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "tox", "run", "-e", ",".join(parts), "--result-json", str(report)]
    subprocess.run(command, cwd=ROOT, check=False)
    environments = json.loads(report.read_text())["testenvs"] if report.exists() else {}
    return {part: outcome(part, environments.get(part, {}).get("result", {})) for part in parts}


def outcome(part: str, result: dict[str, object]) -> Outcome:
    """Join what tox says of a part with the counts that pytest left, where the part is pytest's."""
    good, seconds = bool(result.get("success")), float(str(result.get("duration", 0)))
    counts = RESULTS / f"{part}.xml"
    if not counts.exists():
        return Outcome(part, "passed" if good else "failed", int(good), int(not good), seconds=seconds)
    suite = ET.parse(counts).getroot()[0].attrib
    failed = int(suite["failures"]) + int(suite["errors"])
    skipped = int(suite["skipped"])
    passed = int(suite["tests"]) - failed - skipped
    if not good:
        failed = max(failed, 1)  # pytest itself may have failed, with no test to blame
    return Outcome(part, "passed" if good else "failed", passed, failed, skipped, seconds)


def main() -> int:
    """Run everything; 1 if any part failed."""
    began = time.monotonic()
    obstacle = prepare_asterisk(announce())
    outcomes = run_tox([part for part in PARTS if obstacle is None or part != NEEDS_ASTERISK])
    if obstacle:
        outcomes[NEEDS_ASTERISK] = obstacle
    print()
    for part in PARTS:
        print(outcomes[part])
    print(f"all of it in {time.monotonic() - began:.0f} s\n")
    passed, failed, skipped = (
        sum(getattr(one, field) for one in outcomes.values()) for field in ("passed", "failed", "skipped")
    )
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
