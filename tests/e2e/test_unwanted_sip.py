"""What a trunk may send beside calls, at a real Asterisk: nothing of it places, moves or takes over a call."""

import random
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.task import deferLater

from exoswitch.call.events import CallArrived, ChannelAnswered, ChannelHungUp, MediaAnnounced
from tests.contract.switch_stage import EXOPHONE, Stage
from tests.e2e.test_switch import RealTelephones
from tests.harness.e2e.raw_invite import SDP

pytestmark = pytest.mark.e2e

REDIRECTED = {23, 0}  # ITU-T Q.850; without HangupRequest, Asterisk 22.10 gives no cause (4 of 42)
ANSWER_S = 15.0
POLL_S = 0.01
ELSEWHERE = "Refer-To: <sip:00882160000000@127.0.0.1>"


@pytest.fixture
def stage(asterisk, ami, sipp, phone, reactor, serve):
    yield serve(Stage(reactor, RealTelephones(asterisk, sipp, phone)))
    ami.wait_until_idle()


@define
class Peer:
    """Somebody at the trunk's address who writes SIP by hand, and reads the answers."""

    reactor: Any
    sip_port: int
    udp: socket.socket = field(factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    call_id: str = field(factory=lambda: f"{random.getrandbits(64):x}")
    tag: str = ""
    cseq: int = 0

    def send(self, method: str, *headers: str, body: str = "") -> None:
        """Send a request, within the call once `tag` is known."""
        self.cseq += method != "ACK"
        me = self.udp.getsockname()[1]
        lines = [
            f"{method} sip:{EXOPHONE}@127.0.0.1:{self.sip_port} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{me};branch=z9hG4bK{random.getrandbits(64):x};rport",
            "From: <sip:123@127.0.0.1>;tag=us",
            f"To: <sip:{EXOPHONE}@127.0.0.1>{self.tag and ';tag='}{self.tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.cseq} {method}",
            f"Contact: <sip:x@127.0.0.1:{me}>",
            *headers,
            f"Content-Length: {len(body)}",
        ]
        self.udp.sendto("\r\n".join([*lines, "", body]).encode(), ("127.0.0.1", self.sip_port))

    async def answers(self, fits: Callable[[str], bool]) -> list[str]:
        """Wait for an answer that fits; give all answers until then."""
        answers: list[str] = []
        deadline = self.reactor.seconds() + ANSWER_S
        while not any(map(fits, answers)):
            assert self.reactor.seconds() < deadline, f"only {answers} came"
            await deferLater(self.reactor, POLL_S)
            with suppress(BlockingIOError):
                while True:
                    answers.append(self.udp.recv(65535).decode())
        return answers

    async def statuses(self, method: str, *headers: str, body: str = "") -> set[str]:
        """Send a request; give the status codes that came for it: an earlier answer may be sent again."""
        self.send(method, *headers, body=body)
        its = f"\r\nCSeq: {self.cseq} {method}\r\n"

        def status_of(message: str) -> str:
            return message.split()[1] if message.startswith("SIP/2.0") and its in message else ""

        return set(map(status_of, await self.answers(lambda message: status_of(message) >= "200"))) - {""}


@pytest.fixture
def peer(asterisk, reactor):
    peer = Peer(reactor, asterisk.sip_port)
    with peer.udp as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.0)
        yield peer


@pytest.mark.parametrize("target", [EXOPHONE, "00882160000000", "s"])
async def test_redirection_ends_the_call_and_places_none(stage, sipp, ami, target):
    sipp.refuse(f"302 Moved Temporarily\n      Contact: <sip:{target}@127.0.0.1>")
    gateway = await stage.gateway()
    await gateway.dial("sid1")
    await gateway.until(lambda: [event for event in gateway.of(ChannelHungUp) if event.channel_id == "sid1"])
    await gateway.settle()
    (cause,) = [event.cause for event in gateway.of(ChannelHungUp) if event.channel_id == "sid1"]
    assert cause in REDIRECTED
    assert not gateway.of(CallArrived)
    assert not gateway.of(ChannelAnswered)
    ami.wait_until_idle()


async def test_requests_outside_a_call_are_refused(peer, ami):
    ami.wait_until_idle()
    for method in ("REGISTER", "MESSAGE", "REFER", "INFO", "UPDATE"):
        assert await peer.statuses(method, ELSEWHERE) == {"501"}
    assert not {
        status for status in await peer.statuses("SUBSCRIBE", "Event: dialog", "Expires: 60") if status < "400"
    }
    assert await peer.statuses("OPTIONS") == {"200"}
    assert not ami.channels()


async def test_caller_can_neither_transfer_a_call_nor_take_one_over(stage, peer, asterisk, ami):
    gateway = await stage.gateway()
    sdp = SDP.decode()
    peer.send("INVITE", "Content-Type: application/sdp", "Replaces: a;to-tag=b;from-tag=c", body=sdp)
    call = await gateway.hear(CallArrived)
    await gateway.bridge(call.channel_id)
    await gateway.hear(MediaAnnounced)
    answers = await peer.answers(lambda each: each.startswith("SIP/2.0 200"))
    answer = next(each for each in answers if each.startswith("SIP/2.0 200"))
    peer.tag = re.search(r"\r\nTo:.*;tag=([^\s;]+)", answer)[1]
    peer.send("ACK")
    known = f"{peer.call_id};to-tag={peer.tag};from-tag=us"
    attended = ELSEWHERE.replace(">", f"?Replaces={known.replace(';', '%3B').replace('=', '%3D')}>")
    for refer in (ELSEWHERE, attended):
        peer.send("REFER", refer)  # Asterisk gives no answer at all, or refuses.
    g722 = sdp.replace("AVP 0", "AVP 9").replace("0 PCMU", "9 G722")
    peer.send("INVITE", "Content-Type: application/sdp", body=g722)
    answers = await peer.answers(lambda each: each.startswith("SIP/2.0 488"))
    assert not [each for each in answers if " REFER\r\n" in each and each.split()[1] < "400"]
    bridged = {channel["Channel"]: channel["Application"] for channel in ami.channels()}
    assert sorted(bridged.values()) == ["AppDial", "Dial"]

    peer.call_id, peer.tag = "another", ""
    peer.send("INVITE", "Content-Type: application/sdp", f"Replaces: {known}", body=sdp)
    await gateway.until(lambda: len(gateway.of(CallArrived)) == 2)  # It is a call of its own.
    await gateway.settle()
    assert bridged.items() <= {channel["Channel"]: channel["Application"] for channel in ami.channels()}.items()
    assert not gateway.of(ChannelHungUp)
    for event in gateway.of(CallArrived):
        gateway.switch.hang_up(event.channel_id, 16)
    await gateway.until(lambda: len(gateway.of(ChannelHungUp)) == 2)
