"""A call from the carrier into Asterisk: somebody has dialled a number of ours."""

import secrets

from attrs import define, field

from tests.harness.carrier.dialog import Dialog
from tests.harness.carrier.line import Line
from tests.harness.carrier.message import Message
from tests.harness.carrier.sdp import Sdp
from tests.harness.carrier.transports import Address, Link

NO_PORT = 9
SDP = ("Content-Type", "application/sdp")


@define(eq=False)
class CallIn:
    """One call; `number` and `caller` stand in the INVITE as the carrier writes them, with any parameters."""

    line: Line
    link: Link
    number: str
    caller: str
    asterisk: Address
    status: int = field(default=0, init=False)
    is_over: bool = field(default=False, init=False)
    dialog: Dialog = field(init=False)

    def __attrs_post_init__(self) -> None:
        via = f"{self.line.host}:{self.line.port}"
        target = f"sip:{self.number}@{self.asterisk[0]}:{self.asterisk[1]}"
        local = f"<sip:{self.caller}@{self.line.host}>;tag={secrets.token_hex(4)}"
        contact = f"<sip:{self.line.name}@{via}>"
        call_id = secrets.token_hex(8)
        self.dialog = Dialog(call_id, local, f"<{target}>", target, contact, via, self.link, self.line.client)

    async def invite(self) -> Message:
        """Call; give the final answer."""
        phone = self.line.phone
        offer = Sdp(self.line.media_host, NO_PORT if phone is None else phone.port, ("0", "101"))
        identity = ("P-Asserted-Identity", f"<sip:{self.caller}@{self.line.host}>")
        response = await self.dialog.request("INVITE", [SDP, identity], offer.encode())
        self.status = response.status
        if response.status < 300 and phone is not None and (answer := Sdp.parse(response.body)):
            phone.connect(answer.host, answer.port)
        return response

    async def hang_up(self) -> Message:
        """Send BYE."""
        self.is_over = True
        return await self.dialog.request("BYE")

    def received(self, request: Message, link: Link) -> None:
        """Answer a request within the call."""
        if request.method == "ACK":
            return
        self.is_over = self.is_over or request.method == "BYE"
        self.line.server.answer(request, request.response(200, "OK", [("Contact", self.dialog.contact)]), link)
