"""Adapter: the programs of a benchmark as child processes; each ends when its standard input does."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from exoswitch.errors import BenchmarkFailed

LARGE_PAGES = "glibc.malloc.hugetlb=1"
"""Memory in pages of 2 MB, as the units for systemd ask for it (glibc's manual, Memory Allocation Tunables)."""

_LOOK_S = 0.1
_END_S = 3.0


class Program:
    """One child: a module of this package, told and asked by lines of JSON."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._child = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", f"exoswitch.bench.{module}"],  # -P: a source tree here is not this package
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "GLIBC_TUNABLES": ":".join(filter(None, (os.getenv("GLIBC_TUNABLES"), LARGE_PAGES)))},
        )
        assert self._child.stdin is not None  # noqa: S101 - both are pipes
        assert self._child.stdout is not None  # noqa: S101 - as above
        self._input, self._output = self._child.stdin, self._child.stdout
        self._said = b""

    def tell(self, document: dict[str, Any]) -> None:
        """Send a line.

        Raises:
            BenchmarkFailed: the program has ended.
        """
        try:
            self._input.write(json.dumps(document).encode() + b"\n")
            self._input.flush()
        except OSError:
            raise self._failure("ended") from None

    def hear(self, timeout_s: float, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Wait for a line; call `meanwhile` now and then.

        Raises:
            BenchmarkFailed: the program failed, ended, or said nothing in time.
        """
        until = time.monotonic() + timeout_s
        while b"\n" not in self._said:
            if time.monotonic() > until:
                raise self._failure(f"did not answer within {timeout_s:.0f} s")
            if select.select([self._output], [], [], _LOOK_S)[0]:
                data = os.read(self._output.fileno(), 1 << 20)
                if not data:
                    raise self._failure("ended")
                self._said += data
            meanwhile()
        line, _, self._said = self._said.partition(b"\n")
        document = dict(json.loads(line))
        if "failed" in document:
            raise BenchmarkFailed(f"{self._module}: {document['failed']}")
        return document

    def _failure(self, what: str) -> BenchmarkFailed:
        self._errors.seek(0)
        last = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        return BenchmarkFailed(f"the program {self._module} {what}{': ' if last else ''}{last}")

    @property
    def status(self) -> int | None:
        """The exit status; None before `end`."""
        return self._child.returncode

    def end(self) -> None:
        """End the child; wait until it is gone."""
        for pipe in (self._input, self._output):
            try:
                pipe.close()
            except OSError:
                continue  # it has ended before
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._errors.close()
