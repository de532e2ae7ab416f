"""A call that Asterisk dials on a trunk of the carrier, as its behaviour sees it."""

import asyncio
import secrets

from attrs import define, field

from tests.harness.carrier.dialog import Dialog, called, now
from tests.harness.carrier.line import Line
from tests.harness.carrier.message import Headers, Message, user_of
from tests.harness.carrier.records import Cdr, Ring
from tests.harness.carrier.sdp import Sdp
from tests.harness.carrier.secure_phone import SecurePhone
from tests.harness.carrier.transports import Link
from tests.harness.e2e.phone import PCMU

NO_PORT = 9  # discard (RFC 863): nobody listens to calls without a phone
SDP = ("Content-Type", "application/sdp")
ALLOW = ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE")


@define(eq=False)
class Call:
    """One incoming call. All methods are of the carrier's own thread; any thread may read.

    `number` is the dialled number as it stands in the Request-URI, `callee` its last ten digits.
    """

    line: Line
    invite: Message
    link: Link
    at: float = field(factory=now, init=False)
    status: int = field(default=0, init=False)
    has_rung: bool = field(default=False, init=False)
    cancelled_at: float | None = field(default=None, init=False)
    answered_at: float | None = field(default=None, init=False)
    ended_at: float | None = field(default=None, init=False)
    acked: asyncio.Event = field(factory=asyncio.Event, init=False)
    dialog: Dialog = field(init=False)
    media: Sdp | None = field(default=None, init=False)
    tag: str = field(factory=lambda: secrets.token_hex(4), init=False)

    def __attrs_post_init__(self) -> None:
        self.dialog = self._dialog()

    @property
    def number(self) -> str:
        """The number as it was dialled."""
        return user_of(self.invite.uri)

    @property
    def callee(self) -> str:
        """Its last ten digits."""
        return self.number[-10:]

    @property
    def offer(self) -> Sdp | None:
        """The audio that Asterisk offers."""
        return Sdp.parse(self.invite.body)

    def _dialog(self) -> Dialog:
        via = f"{self.line.host}:{self.line.port}"
        transport = "" if self.link.name == "udp" else f";transport={self.link.name}"
        contact = f"<sip:{self.number}@{via}{transport}>"
        return called(self.invite, self.tag, contact, via, self.link, self.line.client)

    # --- answers

    def trying(self) -> None:
        """Send 100."""
        self._respond(100, "Trying")

    def ring(self) -> None:
        """Send 180: the phone rings."""
        self._rings()
        self._respond(180, "Ringing", [("Contact", self.dialog.contact)])

    def announce(self, *headers: tuple[str, str]) -> None:
        """Send 183 with SDP: tones or an announcement before the answer."""
        self._rings()
        self._respond(183, "Session Progress", [("Contact", self.dialog.contact), SDP, *headers], self._answer())

    def refuse(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        """End the call before its answer."""
        self._respond(status, reason, headers)

    def answer(self, *headers: tuple[str, str], contact: str | None = None, record_route: str | None = None) -> None:
        """Send 200 with SDP. `contact` and `record_route` replace ours in this answer."""
        route = [] if record_route is None else [("Record-Route", record_route)]
        more = [*route, ("Contact", contact or self.dialog.contact), ALLOW, SDP, *headers]
        body = self._answer()
        self.answered_at = now()
        self._respond(200, "OK", more, body)

    def _answer(self) -> bytes:
        """Give our side of the audio, and connect the phone to the other side."""
        offer, phone = self.offer, self.line.phone
        if offer is None:
            return b""
        if self.media is None:
            port = NO_PORT if phone is None else phone.port
            self.media = offer.answer(self.line.media_host, port, wanted="" if phone is None else str(PCMU))
            if isinstance(phone, SecurePhone):
                phone.secure(sends=self.media.key, receives=offer.key)
            if phone is not None:
                phone.connect(offer.host, offer.port)
        return self.media.encode()

    def _respond(self, status: int, reason: str, headers: Headers = (), body: bytes = b"") -> None:
        if self.status >= 200:
            return
        self.status = status
        tag = "" if status == 100 else self.tag
        self.line.server.answer(self.invite, self.invite.response(status, reason, headers, body, tag=tag), self.link)

    def _rings(self) -> None:
        if not self.has_rung:
            self.has_rung = True
            self.line.records.rings.append(Ring(now(), self.callee, self.invite.call_id))

    # --- during the call

    async def reinvite(self) -> Message:
        """Offer the same audio again by a re-INVITE."""
        return await self.dialog.request("INVITE", [SDP, ALLOW], self._answer())

    async def update(self, *headers: tuple[str, str]) -> Message:
        """Refresh the session by UPDATE (RFC 3311, RFC 4028)."""
        return await self.dialog.request("UPDATE", headers)

    async def hang_up(self, *headers: tuple[str, str]) -> Message:
        """Send BYE."""
        self.end(by_us=True)
        return await self.dialog.request("BYE", headers)

    def end(self, *, by_us: bool = False) -> None:
        """Write the call detail record."""
        if self.answered_at is None or self.ended_at is not None:
            return
        self.ended_at = now()
        record = Cdr(self.line.name, self.number, self.invite.call_id, self.answered_at, self.ended_at, by_us)
        self.line.records.cdrs.append(record)

    def cancel(self) -> None:
        """Take Asterisk's CANCEL."""
        self.cancelled_at = now()
        self._respond(487, "Request Terminated")

    def received(self, request: Message, link: Link) -> None:
        """Answer a request within the call."""
        if request.method == "ACK":
            self.acked.set()
            return
        if request.method == "BYE":
            self.end()
        body = self._answer() if request.body and request.method in {"INVITE", "UPDATE"} else b""
        headers = [("Contact", self.dialog.contact), *([SDP] if body else [])]
        self.line.server.answer(request, request.response(200, "OK", headers, body), link)
