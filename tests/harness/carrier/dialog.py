"""What both ends of a call share: a dialog (RFC 3261 §12), and the requests within it."""

import secrets
import time

from attrs import define, field

from tests.harness.carrier.message import Headers, Message, uri_of
from tests.harness.carrier.transactions import ClientTransactions
from tests.harness.carrier.transports import Link

BRANCH = "z9hG4bK"


@define
class Dialog:
    """The carrier's side of a dialog: `local` and `remote` are the values of From and To, with their tags."""

    call_id: str
    local: str
    remote: str
    target: str
    contact: str
    via: str
    link: Link
    client: ClientTransactions
    cseq: int = field(default=100)

    async def request(self, method: str, headers: Headers = (), body: bytes = b"") -> Message:
        """Send a request in the dialog; give its final answer; a 2xx of an INVITE is acknowledged."""
        self.cseq += 1
        request = self._compose(method, headers, body)
        response = await self.client.request(request, self.link)
        if method == "INVITE":
            self._become(response)
            self.acknowledge(request, response)
        return response

    def _become(self, response: Message) -> None:
        """Take the other side's tag and address from the answer (§12.1.2)."""
        self.remote = response["To"]
        if response.status < 300 and (contact := response.get("Contact")):
            self.target = uri_of(contact)

    def acknowledge(self, request: Message, response: Message) -> None:
        """Send the ACK: in the INVITE's own transaction, or in a new one for a 2xx (§17.1.1.3, §13.2.2.4)."""
        ack = self._compose("ACK")
        if response.status >= 300:
            ack.headers[0] = ("Via", request["Via"])
        self.client.send(ack, self.link)

    def _compose(self, method: str, headers: Headers = (), body: bytes = b"") -> Message:
        name = self.link.name.upper()
        return Message(
            f"{method} {self.target} SIP/2.0",
            [
                ("Via", f"SIP/2.0/{name} {self.via};branch={BRANCH}{secrets.token_hex(8)};rport"),
                ("Max-Forwards", "70"),
                ("From", self.local),
                ("To", self.remote),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self.cseq} {method}"),
                ("Contact", self.contact),
                *headers,
            ],
            body,
        )


def called(invite: Message, tag: str, contact: str, via: str, link: Link, client: ClientTransactions) -> Dialog:
    """Make the dialog of a call that was received."""
    target = uri_of(invite["Contact"])
    return Dialog(invite.call_id, f"{invite['To']};tag={tag}", invite["From"], target, contact, via, link, client)


def now() -> float:
    """Give the time of records."""
    return time.monotonic()
