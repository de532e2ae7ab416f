"""A bot in its own process. It prints its events as lines of JSON."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

from attrs import define, field

ROOT = Path(__file__).parents[3]
START_TIMEOUT_S = 60.0  # pipecat's first import after its installation compiles it
STOP_TIMEOUT_S = 10.0


@define(eq=False)
class BotProgram:
    """A context manager: the bot listens inside it. Its log is in `folder`."""

    name: str
    folder: Path
    path: str = "/ws"
    events: list[dict[str, Any]] = field(factory=list, init=False)
    _process: "subprocess.Popen[str]" = field(init=False)
    _reader: threading.Thread = field(init=False)
    _listens: threading.Event = field(factory=threading.Event, init=False)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", f"tests.harness.clients.{self.name}_bot"]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._reader = threading.Thread(target=self._read, name=f"{self.name} bot", daemon=True)
        self._reader.start()
        if not self._listens.wait(START_TIMEOUT_S) or not self.events:
            self._stop()
            raise AssertionError(f"the {self.name} bot does not listen\n{self.log()}")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def url(self) -> str:
        """The URL of the bot."""
        return f"ws://127.0.0.1:{self.events[0]['port']}{self.path}"

    def log(self) -> str:
        """The log of the bot."""
        return self._log.read_text(errors="replace")

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.events.append(json.loads(line))
            self._listens.set()
        self._listens.set()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
