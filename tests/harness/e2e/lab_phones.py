"""The phones behind the trunk `lab`, played by a scripted carrier: one of them rings until the test answers it."""

import asyncio
from contextlib import ExitStack
from typing import Self

from attrs import define, field

from tests.harness.carrier.behaviours import answers
from tests.harness.carrier.call import Call
from tests.harness.carrier.calling import CallIn
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.audio import assert_hears_tone, tone
from tests.harness.e2e.network import contact_status
from tests.harness.e2e.phone import Phone

HOST = "127.0.0.1"
DBM0 = -10.0
HZ = (700, 1300)  # the voices of the first line and of the second one


@define(eq=False)
class LabPhones:
    """A context manager: calls on the trunk are answered inside it, at once unless a number `rings`.

    All calls of a test are lines of one `phone`.
    """

    asterisk: AsteriskServer
    carrier: Carrier = field(factory=Carrier, init=False)
    trunk: CarrierTrunk = field(init=False)
    phone: Phone = field(init=False)
    _answered: asyncio.Event = field(factory=asyncio.Event, init=False)
    _stack: ExitStack = field(factory=ExitStack, init=False)

    def __enter__(self) -> Self:
        with ExitStack() as started:
            started.enter_context(self.carrier)
            self.trunk = CarrierTrunk("lab", HOST, self.asterisk.trunk_port, self.carrier.records)
            self.carrier.add(self.trunk)
            with self.asterisk.login() as ami:
                ami.ask("PJSIPQualify", Endpoint="lab")
                self.carrier.wait_until(lambda: contact_status(ami, "lab") == "Reachable", "no OPTIONS came")
            self._stack = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        assert self.carrier.errors == []

    def begin(self, phone: Phone) -> None:
        """Begin a test with this phone."""
        self.phone = self.trunk.phone = phone
        self.trunk.numbers.clear()
        self.trunk.calls.clear()
        self._answered = asyncio.Event()

    def call_in(self, number: str, caller: str) -> CallIn:
        """Call a number at Asterisk, and wait for the answer."""
        call = self.carrier.call_in(self.trunk, number, caller, (HOST, self.asterisk.sip_port))
        assert call.status == 200, call.status
        return call

    def hang_up(self, call: Call | CallIn) -> None:
        """Hang up at our side."""
        self.carrier.run(call.hang_up())

    # --- a phone that waits for the test

    def let_ring(self, number: str) -> None:
        """Let a number ring until `answer`."""
        self.trunk.numbers[number[-10:]] = self._ring

    def answer(self) -> None:
        """Answer the phone that rings."""
        self.carrier.run(self._answer())

    async def _ring(self, call: Call) -> None:
        call.trying()
        call.ring()
        await self._answered.wait()
        await answers()(call)

    async def _answer(self) -> None:
        self._answered.set()

    # --- what has happened

    def of(self, number: str) -> Call:
        """Wait until a number is dialled; give its only call."""
        self.carrier.wait_until(lambda: self.calls(number), "it was not dialled")
        (call,) = self.calls(number)
        return call

    def calls(self, number: str) -> list[Call]:
        """Give the calls to a number in this test."""
        return [call for call in list(self.trunk.calls) if call.callee == number[-10:]]

    def wait_until_answered(self, number: str) -> Call:
        """Wait until a number is connected; give its only call."""
        call = self.of(number)
        self.carrier.wait_until(call.acked.is_set, "it was not answered")
        return call

    def assert_hear_each_other(self) -> None:
        """Check that the first two lines hear each other, and nothing else."""
        self.carrier.wait_until(lambda: len(self.phone.lines) == len(HZ), "there are not two lines")
        for line, hz in zip(self.phone.lines, HZ, strict=True):
            self.phone.play_on(line, tone(hz, DBM0, 1.0))
        for number in range(len(HZ)):
            self.assert_hears(number)

    def assert_hears(self, number: int) -> None:
        """Check that one of the two lines hears the other one, and nothing else."""
        line = self.phone.lines[number]
        assert_hears_tone(lambda seconds: self.phone.listen(seconds, line=line), HZ[1 - number], DBM0)
