"""The telephone network around Asterisk: phones behind the trunk, which answer calls and call in."""

import time
from contextlib import ExitStack
from pathlib import Path

from attrs import define, field

from tests.harness.e2e.ami import Ami
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.phone import Phone
from tests.harness.e2e.ports import free_port
from tests.harness.e2e.sipp import UNTIL_TOLD, SippCall, Texts

CALLER = "+919812345678"
BUSY = "486 Busy Here"
WHEN_TOLD = float("inf")  # a phone hangs up by `SippCall.hang_up`
QUALIFIED_IN_S = 20.0
POLL_S = 0.005


@define
class Network:
    """The phones that a test sets up on the far side of the trunk `lab`; all of them end with the test.

    An answer, a refusal or a ringing phone holds for every call until the end of the test.
    """

    asterisk: AsteriskServer
    ami: Ami
    folder: Path
    stack: ExitStack
    _count: int = field(default=0, init=False)

    def come_back(self, phone: Phone) -> SippCall:
        """Answer calls with this phone; Asterisk has not noticed yet that the trunk is back."""
        started = self._started("answer", phone, self.asterisk.trunk_port, ("-set", "ring_ms", "0"))
        self._await_bound()
        return started

    def answer(
        self, phone: Phone, *, ring_s: float = 0.0, hang_up_after_s: float | None = None, in_place_of: Texts = ()
    ) -> SippCall:
        """Answer calls with this phone, which hangs up after `hang_up_after_s`, or WHEN_TOLD, or never."""
        settings = ("-set", "ring_ms", _ms(ring_s))
        if hang_up_after_s is None:
            return self._listening("answer", phone, *settings, in_place_of=in_place_of)
        talk, texts = _talk(hang_up_after_s)
        return self._listening("answer_then_hang_up", phone, *settings, *talk, in_place_of=(*in_place_of, *texts))

    def refuse(self, status: str = BUSY) -> SippCall:
        """Have calls refused with this SIP status."""
        return self._listening("refuse", None, in_place_of=((BUSY, status),))

    def ring(self) -> SippCall:
        """Let a phone ring unanswered until the call is cancelled."""
        return self._listening("ring", None)

    def call(
        self, number: str, phone: Phone, *, caller: str = CALLER, hang_up_after_s: float | None = None
    ) -> SippCall:
        """Call in; the phone hangs up after `hang_up_after_s`, or WHEN_TOLD, or never."""
        scenario = "call" if hang_up_after_s is None else "call_then_hang_up"
        return self._calling(scenario, number, phone, caller, hang_up_after_s)

    def many_calls(self, number: str, phone: Phone, *, count: int, per_s: int) -> SippCall:
        """Call in many times, so many a second; each is a line of this phone."""
        settings = ("-m", str(count), "-l", str(count), "-r", str(per_s), "-s", number, "-key", "caller", CALLER)
        return self._started("call", phone, free_port(), settings)

    def call_and_give_up(self, number: str, phone: Phone, *, after_s: float, caller: str = CALLER) -> SippCall:
        """Call in, and cancel the call if it is not answered after `after_s`."""
        return self._calling("call_then_cancel", number, phone, caller, after_s)

    def _calling(self, scenario: str, number: str, phone: Phone, caller: str, talk_s: float | None) -> SippCall:
        settings = ("-m", "1", "-s", number, "-key", "caller", caller)
        talk, texts = ((), ()) if talk_s is None else _talk(talk_s)
        return self._started(scenario, phone, free_port(), (*settings, *talk), texts)

    def _listening(self, scenario: str, phone: Phone | None, *settings: str, in_place_of: Texts = ()) -> SippCall:
        started = self._started(scenario, phone, self.asterisk.trunk_port, settings, in_place_of)
        self._await_qualified(started)
        return started

    def _started(
        self, scenario: str, phone: Phone | None, port: int, settings: tuple[str, ...], in_place_of: Texts = ()
    ) -> SippCall:
        self._count += 1
        sipp = SippCall(
            scenario,
            phone,
            self.folder / f"sipp-{self._count}",
            port=port,
            asterisk=self.asterisk.sip_port,
            settings=settings,
            in_place_of=in_place_of,
        )
        return self.stack.enter_context(sipp)

    def _await_qualified(self, answering: SippCall) -> None:
        """Let Asterisk check the trunk now: by itself it does so only every hour.

        An OPTIONS without an answer would make the trunk unreachable in one of the next tests.
        """
        give_up_at = self._await_bound()
        self.ami.ask("PJSIPQualify", Endpoint="lab")
        answering.wait_for("QUALIFIED", QUALIFIED_IN_S)
        while contact_status(self.ami, "lab") != "Reachable":
            assert time.monotonic() < give_up_at, "SIPp does not answer OPTIONS"
            time.sleep(POLL_S)

    def _await_bound(self) -> float:
        """Wait until SIPp listens; give the time at which to give up."""
        give_up_at = time.monotonic() + QUALIFIED_IN_S
        while not _is_bound(self.asterisk.trunk_port):
            assert time.monotonic() < give_up_at, "SIPp did not start"
            time.sleep(POLL_S)
        return give_up_at


def contact_status(ami: Ami, trunk: str) -> str:
    """Ask Asterisk whether a trunk answers: Reachable, Unreachable, or NonQualified before it has looked."""
    details = ami.ask_list("PJSIPShowEndpoint", "EndpointDetailComplete", Endpoint=trunk)
    return next(detail["Status"] for detail in details if detail["Event"] == "ContactStatusDetail")


def _is_bound(port: int) -> bool:
    """Whether a UDP port is in use. Reads /proc, so that the port is never bound."""
    return f":{port:04X} " in Path("/proc/net/udp").read_text()


def _talk(seconds: float) -> tuple[tuple[str, ...], Texts]:
    """Give the settings and the texts of a scenario for the length of a talk."""
    if seconds == WHEN_TOLD:
        return ("-set", "talk_ms", "0"), UNTIL_TOLD
    return ("-set", "talk_ms", _ms(seconds)), ()


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))
