"""SIPp as the telephone network: it speaks SIP as a scenario says, and leaves the audio to a `Phone`.

The scenarios write what happens to SIPp's log, one line each (``QUALIFIED``, ``INVITED number=… host=… port=…``,
``ANSWERED``, ``REFUSED status=…``, ``ENDED by=us|them``); `SippCall` follows that log, and connects the phone as soon
as SIPp knows where Asterisk wants its audio.
"""

import re
import socket
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import define, field, frozen

from tests.harness.e2e.phone import Phone

SCENARIOS = Path(__file__).with_name("scenarios")
HOST = "127.0.0.1"

# A SIPp that was forgotten ends by itself.
LIFETIME_S = 300
WAIT_S = 30.0
POLL_S = 0.005

# What stands in a scenario, and what shall stand there instead.
Texts = tuple[tuple[str, str], ...]

UNTIL_TOLD: Texts = (('<pause variable="talk"/>', '<recv request="INFO"/>'),)

_INFO = """\
INFO sip:phone SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-hang-up
From: <sip:test>;tag=test
To: <sip:phone>
Call-ID: {call_id}
CSeq: 2 INFO
Content-Length: 0

"""

_WORD = re.compile(r"(\w+)=\[?([^\]\s]*)\]?")


@frozen
class Happening:
    """One line of SIPp's log; `at` is when we read it, on the monotonic clock."""

    at: float
    name: str
    details: dict[str, str]


@define
class SippCall:
    """A SIPp that plays one scenario, for one call or for many at once; a context manager.

    `port` is its own SIP port, `asterisk` the one that it calls to; `settings` go to SIPp as they are, and what SIPp
    has no variables for is put in the place of other texts of the scenario.
    """

    scenario: str
    phone: Phone | None
    folder: Path
    port: int = field(kw_only=True)
    asterisk: int = field(kw_only=True)
    settings: tuple[str, ...] = field(default=(), kw_only=True)
    in_place_of: Texts = field(default=(), kw_only=True)
    happenings: list[Happening] = field(factory=list, init=False)
    _process: "subprocess.Popen[bytes]" = field(init=False)
    _follower: threading.Thread = field(init=False)
    _news: threading.Condition = field(factory=threading.Condition, init=False)
    _over: bool = field(default=False, init=False)

    def wait_for(self, name: str, timeout_s: float = WAIT_S, *, count: int = 1) -> Happening:
        """Wait for something to happen, so many times, and give it.

        Raises:
            AssertionError: it did not happen in time; the text tells what did, and what SIPp complains of.
        """

        def search() -> list[Happening]:
            return [happening for happening in self.happenings if happening.name == name]

        with self._news:
            self._news.wait_for(lambda: len(search()) >= count, timeout_s)
            found = search()
        if len(found) < count:
            names = ", ".join(happening.name for happening in self.happenings)
            raise AssertionError(f"no {name} in {timeout_s} s, only: {names or 'nothing'}\n{self.complaints()}")
        return found[count - 1]

    def hang_up(self) -> None:
        """Have the phones that have begun to answer hang up; they wait for this, see `UNTIL_TOLD`."""
        self.wait_for("ANSWERED")
        calls = [each.details["call"] for each in list(self.happenings) if "call" in each.details]
        self.wait_for("ANSWERED", count=len(calls))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            for call_id in calls:
                udp.sendto(_INFO.format(call_id=call_id).replace("\n", "\r\n").encode(), (HOST, self.port))

    def complaints(self) -> str:
        """Give what SIPp found wrong."""
        path = self.folder / "errors.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        (self.folder / "log").touch()
        scenario = (SCENARIOS / f"{self.scenario}.xml").read_text()
        for text, other in self.in_place_of:
            scenario = scenario.replace(text, other)
        (self.folder / "scenario.xml").write_text(scenario)
        self._process = subprocess.Popen(self._command(), cwd=self.folder, **_QUIET)  # type: ignore[call-overload]
        self._follower = threading.Thread(target=self._follow, name=f"sipp-{self.scenario}", daemon=True)
        self._follower.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._over = True
        self._follower.join()
        self._process.kill()
        self._process.wait()

    def _command(self) -> tuple[str, ...]:
        return (
            *("setpriv", "--pdeathsig=KILL", "sipp", f"{HOST}:{self.asterisk}"),
            *("-sf", "scenario.xml", "-i", HOST, "-p", str(self.port), "-nostdin"),
            *(("-key", "phone_port", str(self.phone.port)) if self.phone else ()),
            *("-trace_logs", "-log_file", "log", "-trace_err", "-error_file", "errors.log"),
            *("-timeout", str(LIFETIME_S), *self.settings),
        )

    def _follow(self) -> None:
        """Read the log as it grows."""
        unfinished = ""
        with (self.folder / "log").open() as log:
            while not self._over:
                unfinished += log.read()
                *lines, unfinished = unfinished.split("\n")
                for line in lines:
                    self._happened(line)
                time.sleep(POLL_S)

    def _happened(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        details = dict(_WORD.findall(rest))
        if "port" in details and self.phone is not None:
            self.phone.connect(details["host"], int(details["port"]))
        with self._news:
            self.happenings.append(Happening(time.monotonic(), name, details))
            self._news.notify_all()


_QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
