"""The carrier's end of one trunk: its address, its registrar, its answers to OPTIONS, and the calls that come."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from attrs import define, field

from tests.harness.carrier.behaviours import Behaviour, answers
from tests.harness.carrier.call import Call
from tests.harness.carrier.calling import CallIn
from tests.harness.carrier.digest import Digest
from tests.harness.carrier.message import Message
from tests.harness.carrier.records import Records
from tests.harness.carrier.registrar import Registrar
from tests.harness.carrier.transactions import ClientTransactions, ServerTransactions
from tests.harness.carrier.transports import Address, Link
from tests.harness.e2e.phone import Phone


@define(eq=False)
class CarrierTrunk:
    """One trunk; a test changes its attributes at any time.

    Calls to a number of `numbers` (its last ten digits) have their own behaviour, all others have `behaviour`.
    `digest` is asked of each INVITE, `options` is the status that answers OPTIONS (0: none).
    """

    name: str
    host: str
    port: int
    records: Records
    digest: Digest | None = None
    registrar: Registrar = field(factory=Registrar)
    options: int = 200
    behaviour: Behaviour = field(factory=answers)
    numbers: dict[str, Behaviour] = field(factory=dict)
    phone: Phone | None = None
    media_host: str = field(init=False)
    calls: list[Call] = field(factory=list, init=False)
    errors: list[BaseException] = field(factory=list, init=False)
    server: ServerTransactions = field(init=False)
    client: ClientTransactions = field(init=False)
    _by_call_id: dict[str, Call | CallIn] = field(factory=dict, init=False)
    _behaving: dict[Call, "asyncio.Task[None]"] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.media_host = self.host
        self.server, self.client = ServerTransactions(self._send), ClientTransactions(self._send)

    def receive(self, message: Message, link: Link) -> None:
        """Take any message."""
        self.records.add(self.name, link.name, message, is_incoming=True)
        if not message.is_request:
            self.client.answered(message)
        elif message.method == "ACK":
            self._acknowledged(message, link)
        elif self.server.is_new(message, link):
            self._requested(message, link)

    def _send(self, message: Message, link: Link) -> None:
        self.records.add(self.name, link.name, message, is_incoming=False)
        link.send(message.encode())

    def _acknowledged(self, ack: Message, link: Link) -> None:
        self.server.acknowledged(ack.call_id, ack.cseq)
        if call := self._by_call_id.get(ack.call_id):
            call.received(ack, link)

    def _requested(self, request: Message, link: Link) -> None:
        call = self._by_call_id.get(request.call_id)
        if request.method == "REGISTER":
            self._answer(request, self.registrar.answer(request), link)
        elif request.method == "CANCEL":
            self._cancelled(call if isinstance(call, Call) else None, request, link)
        elif call is not None and ";tag=" in request["To"]:
            call.received(request, link)
        elif request.method == "INVITE":
            self._invited(request, link)
        elif request.method == "OPTIONS":
            self._answer(request, request.response(self.options, "OK", tag="o") if self.options else None, link)
        else:
            self._answer(request, request.response(481, "Call/Transaction Does Not Exist", tag="x"), link)

    def _invited(self, invite: Message, link: Link) -> None:
        if self.digest is not None and (verdict := self.digest.verdict(invite)) != "good":
            header = ("Proxy-Authenticate", self.digest.challenge(stale=verdict == "stale"))
            response = invite.response(407, "Proxy Authentication Required", [header], tag="auth")
            self._answer(invite, response, link)
            return
        call = Call(self, invite, link)
        self._by_call_id[invite.call_id] = call
        self.calls.append(call)
        self._behaving[call] = self.spawn(self._behave(call))

    async def call_in(self, number: str, caller: str, asterisk: Address, link: Link) -> CallIn:
        """Call a number at Asterisk; give the call once it has its final answer."""
        call = CallIn(self, link, number, caller, asterisk)
        self._by_call_id[call.dialog.call_id] = call
        await call.invite()
        return call

    async def _behave(self, call: Call) -> None:
        try:
            await self.numbers.get(call.callee, self.behaviour)(call)
        finally:
            del self._behaving[call]

    def _cancelled(self, call: Call | None, cancel: Message, link: Link) -> None:
        if call is None:
            self._answer(cancel, cancel.response(481, "Call/Transaction Does Not Exist", tag="x"), link)
            return
        self._answer(cancel, cancel.response(200, "OK", tag=call.tag), link)
        if task := self._behaving.get(call):
            task.cancel()
        call.cancel()

    def _answer(self, request: Message, response: Message | None, link: Link) -> None:
        if response is not None:
            self.server.answer(request, response, link)

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run something beside; what it raises is kept in `errors`."""
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            self.errors.append(error)
