"""Adapter: what this process uses: processor time, memory, descriptors."""

import resource
import time
from pathlib import Path
from typing import Any

_SPARE_DESCRIPTORS = 64


def cpu_s() -> float:
    """Give this process's processor time so far, its own and the kernel's for it, of all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def memory_bytes() -> int:
    """Give the memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def descriptors() -> int:
    """Count the open descriptors."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1  # one reads the folder


def allow_descriptors(count: int) -> None:
    """Raise this process's limit of open files, as far as the hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + _SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


class Usage:
    """What the process uses: before it has calls, when a span of time begins, and within that span."""

    def __init__(self) -> None:
        self._memory = memory_bytes()
        self._descriptors = descriptors()
        self._grown = {"memory_bytes": 0, "descriptors": 0}
        self._began = (cpu_s(), time.monotonic())

    def begin(self) -> None:
        """Begin the span."""
        self._grown = {
            "memory_bytes": memory_bytes() - self._memory,
            "descriptors": descriptors() - self._descriptors,
        }
        self._began = (cpu_s(), time.monotonic())

    def figures(self) -> dict[str, Any]:
        """Give the processor time in the span, and what had been added for the calls when it began."""
        cpu, at = self._began
        spent = {"cpu_s": cpu_s() - cpu, "wall_s": time.monotonic() - at}
        return {**spent, "before": {"descriptors": self._descriptors}, "grown": self._grown}
