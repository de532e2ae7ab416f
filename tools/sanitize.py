"""Runs the tests of the compiled code under AddressSanitizer and UndefinedBehaviorSanitizer.

    python tools/sanitize.py [pytest's arguments]

It compiles a copy of exoswitch into build/sanitized, which stops with a report at an access outside of its memory and
at undefined behaviour. Python itself is not compiled so: the compiler's libraries of the sanitizers are loaded into
it. At the end it reports the memory that nothing points to, if a function of native/ allocated it: Python leaves some
of its own.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "build" / "sanitized"
TESTS = (
    "tests/audio/test_native.py",
    "tests/rtp",
    "tests/contract/test_media_plane.py",
    "tests/contract/test_media_plane_recordings.py",
    "tests/exotel/stream",
    "tests/network",
    "tests/security/test_certificates.py",
    "tests/security/test_tls_faults.py",
)
CHOSEN = (
    "-q",
    "-m",
    "not installed",
    "--deselect",
    "tests/rtp/test_rtp_loopback.py::test_every_frame_of_every_call_returns",
)
"""With real sockets, without the test that measures a loaded machine in real time: this code is slow."""

LIBRARIES = ("libasan.so", "libubsan.so")
LEAK = re.compile(r"(?:Direct|Indirect) leak of .*?\n\n", re.DOTALL)
OURS = re.compile(r" in \w+ \S*native/\S+\.c:")


def build() -> None:
    """Compile the copy."""
    shutil.rmtree(BUILT, ignore_errors=True)
    environ = os.environ | {"EXOSWITCH_SANITIZE": "1", "EXOSWITCH_REQUIRE_COMPILED": "1"}
    places = ["--build-lib", BUILT, "--build-temp", BUILT.parent / "sanitized.o"]
    words = [sys.executable, "setup.py", "-q", "build", *places]
    subprocess.run(words, cwd=ROOT, env=environ, check=True)


def library(name: str) -> str:
    """Find a library of the compiler."""
    compiler = os.environ.get("CC", "cc")
    found = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def leaks(reports: Path) -> list[str]:
    """Give the leaks that a function of native/ allocated."""
    texts = [path.read_text() + "\n\n" for path in sorted(reports.glob("leaks.*"))]
    return [leak for text in texts for leak in LEAK.findall(text) if OURS.search(leak)]


def test(arguments: list[str], log: str) -> int:
    """Run pytest on the copy; give its exit status. Reports go to files that begin with `log`."""
    environ = os.environ | {
        "LD_PRELOAD": " ".join(map(library, LIBRARIES)),
        "ASAN_OPTIONS": f"detect_leaks=1:abort_on_error=1:log_path={log}",
        "LSAN_OPTIONS": "exitcode=0",  # Python's leaks are no failure
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",  # so that each object of Python has memory of its own, and is searched for pointers
        "PYTHONPATH": str(BUILT),
        "EXOSWITCH_SANITIZE": "1",  # for what the tests compile
    }
    words = [sys.executable, "-P", "-m", "pytest", *(arguments or [*CHOSEN, *TESTS])]
    return subprocess.run(words, cwd=ROOT, env=environ, check=False).returncode


def main(arguments: list[str]) -> int:
    """Build, test and look for leaks; give the exit status."""
    build()
    reports = BUILT.parent / "sanitized.reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir()
    status = test(arguments, f"{reports}/leaks")
    found = leaks(reports)
    if status:
        print(*(path.read_text() for path in reports.iterdir()), sep="\n")
    print(*found, f"{len(found)} leaks of native/", sep="\n")
    return status or bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
